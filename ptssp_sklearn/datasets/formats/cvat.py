"""CVAT for images 1.1: one XML file with boxes, polygons, masks and ellipses."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from ptssp_sklearn.datasets._draft import Draft, declared_size, split_name
from ptssp_sklearn.datasets._files import Folder
from ptssp_sklearn.datasets._rasters import encode_runs
from ptssp_sklearn.datasets._remarks import LeftOut
from ptssp_sklearn.datasets.dataset import LabelledDataset
from ptssp_sklearn.datasets.formats.image_finder import ImageFinder, split_of
from ptssp_sklearn.datasets.formats.xml_files import xml_elements
from ptssp_sklearn.exceptions import DatasetError

_CORNERS = 32
"""Corners of the polygon that an ellipse is taken for."""
_SHAPES = {"polyline", "points", "cuboid", "skeleton"}


def read_cvat(folder: Folder, source: Path, names: list[str]) -> LabelledDataset:
    """Read CVAT's XML files; parameters as `read_pascal_voc`.

    Raises
    ------
    DatasetError
        If a file is no XML, or holds the tracks of a video; names file and line.
    """
    draft = Draft(folder, source, "CVAT for images")
    files: list[str] = []
    draft.place = lambda image, place: f"{files[image]}, shape {place} of {draft.paths[image]}"
    for name in names:
        finder = ImageFinder(draft, name, split_of(name))
        for element in xml_elements(folder.path(name), frozenset({"label", "image", "track"})):
            if element.tag == "label" and element.findtext("name"):
                draft.label(element.findtext("name").strip())
            elif element.tag == "track":
                raise DatasetError(
                    f"Got '{folder.path(name)}', tracks of a video. Export 'CVAT for images'."
                )
            elif element.tag == "image":
                _add_image(draft, element, name, finder, files)
    return draft.finish()


def _add_image(
    draft: Draft, element: Any, name: str, finder: ImageFinder, files: list[str]
) -> None:
    written = element.get("name", "")
    declared = declared_size(element.get("height"), element.get("width"))
    split = split_name(element.get("subset") or "") or split_of(name)
    path = finder.find(written)
    number = -1 if path is None else draft.add_image(path, split, declared)
    if number != len(files):
        return
    files.append(name)
    for place, shape in enumerate(element, start=1):
        try:
            _add_shape(draft, shape, number, place)
        except (ValueError, TypeError, LeftOut) as error:
            draft.refuse(error, draft.place(number, place), "its coordinates are no numbers")


def _add_shape(draft: Draft, shape: Any, image: int, place: int) -> None:
    if shape.tag in _SHAPES:
        raise LeftOut(f"a {shape.tag} has no area")
    if shape.tag not in ("box", "polygon", "mask", "ellipse"):
        return
    label = draft.label(shape.get("label", ""))
    if shape.tag == "mask":
        height, width = draft.shape(image)
        runs = encode_runs(_mask(shape, (height, width)))
        draft.objects.add_runs(image, label, place, runs, height)
    elif shape.tag == "box" and not float(shape.get("rotation") or 0):
        box = [float(shape.get(key)) for key in ("xtl", "ytl", "xbr", "ybr")]
        draft.objects.add_box(image, label, place, box)
    else:
        draft.objects.add_polygon(image, label, place, [_outline(shape)])


def _outline(shape: Any) -> list[float]:
    """Give polygon, turned box or ellipse as x, y, x, y, …."""
    if shape.tag == "polygon":
        pairs = [pair.split(",") for pair in shape.get("points", "").split(";") if pair.strip()]
        if len(pairs) < 3:
            raise LeftOut("its polygon has fewer than three points")
        return [float(value) for x, y in pairs for value in (x, y)]
    if shape.tag == "ellipse":
        x, y, rx, ry = (float(shape.get(key)) for key in ("cx", "cy", "rx", "ry"))
        turns = [2 * math.pi * k / _CORNERS for k in range(_CORNERS)]
        corners = [(rx * math.cos(t), ry * math.sin(t)) for t in turns]
    else:
        left, top, right, bottom = (float(shape.get(k)) for k in ("xtl", "ytl", "xbr", "ybr"))
        x, y, w, h = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
        corners = [(-w, -h), (w, -h), (w, h), (-w, h)]
    angle = math.radians(float(shape.get("rotation") or 0))
    cos, sin = math.cos(angle), math.sin(angle)
    return [v for a, b in corners for v in (x + a * cos - b * sin, y + a * sin + b * cos)]


def _mask(shape: Any, size: tuple[int, int]) -> np.ndarray:
    """Draw a mask: run lengths along the rows of its own box, background first."""
    left, top, width, height = (
        int(float(shape.get(k))) for k in ("left", "top", "width", "height")
    )
    counts = np.array([int(count) for count in shape.get("rle", "").split(",")])
    if (counts < 0).any() or counts.sum() != width * height or min(left, top) < 0:
        raise LeftOut("its run lengths do not add up to its size")
    if left + width > size[1] or top + height > size[0]:
        raise LeftOut("its mask lies beyond its image")
    drawn = np.zeros(size, dtype=bool)
    inner = np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(height, width)
    drawn[top : top + height, left : left + width] = inner
    return drawn
