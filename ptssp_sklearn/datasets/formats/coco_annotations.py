"""COCO's annotations, taken one by one while the JSON is parsed, so that they never pile up."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ptssp_sklearn.datasets._draft import Draft
from ptssp_sklearn.datasets._rasters import parse_runs
from ptssp_sklearn.datasets._remarks import LeftOut

_FOREVER = 2**62


def known_id(value: Any) -> tuple[str, int]:
    """Give an id a form in which 1, 1.0 and "1" are the same; sorts by number."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    return text, int(text) if text.isdecimal() else _FOREVER


class AnnotationReader:
    """Takes annotations out of COCO files while they are parsed.

    Images and categories are numbered as their ids are met, file by file.

    Attributes
    ----------
    files : list of int
        The file of each image number.
    classes : list of str
        The id of each category number.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self.files: list[int] = []
        self.classes: list[str] = []
        self._images: dict[str, int] = {}
        self._labels: dict[str, int] = {}
        self._file = self._read = 0
        self._sizes = array("q")

    def begin(self, file: int) -> Callable[[dict[str, Any]], Any]:
        """Begin a file; give the hook that takes its annotations."""
        self._file, self._read, self._images, self._labels = file, 0, {}, {}
        return self._take

    def image(self, value: Any) -> int:
        """Give the number of an image id."""
        key = known_id(value)[0]
        if key not in self._images:
            self._images[key] = len(self.files)
            self.files.append(self._file)
        return self._images[key]

    def label(self, value: Any) -> int:
        """Give the number of a category id."""
        key = known_id(value)[0]
        if key not in self._labels:
            self._labels[key] = len(self.classes)
            self.classes.append(key)
        return self._labels[key]

    def run_sizes(self) -> Iterator[tuple[int, int, int]]:
        """List object, height and width of the masks that were given as run lengths."""
        values = iter(self._sizes)
        return zip(values, values, values, strict=True)

    def _take(self, found: dict[str, Any]) -> Any:
        if "image_id" not in found or "category_id" not in found:
            return found
        self._read += 1
        number = found.get("id")
        own = isinstance(number, int) and not isinstance(number, bool) and abs(number) < _FOREVER
        place = int(number) if own and number is not None else self._read
        image = self.image(found["image_id"])
        try:
            self._add(image, self.label(found["category_id"]), place, found)
        except (TypeError, ValueError, OverflowError, KeyError, LeftOut) as error:
            where = self._draft.place(image, place)
            self._draft.refuse(error, where, "its outline cannot be understood")
        return None

    def _add(self, image: int, label: int, place: int, found: dict[str, Any]) -> None:
        if found.get("iscrowd") in (1, "1", True):
            raise LeftOut("it is a crowd")
        outline, objects = found.get("segmentation"), self._draft.objects
        if isinstance(outline, dict) and outline:
            runs, (height, width) = _runs(outline)
            self._sizes.extend((len(objects), height, width))
            objects.add_runs(image, label, place, runs, height)
        elif outline and any(part != [] for part in outline):
            objects.add_polygon(image, label, place, _polygons(outline))
        else:
            objects.add_box(image, label, place, _box(found.get("bbox")))


def _box(written: Any) -> tuple[float, float, float, float]:
    if not isinstance(written, list) or len(written) != 4:
        raise LeftOut("it has neither an outline nor a bbox of four numbers")
    left, top, width, height = (float(value) for value in written)
    return left, top, left + width, top + height


def _polygons(outline: Any) -> list[list[float]]:
    """Give the polygons of an outline; one that is written flat counts as one."""
    if not isinstance(outline, list):
        raise LeftOut("its outline is neither polygons nor run lengths")
    parts = outline if isinstance(outline[0], list) else [outline]
    numbers = [[float(value) for value in part] for part in parts if part]
    if any(len(part) % 2 for part in numbers):
        raise LeftOut("its polygon has an x without a y")
    whole = [part for part in numbers if len(part) >= 6]
    if not whole:
        raise LeftOut("its polygon has fewer than three points")
    return whole


def _runs(outline: dict[str, Any]) -> tuple[np.ndarray, tuple[int, int]]:
    """Read run lengths, plain or compressed."""
    counts, (height, width) = outline["counts"], outline["size"]
    if isinstance(counts, str):
        runs = parse_runs(counts.encode("ascii", errors="replace"))
    else:
        runs = np.array(counts, dtype=np.int64)
    if runs.ndim != 1 or (len(runs) and runs.min() < 0):
        raise LeftOut("its run lengths are no list of counts")
    if int(runs.sum(dtype=np.int64)) != height * width:
        raise LeftOut("its run lengths do not add up to its size")
    return runs.astype(np.uint32), (int(height), int(width))
