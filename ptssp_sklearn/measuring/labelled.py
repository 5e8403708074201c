"""A labelled data set as trainings see it: images at working size, subsets and tests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from ptssp_sklearn.datasets import LabelledDataset
from ptssp_sklearn.images import load_image
from ptssp_sklearn.measuring.learner import LabelledImage, Objects, Outline
from ptssp_sklearn.measuring.resampling import drawn_together
from ptssp_sklearn.measuring.sampling import Sampling

WORKING = 2
"""Images are kept up to so many times the side that the learner trains at."""

_CACHE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Labelled:
    """Makes the task of a labelled data set; workers get it by value.

    Attributes
    ----------
    digest : str
        Hash of the labels: two of the same are equal.
    side : int
        Side the learner trains at, pixels.
    seed : int
        Seed of subsets and folds.
    dataset : LabelledDataset
    """

    digest: str
    side: int
    seed: int
    dataset: LabelledDataset = field(compare=False, repr=False)

    def __call__(self, record: dict[str, Any]) -> LabelledTask:
        """Make the task of a record."""
        return LabelledTask(self, record)

    def sampling(self) -> Sampling:
        """Choose which images train and which test."""
        found = self.dataset
        return Sampling.of(found.splits, found.groups, found.object_counts, seed=self.seed)

    def record(self, name: str) -> dict[str, Any]:
        """Describe the data set for a store, without a path."""
        return {
            "kind": "labelled",
            "name": name,
            "group": name,
            "labels": "masks" if self.dataset.kind == "masks" else "boxes",
            "classes": list(self.dataset.class_names),
            "n_images": len(self.dataset),
            "n_objects": int(self.dataset.object_counts.sum()),
            "tested": self.sampling().sentence(),
            "content": self.digest,
        }


def label_digest(dataset: LabelledDataset) -> str:
    """Hash names, sizes, splits and labels of the images, 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for row, path in enumerate(dataset.paths):
        group = None if dataset.groups is None else dataset.groups[row]
        digest.update(repr((path.name, dataset.splits[row], group)).encode())
        for values in (dataset.shapes[row], dataset.boxes(row), dataset.labels(row)):
            digest.update(np.ascontiguousarray(values).tobytes())
    digest.update(repr((dataset.class_names, dataset.kind)).encode())
    return digest.hexdigest()[:16]


class LabelledTask:
    """A labelled data set to train and test on; see `ptssp_sklearn.measuring.learner.Dataset`.

    Parameters
    ----------
    labelled : Labelled
    record : dict
        As of `Labelled.record`.
    """

    def __init__(self, labelled: Labelled, record: dict[str, Any]) -> None:
        self.record = record
        self.name: str = record["name"]
        self.group: str = record["group"]
        self.class_names = tuple(record["classes"])
        self.sampling = labelled.sampling()
        self._dataset = labelled.dataset
        self._most = WORKING * labelled.side
        kept = max(64, _CACHE_BYTES // (3 * self._most**2))
        self._read = lru_cache(maxsize=kept)(self._sample)
        paths = [str(row) for row in range(len(self._dataset))]
        self._units = drawn_together(paths, self._dataset.groups or [None] * len(paths))

    @property
    def n_train(self) -> int:
        """Number of training images there are."""
        return self.sampling.n_train

    def train(self, size: int, repeat: int = 0) -> list[LabelledImage]:
        """Give the first `size` training images of the order of `repeat`: subsets nest."""
        return [self._read(int(row)) for row in self.sampling.train(size, repeat)]

    def test(self, size: int = 0, repeat: int = 0) -> list[LabelledImage]:
        """Give the images that the training of this size and repeat is tested on."""
        return [self._read(int(row)) for row in self.sampling.test(size, repeat)]

    def parts(self, size: int, repeat: int) -> tuple[LabelledDataset, LabelledDataset]:
        """Give the training and test images of a training as data sets of their own."""
        train, test = self.sampling.train(size, repeat), self.sampling.test(size, repeat)
        return self._dataset.subset(train), self._dataset.subset(test)

    def _sample(self, row: int) -> LabelledImage:
        image = load_image(self._dataset.paths[row], name=str(self._dataset.paths[row]))
        height, width = image.shape[:2]
        scale = min(1.0, self._most / max(height, width))
        if scale < 1:
            shape = max(1, round(width * scale)), max(1, round(height * scale))
            image = np.asarray(Image.fromarray(image).resize(shape, Image.Resampling.BOX))
        factors = np.array([image.shape[1] / width, image.shape[0] / height])
        classes = self._dataset.labels(row).astype(np.int64)
        boxes = self._dataset.boxes(row).astype(np.float64) * np.tile(factors, 2)
        outlines = None
        if self.record["labels"] == "masks":
            outlines = tuple(self._outlines(row, factors))
        return LabelledImage(image, Objects(boxes, classes, outlines), self._units[row])

    def _outlines(self, row: int, factors: Any) -> Iterator[Outline]:
        for parts in self._dataset.polygons(row):
            yield tuple(part.astype(np.float64) * factors for part in parts)
