"""What a study is: data, a learner, a metric and what the documents state of them."""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset


@dataclass(frozen=True)
class Examples:
    """The training and test examples of a study.

    Attributes
    ----------
    name : str
        Which data these are; stands beside every figure measured on them.
    train, test : torch Dataset
        Pairs of an input and a target.
    strata : ndarray of shape (n_train,), int64
        What a part of the training examples is stratified by.
    classes : tuple of str
        Names of the classes a learner tells apart.
    """

    name: str
    train: Dataset
    test: Dataset
    strata: NDArray[np.int64]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.strata) != count(self.train):
            raise ValueError(
                f"Got {count(self.train)} training examples of {self.name}, expected "
                f"{len(self.strata)}, one a stratum. Read the data set anew."
            )


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes
    ----------
    epochs : int
        Most passes over the training examples.
    batch_size : int
    learning_rate : float
    patience : int or None
        Optimiser steps without a better validation loss after which training ends, at the end
        of an epoch; the best network is kept. Steps, as an epoch of a small part has few.
        None trains all epochs on all examples, without a validation part.
    least_steps : int
        Optimiser steps a training has at least, by more epochs where the part is small.
    """

    epochs: int
    batch_size: int = 64
    learning_rate: float = 1e-3
    patience: int | None = None
    least_steps: int = 0

    def epochs_for(self, n_examples: int) -> int:
        """Give the number of epochs on so many training examples."""
        return max(self.epochs, self._epochs_of(self.least_steps, n_examples))

    def patience_for(self, n_examples: int) -> int:
        """Give the patience in epochs on so many training examples, at least one."""
        return max(self._epochs_of(self.patience or 0, n_examples), 1)

    def _epochs_of(self, steps: int, n_examples: int) -> int:
        """Give the fewest epochs that have so many optimiser steps."""
        in_one = max(-(-n_examples // self.batch_size), 1)
        return -(-steps // in_one)


@dataclass(frozen=True)
class Outcome:
    """What one training gave.

    Attributes
    ----------
    scores : dict of float
        Fractions on the test examples.
    epochs : int
        Epochs to convergence: the one whose network was kept.
    seconds : float
        Of training, on the machine that ran it.
    history : list of dict
        Losses (and the validation accuracy) of every epoch.
    details : dict
        Of the kind of learner, as JSON: confusion matrix, example predictions.
    """

    scores: dict[str, float]
    epochs: int
    seconds: float
    history: list[dict[str, float]] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)


class Learner(Protocol):
    """A network with its way of training and scoring."""

    def describe(self) -> str:
        """Name the network and its settings; a change of either is another measurement."""
        ...

    def train(
        self, data: Examples, chosen: NDArray[np.int64], recipe: Recipe, *, seed: int, device: str
    ) -> Outcome:
        """Train on the chosen training examples and score on the test examples."""
        ...


@dataclass(frozen=True)
class Setup:
    """Data, learner and recipe, as the documents have them or as they stand in off line.

    `load` takes the folder of the data set; nothing where the data stand in.
    """

    load: Callable[..., Examples]
    learner: Learner
    recipe: Recipe

    def settings(self) -> dict[str, Any]:
        """Give what a measurement depends on beside its data, as JSON."""
        return {"learner": self.learner.describe(), **asdict(self.recipe)}


@dataclass(frozen=True)
class Study:
    """An experiment of the founding documents.

    Attributes
    ----------
    name, title, document : str
        `document` is A, B or C.
    metric : str
        The key of `Outcome.scores` that the requirement is about.
    full, stand_in : Setup
        On the set the document names, and on data that packages carry.
    required, published : float or None
        Score the document asks for, and the one it reports; fractions.
    note : str
        What the document says beside figures.
    """

    name: str
    title: str
    document: str
    metric: str
    full: Setup
    stand_in: Setup
    required: float | None = None
    published: float | None = None
    note: str = ""


def count(dataset: Dataset) -> int:
    """Give the number of examples of a dataset."""
    assert isinstance(dataset, Sized)
    return len(dataset)
