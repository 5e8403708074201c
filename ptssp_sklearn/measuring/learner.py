"""What measuring asks of a learner: fit on a subset, find objects in images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Outline = NDArray[np.bool_] | tuple[NDArray[np.float64], ...]
"""An object's mask of shape (height, width), or its rings: arrays (n, 2) of x and y, pixels."""


@dataclass(frozen=True)
class Objects:
    """The objects of one image.

    Attributes
    ----------
    boxes : ndarray of shape (n, 4)
        Left, top, right and bottom, pixels.
    classes : ndarray of shape (n,), int64
    outlines : tuple of Outline, or None
        Outline of each object; None where only boxes are known.
    """

    boxes: NDArray[np.float64]
    classes: NDArray[np.int64]
    outlines: tuple[Outline, ...] | None = None


class Sample(Protocol):
    """One labelled image."""

    @property
    def image(self) -> NDArray[np.uint8]:
        """The pixels, shape (height, width, 3)."""
        ...

    @property
    def objects(self) -> Objects:
        """What can be seen in it."""
        ...

    @property
    def unit(self) -> str:
        """Name what is drawn as one when test images are drawn anew: the image or its group."""
        ...


@dataclass(frozen=True)
class LabelledImage:
    """One labelled image; see `Sample`."""

    image: NDArray[np.uint8]
    objects: Objects
    unit: str = ""


@dataclass(frozen=True)
class Budget:
    """How much a training may cost, the same for every training-set size.

    Attributes
    ----------
    steps : int
        Optimiser steps.
    batch_size : int
        Images a step, drawn with replacement where a subset is smaller.
    """

    steps: int = 200
    batch_size: int = 16


@dataclass(frozen=True)
class Prediction:
    """Objects found in one image.

    Attributes
    ----------
    masks : ndarray of shape (n, height, width), bool, or None
        None of a learner that finds boxes only.
    classes : ndarray of shape (n,), int64
    scores : ndarray of shape (n,)
        How sure the model is, in [0, 1].
    boxes : ndarray of shape (n, 4), or None
        Left, top, right and bottom, pixels; None of a learner that finds masks only.
    """

    masks: NDArray[np.bool_] | None
    classes: NDArray[np.int64]
    scores: NDArray[np.float64]
    boxes: NDArray[np.float64] | None = None


class Dataset(Protocol):
    """A task: ordered training images and test images.

    Attributes
    ----------
    name : str
        Unique in its bank; the row name of the curve table.
    group : str
        What must not be split between training and testing a predictor (the source).
    class_names : tuple of str
    record : dict
        All that is needed to make the dataset again, as JSON: ``kind``, ``name``,
        ``group`` and the parameters of its kind.
    """

    name: str
    group: str
    class_names: tuple[str, ...]
    record: dict[str, Any]

    @property
    def n_train(self) -> int:
        """Number of training images there are."""
        ...

    def train(self, size: int, repeat: int = 0) -> Sequence[Sample]:
        """Give the first `size` training images of the order of `repeat`: subsets nest."""
        ...

    def test(self, size: int = 0, repeat: int = 0) -> Sequence[Sample]:
        """Give the images that the training of this size and repeat is tested on.

        They are asked for once a training: a dataset whose tests are always the same keeps
        them.
        """
        ...


class Model(ABC):
    """A trained learner."""

    @abstractmethod
    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """Find the objects of every image."""

    def weights(self) -> bytes:
        """Give what the next training may start from, for warm starts."""
        raise NotImplementedError(f"{type(self).__name__} cannot be started from.")


class Learner(ABC):
    """A way to train a detector or segmenter; its settings are its constructor's arguments.

    Attributes
    ----------
    name : str
        What the store and the banks call it.
    side : int
        Side of images it trains at, pixels; larger images are scaled down before it gets
        them, to twice that side at most.
    """

    name: str
    side: int = 640

    def check(self) -> None:  # noqa: B027
        """Refuse, with a `ValueError`, what no training could start with; called before the first.

        Settings, packages and files are looked at here, so that a slip is said at once and
        not by every training that fails.
        """

    @abstractmethod
    def fit(
        self,
        samples: Sequence[Sample],
        *,
        n_classes: int,
        budget: Budget,
        seed: int,
        start: bytes | None = None,
    ) -> Model:
        """Train on samples within a budget.

        Parameters
        ----------
        samples : sequence of Sample
        n_classes : int
        budget : Budget
        seed : int
            Same seed, same model on one machine.
        start : bytes, optional
            `Model.weights` of an earlier training to start from.
        """

    def fit_many(self, jobs: Sequence[Job], *, budget: Budget) -> list[Model]:
        """Train several independent models; learners that can, train them side by side."""
        return [
            self.fit(job.samples, n_classes=job.n_classes, budget=budget, seed=job.seed)
            for job in jobs
        ]


@dataclass(frozen=True)
class Job:
    """One of several trainings that may run side by side; see `Learner.fit`."""

    samples: Sequence[Sample]
    n_classes: int
    seed: int
