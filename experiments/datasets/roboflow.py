"""Datasets of Roboflow, downloaded as YOLO-seg folders with the reader's own key."""

from __future__ import annotations

import io
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from urllib.parse import quote, quote_plus

FORMAT = "yolov11"
"""Export format: data.yaml, images and polygon label files."""

KEY = "ROBOFLOW_API_KEY"

_SPEC = re.compile(r"([A-Za-z0-9_][\w.-]*)/([A-Za-z0-9_][\w.-]*)/([1-9]\d*)", re.ASCII)


def download(spec: str, folder: str | Path) -> Path:
    """Download one version of a Roboflow dataset, or find it already there.

    Parameters
    ----------
    spec : str
        ``workspace/project/version``, such as ``roboarm/feet-qevah/14``.
    folder : str or Path
        Where the dataset's own folder is put.

    Returns
    -------
    root : Path
        ``folder/workspace-project-version``, for `list_datasets`.

    Raises
    ------
    ValueError
        If the spec is malformed, the environment variable ``ROBOFLOW_API_KEY`` is not
        set, the package roboflow is missing, or the download fails. No message has the key.
    """
    found = _SPEC.fullmatch(spec)
    if found is None:
        raise ValueError(
            f"Got {spec!r}, expected workspace/project/version, such as roboarm/feet-qevah/14."
        )
    root = Path(folder) / "-".join(found.groups())
    if (root / "data.yaml").is_file():
        return root
    if root.exists():
        raise ValueError(f"Got '{root}' without a data.yaml. Remove it to download it anew.")
    key = os.environ.get(KEY, "").strip()
    if not key:
        raise ValueError(f"Downloading {spec} needs a key. Set the environment variable {KEY}.")
    root.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    try:
        _place(_fetch(found.groups(), key, part / "dataset"), part / "dataset", root, spec)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return root


def _place(problem: str, source: Path, root: Path, spec: str) -> None:
    if problem:
        raise ValueError(f"Downloading {spec} failed: {problem}")
    if not (source / "data.yaml").is_file():
        raise ValueError(f"Downloading {spec} gave no data.yaml. Export its version as YOLO.")
    try:
        source.rename(root)
    except OSError:
        if not (root / "data.yaml").is_file():  # else another process was faster
            raise


def _fetch(spec: tuple[str, ...], key: str, target: Path) -> str:
    """Download with the roboflow package; give what went wrong, without the key.

    The text is given, not raised: an exception in flight would hold the one with the key.
    """
    workspace, project, version = spec
    try:
        with _silence():
            from roboflow import Roboflow

            source = Roboflow(api_key=key).workspace(workspace).project(project)
            source.version(int(version)).download(FORMAT, location=str(target), overwrite=True)
    except ModuleNotFoundError as error:
        return f"the package {error.name} is missing: pip install roboflow"
    except (Exception, SystemExit) as error:  # the package raises bare RuntimeErrors and more
        return _scrubbed(error, key)
    return ""


def _scrubbed(error: BaseException, key: str) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    for form in {key, quote(key), quote(key, safe=""), quote_plus(key)}:
        text = text.replace(form, f"<{KEY}>")
    return text[:300]


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the package's prints and the request lines of urllib3, which hold the key, off."""
    logger = logging.getLogger("urllib3.connectionpool")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)
