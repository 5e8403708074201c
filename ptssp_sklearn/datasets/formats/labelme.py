"""LabelMe: one JSON file of shapes an image."""

from __future__ import annotations

import base64
import io
import math
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from ptssp_sklearn.datasets._draft import Draft, declared_size
from ptssp_sklearn.datasets._files import Folder, natural
from ptssp_sklearn.datasets._rasters import encode_runs
from ptssp_sklearn.datasets._remarks import LeftOut
from ptssp_sklearn.datasets.dataset import LabelledDataset
from ptssp_sklearn.datasets.formats.coco import parse_json
from ptssp_sklearn.datasets.formats.image_finder import ImageFinder, split_of
from ptssp_sklearn.exceptions import DatasetError

_NO_OBJECTS = frozenset({"__ignore__", "_background_", "__background__"})
_CORNERS = 32


def read_labelme(folder: Folder, source: Path, names: list[str]) -> LabelledDataset:
    """Read LabelMe's JSON files; parameters as `read_coco`.

    Shapes of one label and one group id are the parts of one object.

    Raises
    ------
    DatasetError
        If a file is no JSON, or has no list of shapes.
    """
    draft = Draft(folder, source, "LabelMe")
    files: list[str] = []
    draft.place = lambda image, place: f"{files[image]}, shape {place}"
    for name in sorted(names, key=natural):
        content = parse_json(folder.path(name), _without_image)
        if not isinstance(content, dict) or not isinstance(content.get("shapes"), list):
            raise DatasetError(f"Got '{folder.path(name)}', which has no list of `shapes`.")
        split = split_of(f"{PurePosixPath(name).parent}/_")
        finder = ImageFinder(draft, name, split)
        path = finder.find(str(content.get("imagePath") or PurePosixPath(name).stem))
        size = declared_size(content.get("imageHeight"), content.get("imageWidth"))
        number = -1 if path is None else draft.add_image(path, split, size)
        if number == len(files):
            files.append(name)
            _add_shapes(draft, content["shapes"], number)
        elif number >= 0:
            draft.leave_out(f"its image is that of {files[number]}", name, "JSON file")
    return draft.finish()


def _without_image(found: dict[str, Any]) -> dict[str, Any]:
    """Drop the copy of the image that LabelMe keeps in the file."""
    found.pop("imageData", None)
    return found


def _add_shapes(draft: Draft, shapes: list[Any], image: int) -> None:
    grouped: dict[tuple[int, int, str], list[list[float]]] = defaultdict(list)
    places: dict[tuple[int, int, str], int] = {}
    for place, shape in enumerate(shapes, start=1):
        try:
            label = str(shape["label"])
            if label in _NO_OBJECTS:
                continue
            kind = shape.get("shape_type") or "polygon"
            points = [(float(x), float(y)) for x, y in shape["points"]]
            if kind == "rectangle":
                draft.objects.add_box(image, draft.label(label), place, _box(points))
            elif kind == "mask":
                runs = encode_runs(_mask(shape["mask"], points, draft.shape(image)))
                draft.objects.add_runs(
                    image, draft.label(label), place, runs, draft.shape(image)[0]
                )
            else:
                group, outline = shape.get("group_id"), _outline(kind, points)
                number = draft.label(label)
                key = (number, place, "") if group is None else (number, 0, str(group))
                grouped[key].append(outline)
                places.setdefault(key, place)
        except (ValueError, TypeError, KeyError, AttributeError, OSError, LeftOut) as error:
            draft.refuse(error, draft.place(image, place), "it has no label or no points")
    for key, parts in grouped.items():
        draft.objects.add_polygon(image, key[0], places[key], parts)


def _box(points: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    if len(points) not in (2, 4):
        raise LeftOut("its rectangle has neither two nor four points")
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _outline(kind: str, points: list[tuple[float, float]]) -> list[float]:
    """Give a polygon or a circle as x, y, x, y, …."""
    if kind == "circle" and len(points) == 2:
        (x, y), (edge_x, edge_y) = points
        radius = math.hypot(edge_x - x, edge_y - y)
        turns = [2 * math.pi * k / _CORNERS for k in range(_CORNERS)]
        points = [(x + radius * math.cos(t), y + radius * math.sin(t)) for t in turns]
    elif kind not in ("polygon", "rotation"):
        raise LeftOut(f"a {kind} has no area")
    if len(points) < 3:
        raise LeftOut("its polygon has fewer than three points")
    return [value for point in points for value in point]


def _mask(text: str, points: list[tuple[float, float]], size: tuple[int, int]) -> np.ndarray:
    """Draw a mask: a PNG in base64 whose first corner is the first point."""
    with Image.open(io.BytesIO(base64.b64decode(text)), formats=["PNG"]) as image:
        if image.size[0] > size[1] or image.size[1] > size[0]:
            raise LeftOut("its mask is larger than its image")
        inner = np.asarray(image.convert("L")) > 0
    left, top = (round(value) for value in points[0])
    drawn = np.zeros(size, dtype=bool)
    window = drawn[max(top, 0) : top + inner.shape[0], max(left, 0) : left + inner.shape[1]]
    window |= inner[: window.shape[0], : window.shape[1]]
    return drawn
