"""The learner of the banks: a small U-Net from scratch that parts touching objects."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from experiments.datasets.base import Sample
from experiments.learners.base import Budget, Job, Learner, Model, Prediction
from experiments.learners.instances import class_map, depth_map, find_instances
from experiments.learners.network import StackedUNet, stack, unstack

PEAK_RATE = 1e-2
DECAY = 0.01
DEPTH_WEIGHT = 2.0


class UNetLearner(Learner):
    """Train a U-Net from scratch: classes by cross-entropy, depth by squared error.

    Images are turned and mirrored at random; the learning rate follows one cycle.

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

    def fit(
        self,
        samples: Sequence[Sample],
        *,
        n_classes: int,
        budget: Budget,
        seed: int,
        start: bytes | None = None,
    ) -> Model:
        return self._train([Job(samples, n_classes, seed)], budget, start)[0]

    def fit_many(self, jobs: Sequence[Job], *, budget: Budget) -> list[Model]:
        """Train all jobs of one number of classes as one network of grouped convolutions."""
        models: dict[int, Model] = {}
        for n_classes in {job.n_classes for job in jobs}:
            places = [i for i, job in enumerate(jobs) if job.n_classes == n_classes]
            trained = self._train([jobs[i] for i in places], budget, None)
            models |= dict(zip(places, trained, strict=True))
        return [models[i] for i in range(len(jobs))]

    def _train(self, jobs: Sequence[Job], budget: Budget, start: bytes | None) -> list[Model]:
        n_outputs = jobs[0].n_classes + 2
        networks = [self._network(n_outputs, job.seed) for job in jobs]
        if start is not None:
            networks[0].load_state_dict(_read(start))
        stacked = stack(networks, StackedUNet(n_outputs, self.width, len(jobs)))
        stacked = stacked.to(self.device, memory_format=torch.channels_last).train()
        data = [_Tensors(job, budget, self.device) for job in jobs]
        optimizer = torch.optim.AdamW(stacked.parameters(), PEAK_RATE, weight_decay=DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, PEAK_RATE, total_steps=budget.steps + 1, pct_start=0.2
        )
        for step in range(budget.steps):
            batches = [d.batch(step) for d in data]
            images = torch.cat([images for images, _, _ in batches], dim=1)
            with self._low_precision():
                maps = stacked(images.contiguous(memory_format=torch.channels_last))
            parts = maps.float().chunk(len(jobs), dim=1)
            loss = sum(_loss(part, *batch[1:]) for part, batch in zip(parts, batches, strict=True))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
        return [UNetModel(state, n_outputs, self.width, self.device) for state in unstack(stacked)]

    def _low_precision(self) -> torch.autocast:
        return torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16)

    def _network(self, n_outputs: int, seed: int) -> StackedUNet:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return StackedUNet(n_outputs, self.width)


class UNetModel(Model):
    """A trained U-Net."""

    def __init__(self, state: dict[str, Tensor], n_outputs: int, width: int, device: str) -> None:
        self.network = StackedUNet(n_outputs, width)
        self.network.load_state_dict(state)
        self.network.eval().to(device, memory_format=torch.channels_last)
        self.device = device

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        found = []
        with torch.inference_mode():
            for start in range(0, len(images), 32):
                pixels = _pixels(images[start : start + 32]).to(self.device)
                maps = self.network(pixels)
                shares = maps[:, :-1].softmax(dim=1).cpu().numpy()
                depths = maps[:, -1].cpu().numpy()
                found += [find_instances(*pair) for pair in zip(shares, depths, strict=True)]
        return found

    def weights(self) -> bytes:
        file = io.BytesIO()
        np.savez(file, **{k: v.cpu().numpy() for k, v in self.network.state_dict().items()})
        return file.getvalue()


def _read(weights: bytes) -> dict[str, Tensor]:
    with np.load(io.BytesIO(weights), allow_pickle=False) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}


class _Tensors:
    """The samples of one training on the device, and the seeded order they are drawn in."""

    def __init__(self, job: Job, budget: Budget, device: str) -> None:
        self.images = _pixels([s.image for s in job.samples]).to(device)
        labels = np.stack([class_map(s) for s in job.samples])
        self.labels = torch.from_numpy(labels).to(device)
        depth = np.stack([depth_map(s.mask) for s in job.samples])
        self.depth = torch.from_numpy(depth).to(device)
        rng = np.random.default_rng(job.seed)
        count = budget.steps * budget.batch_size
        rounds = -(-count // len(job.samples))
        order = np.concatenate([rng.permutation(len(job.samples)) for _ in range(rounds)])
        self.order = torch.from_numpy(order[:count].reshape(budget.steps, -1)).to(device)
        self.turns = rng.integers(0, 8, budget.steps)

    def batch(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        picks = self.order[step]
        turn = int(self.turns[step])
        parts = (self.images[picks], self.labels[picks], self.depth[picks])
        images, labels, depth = (_turn(part, turn) for part in parts)
        return images, labels, depth


def _turn(values: Tensor, turn: int) -> Tensor:
    """Apply one of the eight symmetries of the square to the last two axes."""
    if turn & 1:
        values = values.flip(-1)
    if turn & 2:
        values = values.flip(-2)
    return values.transpose(-1, -2) if turn & 4 else values


def _pixels(images: Sequence[NDArray[np.uint8]]) -> Tensor:
    stacked = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    return stacked.float().div_(127.5).sub_(1.0)


def _loss(maps: Tensor, labels: Tensor, depth: Tensor) -> Tensor:
    classes = functional.cross_entropy(maps[:, :-1], labels)
    return classes + DEPTH_WEIGHT * functional.mse_loss(maps[:, -1], depth)
