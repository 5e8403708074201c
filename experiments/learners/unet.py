"""The learner of the banks: a small U-Net from scratch that parts touching objects."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from experiments.learners.segmenter import SegmenterLearner, SegmenterModel
from ptssp_sklearn.embedding.statistics.unet import StackedUNet
from ptssp_sklearn.measuring.learner import Budget, Job, Model


class UNetLearner(SegmenterLearner):
    """A U-Net from scratch; several trainings run as one network of grouped convolutions.

    Parameters
    ----------
    width : int
        Channels at the first level.
    device : str
    """

    def __init__(self, width: int = 16, device: str = "cpu") -> None:
        self.width = width
        self.device = device
        self.name = f"unet-{width}"

    def build(self, n_outputs: int) -> StackedUNet:
        return StackedUNet(n_outputs, self.width)

    def fit_many(self, jobs: Sequence[Job], *, budget: Budget) -> list[Model]:
        models: dict[int, Model] = {}
        for n_classes in {job.n_classes for job in jobs}:
            places = [i for i, job in enumerate(jobs) if job.n_classes == n_classes]
            trained = self._side_by_side([jobs[i] for i in places], n_classes, budget)
            models |= dict(zip(places, trained, strict=True))
        return [models[i] for i in range(len(jobs))]

    def _side_by_side(self, jobs: Sequence[Job], n_classes: int, budget: Budget) -> list[Model]:
        networks = [self.seeded(n_classes, job.seed) for job in jobs]
        stacked = stack(networks, StackedUNet(n_classes + 2, self.width, len(jobs)))
        self.train(stacked, jobs, budget)
        for network, state in zip(networks, unstack(stacked), strict=True):
            network.load_state_dict(state)
        return [SegmenterModel(network, self.device) for network in networks]


def stack(networks: Sequence[StackedUNet], stacked: StackedUNet) -> StackedUNet:
    """Copy single networks side by side into a stack of as many."""
    states = [network.state_dict() for network in networks]
    stacked.load_state_dict(
        {
            name: value if value.ndim == 0 else torch.cat([s[name] for s in states])
            for name, value in states[0].items()
        }
    )
    return stacked


def unstack(stacked: StackedUNet) -> list[dict[str, Tensor]]:
    """Give the state of each network of a stack."""
    count = stacked.n_networks
    pieces: dict[str, Sequence[Tensor]] = {
        name: [value] * count if value.ndim == 0 else value.detach().chunk(count)
        for name, value in stacked.state_dict().items()
    }
    return [{name: parts[i].clone() for name, parts in pieces.items()} for i in range(count)]
