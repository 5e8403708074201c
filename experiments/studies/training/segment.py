"""Segmentation of one class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNet
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, Subset

from experiments.studies.packages import need
from experiments.studies.study import Examples, Outcome, Recipe
from experiments.studies.training.fitting import fit_net, seeded

_AT_ONCE = 32


class EntropyAndDice(nn.Module):
    """Cross-entropy and the soft Dice loss of the whole batch."""

    def forward(self, logits: Tensor, inside: Tensor) -> Tensor:
        """Compare maps of shape (batch, 1, height, width)."""
        share = logits.sigmoid()
        dice = 1 - (2 * (share * inside).sum() + 1) / ((share + inside).sum() + 1)
        return functional.binary_cross_entropy_with_logits(logits, inside) + dice


@dataclass(frozen=True)
class Segmenter:
    """A network with one output channel: inside or outside.

    Attributes
    ----------
    name : str
    build : callable
        -> network; torch is seeded before.
    """

    name: str
    build: Callable[[], nn.Module]

    def describe(self) -> str:
        return self.name

    def train(
        self, data: Examples, chosen: NDArray[np.int64], recipe: Recipe, *, seed: int, device: str
    ) -> Outcome:
        """Train; score over all pixels of the test set: IoU and F1 of the inside, accuracy."""
        with seeded(seed):
            fitted = fit_net(
                NeuralNet,
                self.build(),
                Subset(data.train, chosen.tolist()),
                data.strata[chosen],
                recipe,
                criterion=EntropyAndDice,
                device=device,
                seed=seed,
            )
            scores = _scores(fitted.net.module_, data.test, device)
        return Outcome(scores, fitted.epochs, fitted.seconds, fitted.history)


def _scores(network: nn.Module, dataset: Dataset, device: str) -> dict[str, float]:
    module = need("torchmetrics.classification")
    metrics = need("torchmetrics").MetricCollection(
        {
            "iou": module.BinaryJaccardIndex(),
            "f1": module.BinaryF1Score(),
            "accuracy": module.BinaryAccuracy(),
        }
    )
    network.eval()
    with torch.inference_mode():
        for images, inside in DataLoader(dataset, batch_size=_AT_ONCE):
            metrics.update(network(images.to(device)).sigmoid().cpu(), inside.int())
    return {name: float(value) for name, value in metrics.compute().items()}
