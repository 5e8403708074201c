"""What a reader found: shared, never changed, by a data set and its parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.datasets._objects import BOX, POLYGON, RASTER, Objects
from ptssp_sklearn.datasets._rasters import decode_runs, draw_box, draw_polygons, trace
from ptssp_sklearn.datasets._remarks import Remarks


class MaskReader(Protocol):
    """Reads the mask file of an image of the store as numbered objects."""

    def ids(self, image: int) -> NDArray[np.int32]: ...


@dataclass(frozen=True)
class Store:
    """What a reader found.

    Attributes
    ----------
    root : Path
        Folder or file that was opened.
    form : str
        Name of the label format.
    class_names : tuple of str
    paths : list of Path
    shapes : ndarray of shape (n_images, 2), int32
        Height and width, pixels, turned as EXIF data says.
    splits : list of tuple of str
        Splits of each image: train, val, test, another name; more than one, or none.
    groups : list of str or None
        Images of one group must not stand on both sides of a split.
    objects : Objects
    remarks : Remarks
    masks : MaskReader, optional
        Where objects are the ids of mask files.
    """

    root: Path
    form: str
    class_names: tuple[str, ...]
    paths: list[Path]
    shapes: NDArray[np.int32]
    splits: list[tuple[str, ...]]
    groups: list[str] | None
    objects: Objects
    remarks: Remarks = field(default_factory=Remarks)
    masks: MaskReader | None = None

    def shape(self, image: int) -> tuple[int, int]:
        """Give height and width of an image, pixels."""
        height, width = self.shapes[image]
        return int(height), int(width)

    def drawn(self, image: int, numbers: NDArray[np.int64]) -> Iterator[Any]:
        """Draw objects of an image one after another, as what an array is indexed by.

        That is a mask, or the rows and columns of a box.
        """
        objects, shape, ids = self.objects, self.shape(image), None
        for number in numbers.tolist():
            kind, start = objects.kinds[number], int(objects.starts[number])
            if kind == BOX:
                yield draw_box(objects.boxes[number].tolist(), shape)
            elif kind == POLYGON:
                yield draw_polygons(objects.parts(number), shape)
            elif kind == RASTER and self.masks is not None:
                ids = self.masks.ids(image) if ids is None else ids
                yield ids == start
            else:
                yield decode_runs(objects.runs[start : objects.stops[number]], shape)

    def masks_of(self, image: int, numbers: NDArray[np.int64]) -> Iterator[NDArray[np.bool_]]:
        """Draw objects of an image one after another, each at the image's size."""
        for place in self.drawn(image, numbers):
            mask = np.zeros(self.shape(image), dtype=bool)
            mask[place] = True
            yield mask

    def outlines(self, image: int, numbers: NDArray[np.int64]) -> list[list[NDArray[np.float32]]]:
        """Give the polygons of objects; those of masks are traced, a box has four corners."""
        objects, found = self.objects, []
        traced = [n for n in numbers.tolist() if objects.kinds[n] not in (BOX, POLYGON)]
        masks = iter(self.masks_of(image, np.array(traced, np.int64)))
        for number in numbers.tolist():
            if objects.kinds[number] == POLYGON:
                found.append(objects.parts(number))
            elif objects.kinds[number] == BOX:
                left, top, right, bottom = objects.boxes[number]
                corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
                found.append([np.array(corners, np.float32)])
            else:
                found.append(trace(next(masks)))
        return found
