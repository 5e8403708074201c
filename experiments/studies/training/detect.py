"""Detection: torchvision's detectors in a plain loop, COCO's mAP by torchmetrics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from experiments.studies.packages import need
from experiments.studies.study import Examples, Outcome, Recipe, count
from experiments.studies.training.fitting import seeded

_DECAY = 1e-4
_LARGEST_GRADIENT = 10.0


@dataclass(frozen=True)
class Detector:
    """A detector of torchvision.

    Attributes
    ----------
    name : str
    build : callable
        Number of classes -> detector; torch is seeded before.
    """

    name: str
    build: Callable[[int], Any]

    def describe(self) -> str:
        return self.name

    def train(
        self, data: Examples, chosen: NDArray[np.int64], recipe: Recipe, *, seed: int, device: str
    ) -> Outcome:
        """Train all epochs; score COCO's mAP of boxes on the test set."""
        with seeded(seed):
            network = self.build(len(data.classes)).to(device)
            start = time.perf_counter()
            losses = _train(network, Subset(data.train, chosen.tolist()), recipe, device)
            seconds = time.perf_counter() - start
            scores = mean_precision(network, data.test, device)
        history = [{"train_loss": loss} for loss in losses]
        return Outcome(scores, len(losses), seconds, history)


def _train(network: Any, dataset: Dataset, recipe: Recipe, device: str) -> list[float]:
    """Train; give the mean loss of every epoch."""
    loader = DataLoader(dataset, recipe.batch_size, shuffle=True, collate_fn=_lists)
    wanted = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(wanted, recipe.learning_rate, weight_decay=_DECAY, fused=True)
    epochs = recipe.epochs_for(count(dataset))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    network.train()
    means = []
    for _ in range(epochs):
        losses = []
        for images, targets in _moved(loader, device):
            loss = torch.stack(list(network(images, targets).values())).sum()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(wanted, _LARGEST_GRADIENT)
            optimizer.step()
            losses.append(loss.item())
        schedule.step()
        means.append(float(np.mean(losses)))
    return means


def mean_precision(
    network: Any, dataset: Dataset, device: str, at_once: int = 8
) -> dict[str, float]:
    """Give mAP over IoU 0.5 to 0.95 and mAP at 0.5, of boxes."""
    detection = need("torchmetrics.detection")
    metric = detection.MeanAveragePrecision(backend="faster_coco_eval")
    network.eval()
    with torch.inference_mode():
        for images, targets in _moved(DataLoader(dataset, at_once, collate_fn=_lists), device):
            metric.update(network(images), targets)
    found = metric.compute()
    return {"map50_95": max(float(found["map"]), 0.0), "map50": max(float(found["map_50"]), 0.0)}


def _lists(batch: list[tuple[Tensor, dict[str, Tensor]]]) -> tuple[list[Any], list[Any]]:
    images, targets = zip(*batch, strict=True)
    return list(images), list(targets)


def _moved(loader: DataLoader, device: str) -> Iterator[tuple[list[Tensor], list[dict]]]:
    for images, targets in loader:
        yield (
            [image.to(device) for image in images],
            [{key: value.to(device) for key, value in target.items()} for target in targets],
        )
