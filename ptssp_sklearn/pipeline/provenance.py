"""Where numbers come from: the version of the code, the content of a bank, the packages."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ptssp_sklearn._version import __version__


def code_version() -> str:
    """Tell the version of the package, and the commit where it runs from a repository.

    Examples
    --------
    >>> from ptssp_sklearn.pipeline.provenance import code_version
    >>> code_version().startswith("0.")
    True
    """
    commit = git_commit()
    return f"{__version__}+{commit}" if commit else __version__


def git_commit() -> str:
    """Name the commit the package runs from, ``-dirty`` where it is changed; else empty."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def content_hash(X: pd.DataFrame | None, y: pd.DataFrame, groups: Any = None) -> str:
    """Hash what a dataset holds: names, sizes, scores, groups and the pixels of its images.

    Parameters
    ----------
    X : image table, or None
        Paths count by their text, everything else by its content.
    y : curve table
    groups : array-like of shape (n_rows,), optional

    Returns
    -------
    digest : str
        32 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for part in _parts(X, y, groups):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()[:32]


def _parts(X: pd.DataFrame | None, y: pd.DataFrame, groups: Any) -> Iterable[bytes]:
    yield repr([str(name) for name in y.index]).encode()
    yield np.asarray(y.columns, dtype=float).tobytes()
    yield np.ascontiguousarray(y.to_numpy(dtype=float)).tobytes()
    yield repr([str(name) for name in (() if groups is None else groups)]).encode()
    if X is None:
        return
    yield repr(list(X.columns)).encode()
    for cell in X.to_numpy(dtype=object).ravel():
        if hasattr(cell, "__array__"):
            pixels = np.ascontiguousarray(cell)
            yield f"{pixels.shape} {pixels.dtype}".encode()
            yield pixels.tobytes()
        else:
            yield cell if isinstance(cell, bytes) else str(cell).encode()


def pinned_requirements(*extra: str) -> list[str]:
    """Pin this package, what it needs and `extra` packages to the installed versions."""
    needed = [one for one in metadata.requires("ptssp_sklearn") or [] if "extra ==" not in one]
    names = [re.split(r"[^\w.-]", one, maxsplit=1)[0] for one in needed]
    found = {name: metadata.version(name).partition("+")[0] for name in [*names, *extra]}
    return [f"ptssp_sklearn=={__version__}", *(f"{k}=={v}" for k, v in found.items())]
