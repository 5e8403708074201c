"""The objects of all images as a few flat arrays, so that a million of them take little memory."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BOX, POLYGON, RUNS, RASTER = range(4)
"""How an object is outlined: by a box, polygons, run lengths, or an id in a mask file."""

OUTSIDE = "left out: it lies outside its image"
FLAT = "left out: it has no area"
CUT = "reached beyond its image and was cut at the border"
_SHARE = 0.02
"""Share of its area that an object may lose at the border without a word."""


@dataclass(frozen=True)
class Objects:
    """Objects sorted by image.

    Attributes
    ----------
    offsets : ndarray of shape (n_images + 1,)
        Objects offsets[i] to offsets[i + 1] lie in image i.
    labels : ndarray of shape (n_objects,), int32
        Places in the list of class names.
    boxes : ndarray of shape (n_objects, 4), float32
        Left, top, right, bottom, pixels.
    areas : ndarray of shape (n_objects,), float32, pixels
    kinds : ndarray of shape (n_objects,), uint8
    starts, stops : ndarray of shape (n_objects,), int64
        Parts of a polygon; run lengths; the id in the image's mask file is the start.
    ends : ndarray of shape (n_parts + 1,), int64
        Corners ends[p] to ends[p + 1] are those of part p.
    corners : ndarray of shape (n_corners, 2), float32, pixels
    runs : ndarray of shape (n_runs,), uint32
        Lengths down the columns, background first, as COCO counts.
    """

    offsets: NDArray[np.int64]
    labels: NDArray[np.int32]
    boxes: NDArray[np.float32]
    areas: NDArray[np.float32]
    kinds: NDArray[np.uint8]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    ends: NDArray[np.int64]
    corners: NDArray[np.float32]
    runs: NDArray[np.uint32]

    def of(self, image: int) -> slice:
        """Give the objects of an image."""
        return slice(int(self.offsets[image]), int(self.offsets[image + 1]))

    def parts(self, number: int) -> list[NDArray[np.float32]]:
        """Give the polygons of an object."""
        parts = range(int(self.starts[number]), int(self.stops[number]))
        return [self.corners[self.ends[p] : self.ends[p + 1]] for p in parts]


class ObjectBuilder:
    """Collects objects as a reader meets them, in any order of images."""

    def __init__(self) -> None:
        self.images, self.labels, self.kinds = array("q"), array("i"), array("B")
        self.places = array("q")
        self._boxes, self._areas = array("d"), array("d")
        self._starts, self._stops = array("q"), array("q")
        self._ends, self._corners, self._runs = array("q", [0]), array("f"), array("I")

    def __len__(self) -> int:
        return len(self.images)

    def add_box(self, image: int, label: int, place: int, box: Sequence[float]) -> None:
        """Add a box: left, top, right, bottom, pixels."""
        area = (box[2] - box[0]) * (box[3] - box[1])
        self._add(image, label, place, BOX, box, area, (0, 0))

    def add_polygon(
        self, image: int, label: int, place: int, parts: Sequence[Sequence[float]]
    ) -> None:
        """Add an object of one or more polygons, each as x, y, x, y, …, pixels."""
        start = len(self._ends) - 1
        for part in parts:
            self._corners.extend(part)
            self._ends.append(len(self._corners) // 2)
        span = start, len(self._ends) - 1
        left, right = min(min(p[::2]) for p in parts), max(max(p[::2]) for p in parts)
        top, bottom = min(min(p[1::2]) for p in parts), max(max(p[1::2]) for p in parts)
        area = sum(abs(_shoelace(part)) for part in parts)
        self._add(image, label, place, POLYGON, (left, top, right, bottom), area, span)

    def add_runs(
        self, image: int, label: int, place: int, runs: NDArray[np.uint32], height: int
    ) -> None:
        """Add a mask by its run lengths down the columns of an image of that height."""
        start = len(self._runs)
        self._runs.frombytes(np.ascontiguousarray(runs, dtype=np.uint32).tobytes())
        box, area = _box_of_runs(runs, height)
        self._add(image, label, place, RUNS, box, area, (start, len(self._runs)))

    def add_raster(
        self, image: int, label: int, place: int, box: Sequence[float], area: float, value: int
    ) -> None:
        """Add an object that is the pixels of one id in its image's mask file."""
        self._add(image, label, place, RASTER, box, area, (value, value))

    def _add(
        self,
        image: int,
        label: int,
        place: int,
        kind: int,
        box: Sequence[float],
        area: float,
        span: tuple[int, int],
    ) -> None:
        self.images.append(image)
        self.labels.append(label)
        self.places.append(place)
        self.kinds.append(kind)
        self._boxes.extend(box)
        self._areas.append(area)
        self._starts.append(span[0])
        self._stops.append(span[1])

    def relabel(self, labels: Sequence[int]) -> None:
        """Give every object another label: that which stands at the place of its own."""
        self.labels = array("i", [labels[label] for label in self.labels])

    def freeze(
        self, shapes: NDArray[np.int32], images: NDArray[np.int64] | None = None, remark: Any = None
    ) -> Objects:
        """Cut the objects at the borders of their images and sort them by image.

        Parameters
        ----------
        shapes : ndarray of shape (n_images, 2)
            Height and width, pixels.
        images : ndarray, optional
            The image that each image number used so far has become; -1 drops its objects.
        remark : callable of (what, image numbers, places), optional
            Is told what was left out.
        """
        numbers = np.frombuffer(self.images, np.int64) if len(self) else np.zeros(0, np.int64)
        image = numbers if images is None else images[numbers]
        boxes = np.array(self._boxes, np.float64).reshape(-1, 4)
        areas = np.array(self._areas, np.float64)
        kept, cut, boxes, lost = _clip(boxes, areas, image, shapes)
        places = np.array(self.places, np.int64)
        for what, chosen in ((OUTSIDE, lost[0]), (FLAT, lost[1]), (CUT, cut)):
            if remark is not None and chosen.any():
                remark(what, numbers[chosen], places[chosen])
        order = np.flatnonzero(kept)
        order = order[np.argsort(image[order], kind="stable")]
        return Objects(
            offsets=np.searchsorted(image[order], np.arange(len(shapes) + 1)).astype(np.int64),
            labels=np.array(self.labels, np.int32)[order],
            boxes=boxes[order].astype(np.float32),
            areas=areas[order].astype(np.float32),
            kinds=np.array(self.kinds, np.uint8)[order],
            starts=np.array(self._starts, np.int64)[order],
            stops=np.array(self._stops, np.int64)[order],
            ends=np.array(self._ends, np.int64),
            corners=np.array(self._corners, np.float32).reshape(-1, 2),
            runs=np.array(self._runs, np.uint32),
        )


def _clip(
    boxes: NDArray, areas: NDArray, image: NDArray, shapes: NDArray
) -> tuple[NDArray, NDArray, NDArray, tuple[NDArray, NDArray]]:
    """Cut boxes at their images' borders; tell which are kept, cut, outside and flat."""
    there = image >= 0
    size = shapes[np.where(there, image, 0)][:, ::-1] if len(shapes) else np.zeros((len(image), 2))
    finite = np.isfinite(boxes).all(axis=1) & np.isfinite(areas)
    own = np.where(finite[:, None], boxes, 0.0)
    inner = np.clip(own, 0.0, np.tile(size, 2))
    before = (own[:, 2:] - own[:, :2]).prod(axis=1)
    sides = inner[:, 2:] - inner[:, :2]
    flat = there & (~finite | (own[:, 2:] <= own[:, :2]).any(axis=1) | (areas <= 0))
    outside = there & ~flat & (sides <= 0).any(axis=1)
    kept = there & ~flat & ~outside
    after = sides.prod(axis=1)
    cut = kept & (after < (1.0 - _SHARE) * before)
    with np.errstate(divide="ignore", invalid="ignore"):
        areas *= np.where(kept, np.minimum(after / before, 1.0), 1.0)
    return kept, cut, inner, (outside, flat)


def _shoelace(part: Sequence[float]) -> float:
    """Give the area inside a polygon of x, y, x, y, …, with a sign."""
    xs, ys = part[::2], part[1::2]
    last = zip([xs[-1], *xs[:-1]], [ys[-1], *ys[:-1]], xs, ys, strict=True)
    return sum(x0 * y1 - x1 * y0 for x0, y0, x1, y1 in last) / 2


def _box_of_runs(runs: NDArray[np.uint32], height: int) -> tuple[list[float], float]:
    """Give the box and the area of run lengths."""
    ends = np.cumsum(runs, dtype=np.int64)
    first, last = ends[:-1:2], ends[1::2] - 1
    first, last = first[: len(last)], last[: len(first)]
    full = last >= first
    first, last = first[full], last[full]
    if not len(first):
        return [0.0, 0.0, 0.0, 0.0], 0.0
    whole = first // height != last // height
    top = 0 if whole.any() else int((first % height).min())
    bottom = height if whole.any() else int((last % height).max()) + 1
    left, right = int(first.min() // height), int(last.max() // height) + 1
    return [left, top, right, bottom], float((last - first + 1).sum())
