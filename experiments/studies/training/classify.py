"""Classification: any network and any way to prepare the examples for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support
from skorch import NeuralNetClassifier
from torch import nn
from torch.utils.data import Dataset, Subset

from experiments.studies.study import Examples, Outcome, Recipe, count
from experiments.studies.training.fitting import fit_net, seeded

Prepare = Callable[[Examples, NDArray[np.int64], str], tuple[Dataset, Dataset]]
"""(data, chosen training examples, device) -> training set, test set."""

_N_SHOWN = 12


def as_they_are(data: Examples, chosen: NDArray[np.int64], device: str) -> tuple[Dataset, Dataset]:
    """Take the chosen training examples and all test examples as they are."""
    return Subset(data.train, chosen.tolist()), data.test


@dataclass(frozen=True)
class Classifier:
    """A network that tells classes apart.

    Attributes
    ----------
    name : str
        Of the network and its settings.
    build : callable
        Number of classes -> network; torch is seeded before.
    prepare : callable
        What becomes of the examples; see `Prepare`.
    """

    name: str
    build: Callable[[int], nn.Module]
    prepare: Prepare = as_they_are

    def describe(self) -> str:
        return self.name

    def train(
        self, data: Examples, chosen: NDArray[np.int64], recipe: Recipe, *, seed: int, device: str
    ) -> Outcome:
        """Train, then score accuracy and macro precision, recall and F1 on the test set."""
        train, test = self.prepare(data, chosen, device)
        with seeded(seed):
            fitted = fit_net(
                NeuralNetClassifier,
                self.build(len(data.classes)),
                train,
                data.strata[chosen],
                recipe,
                criterion=nn.CrossEntropyLoss,
                device=device,
                seed=seed,
                classes=list(range(len(data.classes))),
            )
            shares = fitted.net.predict_proba(test)
        truth = np.array([int(test[i][1]) for i in range(count(test))])
        return Outcome(
            classification_scores(truth, shares.argmax(axis=1)),
            fitted.epochs,
            fitted.seconds,
            fitted.history,
            confusions(truth, shares, data.classes),
        )


def classification_scores(truth: NDArray[Any], predicted: NDArray[Any]) -> dict[str, float]:
    """Give accuracy and macro precision, recall and F1; a class never predicted counts 0."""
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, predicted, average="macro", zero_division=0.0
    )
    return {
        "accuracy": float(accuracy_score(truth, predicted)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
    }


def confusions(
    truth: NDArray[np.int64], shares: NDArray[np.floating], classes: tuple[str, ...]
) -> dict[str, Any]:
    """Give the confusion matrix (rows: truth) and example predictions, half of them wrong ones."""
    predicted = shares.argmax(axis=1)
    matrix = confusion_matrix(truth, predicted, labels=np.arange(len(classes)))
    wrong = np.flatnonzero(predicted != truth)[: _N_SHOWN // 2]
    right = np.flatnonzero(predicted == truth)[: _N_SHOWN - len(wrong)]
    examples = [
        {"test": int(i), "truth": classes[truth[i]], "predicted": classes[predicted[i]],
         "share": round(float(shares[i].max()), 3)}
        for i in (*wrong, *right)
    ]  # fmt: skip
    return {"classes": list(classes), "confusion": matrix.tolist(), "examples": examples}
