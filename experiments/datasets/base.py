"""What the curve bank asks of a dataset: ordered training images, one fixed test set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sample:
    """One annotated image.

    Attributes
    ----------
    image : ndarray of shape (height, width, 3), uint8
    mask : ndarray of shape (height, width), int32
        Instance ids 1 … n; 0 is background. An id whose object is wholly hidden is absent.
    classes : ndarray of shape (n,), int64
        Class index of instance ``i + 1``.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.int32]
    classes: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


class Dataset(Protocol):
    """A segmentation task.

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

    def train(self, size: int, repeat: int = 0) -> list[Sample]:
        """Give the first `size` training images of the order of `repeat`: subsets nest."""
        ...

    def test(self) -> list[Sample]:
        """Give the test images, the same for every size and repeat."""
        ...
