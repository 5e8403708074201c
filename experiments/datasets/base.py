"""One image of a bank with the ids of its objects."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.measuring.learner import Objects


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

    @property
    def objects(self) -> Objects:
        """The objects that can be seen."""
        ids = np.unique(self.mask)
        ids = ids[ids > 0]
        if ids.size and ids[-1] > len(self.classes):
            raise ValueError(
                f"Got the instance {ids[-1]} in a mask, but {len(self.classes)} classes of "
                "instances."
            )
        masks = [self.mask == number for number in ids]
        return Objects(_boxes(masks), self.classes[ids - 1], tuple(masks))

    @property
    def unit(self) -> str:
        """Every image is drawn by itself."""
        return ""


def _boxes(masks: list[NDArray[np.bool_]]) -> NDArray[np.float64]:
    boxes = []
    for mask in masks:
        rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
        boxes.append([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    return np.array(boxes, np.float64).reshape(-1, 4)
