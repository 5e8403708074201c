"""Datasets in memory and views of others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from experiments.studies.study import count


class Pairs(Dataset):
    """Inputs and targets of any kind, side by side."""

    def __init__(self, inputs: Sequence[Any] | Tensor, targets: Sequence[Any] | Tensor) -> None:
        if len(inputs) != len(targets):
            raise ValueError(
                f"Got {len(inputs)} inputs and {len(targets)} targets, expected as many of both."
            )
        self.inputs, self.targets = inputs, targets

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.inputs[index], self.targets[index]


class Mapped(Dataset):
    """A dataset whose examples go through a function."""

    def __init__(self, dataset: Dataset, change: Callable[[Any], Any]) -> None:
        self.dataset, self.change = dataset, change

    def __len__(self) -> int:
        return count(self.dataset)

    def __getitem__(self, index: int) -> Any:
        return self.change(self.dataset[index])


def image_pairs(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> Pairs:
    """Turn images of shape (n, height, width[, 3]) into pixels in [-1, 1], channels first."""
    grey = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
    pixels = torch.from_numpy(np.ascontiguousarray(grey)).float().div_(127.5).sub_(1.0)
    return Pairs(pixels, torch.from_numpy(labels.astype(np.int64)))
