"""What the curve bank asks of a learner: fit on a subset, find instances in images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.datasets.base import Sample


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
    """Instances found in one image.

    Attributes
    ----------
    masks : ndarray of shape (n, height, width), bool
    classes : ndarray of shape (n,), int64
    scores : ndarray of shape (n,)
        How sure the model is, in [0, 1].
    """

    masks: NDArray[np.bool_]
    classes: NDArray[np.int64]
    scores: NDArray[np.float64]


class Model(ABC):
    """A trained learner."""

    @abstractmethod
    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """Find the instances of every image."""

    def weights(self) -> bytes:
        """Give what the next training may start from, for warm starts."""
        raise NotImplementedError(f"{type(self).__name__} cannot be started from.")


class Learner(ABC):
    """A way to train an instance segmenter; its settings are its constructor's arguments.

    Attributes
    ----------
    name : str
        What the store and the banks call it.
    """

    name: str

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
