"""A data set while it is read: images are looked at once, objects collected, trouble counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ptssp_sklearn.datasets._files import Folder, image_shape
from ptssp_sklearn.datasets._objects import ObjectBuilder
from ptssp_sklearn.datasets._remarks import LeftOut, Remarks
from ptssp_sklearn.datasets._store import MaskReader, Store
from ptssp_sklearn.datasets.dataset import LabelledDataset
from ptssp_sklearn.exceptions import DatasetError, ImageError

_AUGMENTED = re.compile(r"^(.+)\.rf\.[0-9A-Za-z]{8,}$")
"""Roboflow names each copy of an image, whole or augmented, NAME.rf.HASH."""
_SPLITS = {
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "training": "train",
    "testing": "test",
}


def split_name(written: str) -> str:
    """Give the usual name of a split: train, val, test, or as it is written."""
    return _SPLITS.get(written.lower(), written.lower())


def declared_size(height: Any, width: Any) -> tuple[int, int] | None:
    """Give the size that labels declare; None where it is missing, zero or no whole numbers."""
    try:
        size = int(str(height).strip()), int(str(width).strip())
    except ValueError:
        return None
    return size if min(size) > 0 else None


class Draft:
    """Images and objects as a reader meets them.

    Parameters
    ----------
    folder : Folder
        Holds the images.
    source : Path
        What was opened, for messages.
    form : str
        Name of the label format.
    names : sequence of str, optional
        Class names, where they are known beforehand.

    Attributes
    ----------
    objects : ObjectBuilder
    remarks : Remarks
    names : list of str
    place : callable of (image number, place) -> str
        Names where an object was read, for messages.
    """

    def __init__(
        self, folder: Folder, source: Path, form: str, names: tuple[str, ...] | list[str] = ()
    ) -> None:
        self.folder, self.source, self.form = folder, source, form
        self.names = list(names)
        self.objects, self.remarks = ObjectBuilder(), Remarks()
        self.place: Callable[[int, int], str] = lambda image, place: self.paths[image]
        self.paths: list[str] = []
        self.masks: MaskReader | None = None
        self._shapes: list[tuple[int, int]] = []
        self._splits: list[tuple[str, ...]] = []
        self._numbers: dict[str, int] = {}
        self._labels: dict[str, int] = {name: i for i, name in enumerate(names)}

    def label(self, name: str) -> int:
        """Give the place of a class name; a new one is added."""
        if name not in self._labels:
            self._labels[name] = len(self.names)
            self.names.append(name)
        return self._labels[name]

    def add_image(self, path: str, split: str = "", declared: tuple[int, int] | None = None) -> int:
        """Add an image and give its number; -1 where it is left out, which is remarked.

        Parameters
        ----------
        path : str
            Below the folder, or absolute.
        split : str
        declared : (height, width), optional
            What the labels say of its size, pixels.
        """
        if path in self._numbers:
            self._repeated(path, split)
            return self._numbers[path]
        self._numbers[path] = -1
        try:
            shape = image_shape(self.folder.path(path))
        except ImageError as error:
            self.remarks.add("image", f"left out: {error}", path)
            return -1
        if declared is not None and declared != shape:
            self.remarks.add(
                "image",
                "left out: its labels were made for another size than it has",
                f"{path} is {shape[1]} x {shape[0]}, its labels say {declared[1]} x {declared[0]}",
            )
            return -1
        number = self._numbers[path] = len(self.paths)
        self.paths.append(path)
        self._shapes.append(shape)
        self._splits.append((split,) if split else ())
        return number

    def shape(self, number: int) -> tuple[int, int]:
        """Give height and width of an image, pixels."""
        return self._shapes[number]

    def refuse(self, error: Exception, place: str, otherwise: str) -> None:
        """Leave an object out for the reason that was given, or for what else went wrong."""
        self.leave_out(str(error) if isinstance(error, LeftOut) else otherwise, place)

    def leave_out(self, why: str, place: str, noun: str = "object", count: int = 1) -> None:
        """Remark that something was left out."""
        self.remarks.add(noun, f"left out: {why}", place, count)

    def finish(self, images: np.ndarray | None = None) -> LabelledDataset:
        """Make the data set.

        Parameters
        ----------
        images : ndarray, optional
            Number of the image that stands for each number objects were added with.

        Raises
        ------
        DatasetError
            If no image or no object is left; says what was left out and why.
        """
        if not self.paths:
            raise DatasetError(self._without("no image that can be used"))
        shapes = np.array(self._shapes, dtype=np.int32).reshape(-1, 2)
        objects = self.objects.freeze(shapes, images, self._remark)
        self.objects = ObjectBuilder()
        if not len(objects.labels):
            raise DatasetError(self._without("no object"))
        store = Store(
            root=self.source,
            form=self.form,
            class_names=tuple(self.names),
            paths=[self.folder.path(path) for path in self.paths],
            shapes=shapes,
            splits=self._splits,
            groups=self._groups(),
            objects=objects,
            remarks=self.remarks,
            masks=self.masks,
        )
        return LabelledDataset(store)

    def _repeated(self, path: str, split: str) -> None:
        number = self._numbers[path]
        if number < 0:
            return
        first = self._splits[number]
        if split in first or not split:
            self.remarks.add("image", "named more than once and read once", path)
            return
        self._splits[number] = *first, split
        if first and "train" in self._splits[number]:
            self.remarks.add("image", f"in {first[0]} and in {split} at once", path)

    def _remark(self, what: str, images: np.ndarray, places: np.ndarray) -> None:
        place = self.place(int(images[0]), int(places[0]))
        self.remarks.add("object", what, place, len(images))

    def _without(self, what: str) -> str:
        lines = self.remarks.lines()[len(self.remarks.sentences) :] or self.remarks.lines()
        why = f" {lines[0][:1].upper()}{lines[0][1:]}." if lines else ""
        return f"Got '{self.source}', a data set ({self.form}) with {what}.{why}"

    def _groups(self) -> list[str] | None:
        """Take copies of one image, which Roboflow augmented, for a group."""
        stems = [Path(path).stem for path in self.paths]
        groups = [match[1] if (match := _AUGMENTED.match(stem)) else stem for stem in stems]
        if not any(count > 1 for count in Counter(groups).values()) or groups == stems:
            return None
        self.remarks.say("Copies of one image (its name before .rf.) are taken for a group")
        return groups
