"""A labelled data set -> a folder that ultralytics trains on; images are linked, not copied."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.datasets._rasters import join_parts
from ptssp_sklearn.datasets.dataset import LabelledDataset
from ptssp_sklearn.exceptions import DatasetError
from ptssp_sklearn.images import load_image
from ptssp_sklearn.images.name_pairs import suffix

_KNOWN = frozenset({".bmp", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"})
"""What every reader of YOLO folders takes; images of other formats are written as PNG."""


def write_yolo(
    folder: str | Path, parts: Mapping[str, LabelledDataset], *, kind: str | None = None
) -> Path:
    """Write data sets as a YOLO folder.

    Parameters
    ----------
    folder : str or Path
        Is made; must not exist, or be empty.
    parts : mapping of str to LabelledDataset
        What ``train``, ``val`` and other splits hold, all of the same classes.
    kind : {"boxes", "masks"}, optional
        How objects are outlined; by default as masks where none of them is a mere box. A
        box that is to be a mask becomes a polygon of four corners, several parts are
        joined to one polygon by seams.

    Returns
    -------
    path : Path
        The folder's data.yaml.

    Raises
    ------
    DatasetError
        If the folder holds something, the classes differ, or the kind is unknown.

    Notes
    -----
    Images are named by their place and their own name, since names of several folders may
    be alike. They are linked, and copied only where no link can be made.
    """
    folder = Path(folder)
    names = {part.class_names for part in parts.values()}
    if len(names) != 1:
        raise DatasetError(f"Got parts with {len(names)} lists of classes, expected the same one.")
    kinds = {part.kind for part in parts.values()} - {""}
    kind = kind or ("masks" if kinds == {"masks"} else "boxes")
    if kind not in ("boxes", "masks"):
        raise DatasetError(f"Got kind={kind!r}, expected 'boxes' or 'masks'.")
    if folder.exists() and any(folder.iterdir()):
        raise DatasetError(f"Got '{folder}', which is not empty. Name a new folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for split, part in parts.items():
            _write_part(draft, split, part, kind)
        _write_yaml(draft, list(parts), next(iter(names)))
        draft.chmod(0o755)
        os.replace(draft, folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return folder / "data.yaml"


def _write_part(folder: Path, split: str, part: LabelledDataset, kind: str) -> None:
    images, labels = folder / "images" / split, folder / "labels" / split
    images.mkdir(parents=True)
    labels.mkdir(parents=True)
    for index, path in enumerate(part.paths):
        name = f"{index:06d}_{path.stem}"
        if suffix(path.name) in _KNOWN:
            _link(path.resolve(), images / f"{name}{path.suffix.lower()}")
        else:
            _convert(path, images / f"{name}.png")
        lines = _lines(part, index, kind)
        (labels / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))


def _lines(part: LabelledDataset, index: int, kind: str) -> list[str]:
    """Give the label lines of an image, coordinates as fractions in [0, 1]."""
    height, width = part.shapes[index]
    boxes, labels = part.boxes(index) / np.array([width, height] * 2), part.labels(index)
    if kind == "boxes":
        middles, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        rows = list(np.concatenate([middles, sides], axis=1))
    else:
        scale = np.array([width, height])
        rows = [_ring(outline, scale) for outline in part.polygons(index)]
    kept = zip(labels.tolist(), rows, strict=True)
    return [" ".join([str(label), *(f"{v:.6g}" for v in row)]) for label, row in kept]


def _ring(outline: list[NDArray[np.float32]], scale: NDArray[np.integer]) -> NDArray[np.floating]:
    """Give an outline as one polygon x, y, x, y, … of fractions."""
    return np.clip(join_parts(outline) / scale, 0.0, 1.0).ravel()


def _link(path: Path, place: Path) -> None:
    for way in (os.symlink, os.link, shutil.copyfile):
        try:
            way(path, place)
        except OSError:
            continue
        return
    raise DatasetError(f"Got '{path}', which can neither be linked nor copied to '{place.parent}'.")


def _convert(path: Path, place: Path) -> None:
    from PIL import Image

    Image.fromarray(load_image(path)).save(place)


def _write_yaml(folder: Path, splits: list[str], names: tuple[str, ...]) -> None:
    import yaml

    content: dict[str, Any] = {split: f"images/{split}" for split in splits}
    content["names"] = dict(enumerate(names))
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    (folder / "data.yaml").write_text(text, encoding="utf-8")
