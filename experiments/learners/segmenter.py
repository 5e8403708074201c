"""Training of networks that give class maps and a depth map, one or many side by side."""

from __future__ import annotations

import io
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from experiments.learners.instances import class_map, find_instances, with_ids
from ptssp_sklearn.embedding.networks.network_backbone import fast_bfloat16
from ptssp_sklearn.embedding.statistics.unet import turned
from ptssp_sklearn.embedding.statistics.watershed import distance_map
from ptssp_sklearn.measuring.learner import Budget, Job, Learner, Model, Prediction, Sample

PEAK_RATE = 5e-3
BETAS = (0.9, 0.95)
DECAY = 0.01
DEPTH_WEIGHT = 2.0
_IMAGES_AT_ONCE = 32
_MULTIPLE = 16
"""Networks halve the sides of images up to four times."""


class SegmenterLearner(Learner):
    """Train a network by cross-entropy and Dice of the classes and squared error of the depth.

    Without the Dice loss [1]_ trainings on rare, small objects end in finding nothing.
    Images are turned and mirrored at random, the learning rate follows one cycle, and
    convolutions run in bfloat16.

    References
    ----------
    .. [1] Milletari, F., Navab, N., Ahmadi, S.-A. (2016). V-Net: fully convolutional neural
       networks for volumetric medical image segmentation. 3DV.
    """

    device: str

    @abstractmethod
    def build(self, n_outputs: int) -> nn.Module:
        """Give a new network of `n_outputs` maps; torch is seeded before."""

    def fit(
        self,
        samples: Sequence[Sample],
        *,
        n_classes: int,
        budget: Budget,
        seed: int,
        start: bytes | None = None,
    ) -> Model:
        network = self.seeded(n_classes, seed)
        if start is not None:
            network.load_state_dict(_read(start))
        self.train(network, [Job(samples, n_classes, seed)], budget)
        return SegmenterModel(network, self.device)

    def seeded(self, n_classes: int, seed: int) -> Any:
        """Build the network of a seed: background, classes and depth."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self.build(n_classes + 2)

    def train(self, network: nn.Module, jobs: Sequence[Job], budget: Budget) -> None:
        """Train a network whose channels are shared out among the jobs."""
        network.to(self.device).to(memory_format=torch.channels_last).train()
        data = [_Tensors(job, budget, self.device) for job in jobs]
        wanted = [p for p in network.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(wanted, PEAK_RATE, betas=BETAS, weight_decay=DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, PEAK_RATE, total_steps=max(budget.steps, 10) + 1, pct_start=0.2
        )
        kind = torch.device(self.device)
        short = fast_bfloat16(kind)
        for step in range(budget.steps):
            batches = [tensors.batch(step) for tensors in data]
            images = torch.cat([batch[0] for batch in batches], dim=1)
            with torch.autocast(kind.type, dtype=torch.bfloat16, enabled=short):
                maps = network(images.contiguous(memory_format=torch.channels_last))
            parts = maps.float().chunk(len(jobs), dim=1)
            losses = [_loss(part, *b[1:]) for part, b in zip(parts, batches, strict=True)]
            optimizer.zero_grad(set_to_none=True)
            torch.stack(losses).sum().backward()
            optimizer.step()
            schedule.step()


class SegmenterModel(Model):
    """A trained network; its last map is the depth, those before it are the classes."""

    def __init__(self, network: nn.Module, device: str) -> None:
        self.network = network.eval().to(device).to(memory_format=torch.channels_last)
        self.device = device

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        found = []
        with torch.inference_mode():
            for start in range(0, len(images), _IMAGES_AT_ONCE):
                batch = images[start : start + _IMAGES_AT_ONCE]
                maps = self.network(_pixels(batch).to(self.device)).cpu()
                shares, depths = maps[:, :-1].softmax(dim=1).numpy(), maps[:, -1].numpy()
                for image, share, depth in zip(batch, shares, depths, strict=True):
                    height, width = image.shape[:2]
                    found.append(find_instances(share[:, :height, :width], depth[:height, :width]))
        return found

    def weights(self) -> bytes:
        file = io.BytesIO()
        np.savez(file, **{k: v.cpu().numpy() for k, v in self.network.state_dict().items()})
        return file.getvalue()


class _Tensors:
    """The samples of one training on the device, and the seeded order they are drawn in."""

    def __init__(self, job: Job, budget: Budget, device: str) -> None:
        samples = [with_ids(sample) for sample in job.samples]
        self.images = _pixels([s.image for s in samples]).to(device)
        self.labels = _stacked([class_map(s) for s in samples]).to(device)
        self.depth = _stacked([distance_map(s.mask) for s in samples]).to(device)
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
        images, labels, depth = (turned(part, turn) for part in parts)
        return images, labels, depth


def _pixels(images: Sequence[NDArray[np.uint8]]) -> Tensor:
    return _stacked(images).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)


def _stacked(arrays: Sequence[NDArray]) -> Tensor:
    """Stack arrays whose sides differ, with zeros below and to the right."""
    sides = np.max([a.shape[:2] for a in arrays], axis=0)
    height, width = (-(-sides // _MULTIPLE) * _MULTIPLE).tolist()
    stacked = np.zeros((len(arrays), height, width, *arrays[0].shape[2:]), arrays[0].dtype)
    for place, array in zip(stacked, arrays, strict=True):
        place[: array.shape[0], : array.shape[1]] = array
    return torch.from_numpy(stacked)


def _loss(maps: Tensor, labels: Tensor, depth: Tensor) -> Tensor:
    classes = functional.cross_entropy(maps[:, :-1], labels) + _dice(maps[:, :-1], labels)
    return classes + DEPTH_WEIGHT * functional.mse_loss(maps[:, -1], depth)


def _dice(logits: Tensor, labels: Tensor) -> Tensor:
    """Give the soft Dice loss of the objects' classes, which small objects are not lost in."""
    shares = logits.softmax(dim=1)[:, 1:]
    truth = functional.one_hot(labels, logits.shape[1]).movedim(-1, 1)[:, 1:].float()
    common, total = (v.sum(dim=(0, 2, 3)) for v in (shares * truth, shares + truth))
    return (1 - (2 * common + 1) / (total + 1)).mean()


def _read(weights: bytes) -> dict[str, Tensor]:
    with np.load(io.BytesIO(weights), allow_pickle=False) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
