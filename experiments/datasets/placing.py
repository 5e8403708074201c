"""Where objects go on a canvas, and what a later one may hide of an earlier one."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

TRIES = 12
Corner = tuple[int, int]


class Canvas:
    """An image being painted, with the ids of the objects on it.

    Parameters
    ----------
    image : ndarray of shape (side, side, 3), grey levels
        The background, painted over in place.

    Attributes
    ----------
    ids : ndarray of shape (side, side), int32
        Id of the object seen at a pixel; 0 is background.
    classes : list of int
        Class of object ``i + 1``.
    """

    def __init__(self, image: NDArray[np.float64]) -> None:
        self.image = image
        self.ids = np.zeros(image.shape[:2], np.int32)
        self.shape: tuple[int, int] = (len(image), len(image[0]))
        self.classes: list[int] = []
        self._area = [0]
        self._seen = [0]
        self._middle: list[tuple[float, float]] = []

    def paint(
        self,
        colour: NDArray[np.float64],
        alpha: NDArray[np.float64],
        mask: NDArray[np.bool_],
        corner: Corner,
        label: int | None,
    ) -> None:
        """Blend an object in; without a label it belongs to the background."""
        at, inside = self._windows(mask.shape, corner)
        weight = alpha[inside][:, :, None]
        self.image[at] = self.image[at] * (1 - weight) + colour[inside] * weight
        if label is None:
            return
        self.classes.append(label)
        self._area.append(int(mask[inside].sum()))
        self._middle.append((corner[0] + mask.shape[0] / 2, corner[1] + mask.shape[1] / 2))
        self.ids[at][mask[inside]] = len(self.classes)
        self._seen = np.bincount(self.ids.ravel(), minlength=len(self._area)).tolist()

    def place(
        self,
        mask: NDArray[np.bool_],
        rng: np.random.Generator,
        *,
        max_hidden: float,
        touching: float = 0.0,
        cut_off: float = 0.0,
    ) -> Corner | None:
        """Find where an object hides at most the share `max_hidden` of every other.

        Parameters
        ----------
        mask : ndarray of shape (height, width), bool
        touching : float
            Probability that the object lies against an earlier one.
        cut_off : float
            Share of the object's box that may lie outside the image.

        Returns
        -------
        corner : tuple of int or None
            Row and column of the object's box; None if no free place was found.
        """
        for _ in range(TRIES):
            if self._middle and rng.random() < touching:
                corner = self._against(mask, rng, max_hidden)
            else:
                corner = self._anywhere(mask.shape, rng, cut_off)
            if self._inside(mask.shape, corner) and self._free(mask, corner, max_hidden):
                return corner
        return None

    def _anywhere(self, shape: tuple[int, ...], rng: np.random.Generator, cut_off: float) -> Corner:
        row, column = (
            round(-cut_off * length + u * (edge - length + 2 * cut_off * length))
            for u, length, edge in zip(rng.random(2), shape, self.shape, strict=True)
        )
        return row, column

    def _against(
        self, mask: NDArray[np.bool_], rng: np.random.Generator, max_hidden: float
    ) -> Corner:
        height, width = mask.shape
        row, column = self._middle[int(rng.integers(len(self._middle)))]
        angle = float(rng.random()) * 2 * pi
        found = (-height, -width)
        for distance in range(int((height + width) * 0.75) + 12, 0, -1):
            corner = (
                round(row + distance * sin(angle) - height / 2),
                round(column + distance * cos(angle) - width / 2),
            )
            if self._inside(mask.shape, corner):
                if not self._free(mask, corner, max_hidden):
                    break
                found = corner
        return found

    def _inside(self, shape: tuple[int, ...], corner: Corner) -> bool:
        return all(
            start + length / 2 >= 0 and start + length / 2 <= edge
            for start, length, edge in zip(corner, shape, self.shape, strict=True)
        )

    def _free(self, mask: NDArray[np.bool_], corner: Corner, max_hidden: float) -> bool:
        at, inside = self._windows(mask.shape, corner)
        hidden = np.bincount(self.ids[at][mask[inside]], minlength=1).tolist()
        return all(
            n == 0 or (max_hidden > 0 and self._seen[i] - n >= (1 - max_hidden) * self._area[i])
            for i, n in enumerate(hidden)
            if i
        )

    def _windows(self, shape: tuple[int, ...], corner: Corner) -> tuple[tuple[slice, ...], ...]:
        at: list[slice] = []
        inside: list[slice] = []
        for start, length, edge in zip(corner, shape, self.shape, strict=True):
            low, high = max(start, 0), min(start + length, edge)
            at.append(slice(low, max(high, low)))
            inside.append(slice(low - start, max(high, low) - start))
        return tuple(at), tuple(inside)
