"""A labelled data set: images, their objects, class names, splits and groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.datasets._objects import BOX
from ptssp_sklearn.datasets._store import Store
from ptssp_sklearn.datasets._summary import summary_text
from ptssp_sklearn.exceptions import DatasetError


class LabelledDataset:
    """Images with labelled objects, whatever format they came in.

    Made by `open_dataset`. Labels are held as flat arrays; pixels are read when asked for.
    ``len(dataset)`` is the number of images.

    Parameters
    ----------
    store : Store
    rows : ndarray of int, optional
        Images of the store that belong to this data set; all by default.

    Attributes
    ----------
    root : Path
        What was opened.
    form : str
        Label format, such as "YOLO" or "COCO".
    class_names : tuple of str
    paths : list of Path
        Paths of the images.
    shapes : ndarray of shape (n_images, 2), int32
        Height and width of the images, pixels.
    splits : list of tuple of str
        Names of the splits that each image is in, such as "train".
    groups : list of str or None
        Group of each image; None where no groups are known.
    object_counts : ndarray of shape (n_images,), int
    class_counts : ndarray of shape (n_classes,), int
    relative_areas : ndarray of shape (n_objects,)
        Areas of all objects, image by image, as fractions of their images.
    """

    def __init__(self, store: Store, rows: NDArray[np.int64] | None = None) -> None:
        self._store = store
        self._rows = np.arange(len(store.paths)) if rows is None else rows
        self.root = store.root
        self.form = store.form
        self.class_names = store.class_names
        self.paths = [store.paths[i] for i in self._rows]
        self.shapes = store.shapes[self._rows]
        self.splits = [store.splits[i] for i in self._rows]
        self.groups = None if store.groups is None else [store.groups[i] for i in self._rows]
        self.object_counts = np.diff(store.objects.offsets)[self._rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"LabelledDataset({str(self.root)!r}, {len(self)} images, {self.form})"

    @property
    def kind(self) -> str:
        """What the objects are outlined by: "boxes", "masks", or "mixed"; "" without any."""
        return kind_of(self._every(self._store.objects.kinds) == BOX)

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """Objects of each class."""
        labels = self._every(self._store.objects.labels)
        return np.bincount(labels, minlength=len(self.class_names))

    @property
    def relative_areas(self) -> NDArray[np.float64]:
        """Areas of all objects, image by image, as fractions of their images."""
        pixels = self.shapes.astype(np.float64).prod(axis=1)
        return self._every(self._store.objects.areas) / np.repeat(pixels, self.object_counts)

    def boxes(self, index: int, class_name: str | None = None) -> NDArray[np.float32]:
        """Give the boxes of an image's objects.

        Returns
        -------
        boxes : ndarray of shape (n_objects, 4), float32
            Left, top, right, bottom, pixels.
        """
        return self._store.objects.boxes[self._numbers(index, class_name)]

    def labels(self, index: int) -> NDArray[np.int32]:
        """Give the places in `class_names` of an image's objects, shape (n_objects,)."""
        return self._store.objects.labels[self._numbers(index)]

    def areas(self, index: int, class_name: str | None = None) -> NDArray[np.float32]:
        """Give the areas of an image's objects, pixels; of a box the whole of it."""
        return self._store.objects.areas[self._numbers(index, class_name)]

    def is_box(self, index: int, class_name: str | None = None) -> NDArray[np.bool_]:
        """Tell which of an image's objects are outlined by a box only."""
        return self._store.objects.kinds[self._numbers(index, class_name)] == BOX

    def polygons(self, index: int) -> list[list[NDArray[np.float32]]]:
        """Give the outlines of an image's objects, each as its parts.

        Returns
        -------
        polygons : list of list of ndarray of shape (n_corners, 2)
            x and y, pixels. Masks are traced: borders of holes are parts of their own,
            to be filled by the even-odd rule. A box has four corners.
        """
        return self._store.outlines(int(self._rows[index]), self._numbers(index))

    def masks(self, index: int) -> Iterator[NDArray[np.bool_]]:
        """Draw the objects of an image one after another, each of shape (height, width)."""
        return self._store.masks_of(int(self._rows[index]), self._numbers(index))

    def instances(self, index: int, class_name: str | None = None) -> NDArray[np.int32]:
        """Draw the objects of an image as one mask of instance ids.

        Parameters
        ----------
        index : int
            Place of the image.
        class_name : str, optional
            Draws the objects of one class only.

        Returns
        -------
        mask : ndarray of shape (height, width), int32
            Object k of the image, or of its class, is k + 1; 0 is background. Small objects
            lie over large ones; one that is hidden wholly has no pixel.

        Raises
        ------
        DatasetError
            If there is no such class.
        """
        image, numbers = int(self._rows[index]), self._numbers(index, class_name)
        drawn = np.zeros(self._store.shape(image), dtype=np.int32)
        order = np.argsort(-self._store.objects.areas[numbers], kind="stable")
        for place, mask in zip(order, self._store.drawn(image, numbers[order]), strict=True):
            drawn[mask] = place + 1
        return drawn

    def subset(self, indices: Sequence[int] | NDArray[np.integer]) -> LabelledDataset:
        """Give a data set of some images, in that order; nothing is copied."""
        return LabelledDataset(self._store, self._rows[np.asarray(indices, dtype=np.int64)])

    def split(self, name: str) -> LabelledDataset:
        """Give the images of one split.

        Raises
        ------
        DatasetError
            If there is no such split; names those there are.
        """
        chosen = [i for i, splits in enumerate(self.splits) if name in splits]
        if not chosen:
            known = ", ".join(sorted({name for splits in self.splits for name in splits})) or "none"
            raise DatasetError(f"Got split={name!r}, but '{self.root}' has the splits: {known}.")
        return self.subset(chosen)

    def with_class(self, class_name: str) -> LabelledDataset:
        """Give the images that show an object of a class."""
        chosen = [i for i in range(len(self)) if len(self._numbers(i, class_name))]
        return self.subset(chosen)

    def with_groups(self, groups: Mapping[str, str]) -> LabelledDataset:
        """Give the data set with groups of its own.

        Parameters
        ----------
        groups : mapping of str to str
            Group by the image's path below the data set's folder, or by its file name.

        Raises
        ------
        DatasetError
            If an image has no group.
        """
        root = self.root if self.root.is_dir() else self.root.parent
        found = []
        for path in self._store.paths:
            below = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
            group = groups.get(below, groups.get(path.name))
            if group is None:
                raise DatasetError(f"Got groups without one for the image '{below}'.")
            found.append(str(group))
        return LabelledDataset(replace(self._store, groups=found), self._rows)

    def label_of(self, class_name: str) -> list[int]:
        """Find the places of a class in `class_names`.

        Raises
        ------
        DatasetError
            If there is none; names the classes there are.
        """
        found = [i for i, name in enumerate(self.class_names) if name == class_name]
        if found:
            return found
        near = get_close_matches(str(class_name), self.class_names, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        known = ", ".join(self.class_names[:20]) + (", …" if len(self.class_names) > 20 else "")
        raise DatasetError(
            f"Got the class {class_name!r}, but '{self.root}' has the classes {known}.{hint}"
        )

    def remarks(self) -> list[str]:
        """List what was left out of the data set or read in a way that one should know."""
        return self._store.remarks.lines()

    def remark(self, sentence: str) -> None:
        """Add a sentence to the remarks."""
        self._store.remarks.say(sentence)

    def summary(self) -> str:
        """Tell in words what the data set holds, and what was left out of it and why."""
        return summary_text(self)

    def _every(self, values: NDArray[Any]) -> NDArray[Any]:
        """Give the values of all objects of these images."""
        starts, counts = self._store.objects.offsets[self._rows], self.object_counts
        shift = np.repeat(starts - (np.cumsum(counts) - counts), counts)
        return values[np.arange(len(shift)) + shift]

    def _numbers(self, index: int, class_name: str | None = None) -> NDArray[np.int64]:
        """Give the places of an image's objects in the store."""
        found = self._store.objects.of(int(self._rows[index]))
        numbers = np.arange(found.start, found.stop)
        if class_name is None:
            return numbers
        return numbers[np.isin(self._store.objects.labels[found], self.label_of(class_name))]


def kind_of(is_box: NDArray[np.bool_]) -> str:
    """Say what objects are outlined by, from which of them are mere boxes."""
    if not len(is_box):
        return ""
    return "boxes" if is_box.all() else "mixed" if is_box.any() else "masks"
