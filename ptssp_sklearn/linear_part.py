"""Curves as arrays, and the part of a 4PL fit that has a closed form: A and D."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ptssp_sklearn.sigmoid import PARAM_BOUNDS

Array = NDArray[np.floating[Any]]

SEARCH_BOX = np.log([PARAM_BOUNDS["B"], PARAM_BOUNDS["C"]])
"""Bounds of log B and log C."""

TINY = 1e-30
"""Keeps divisions finite, also in single precision."""


@dataclass(frozen=True)
class Curves:
    """Measured curves, a column each: sums over points then run along memory.

    Parameters
    ----------
    log_sizes : ndarray of shape (n_points, 1) or (n_points, n_curves)
        Ascending where a point was measured.
    scores : ndarray of shape (n_points, n_curves)
        About the mean of their curve; 0 where nothing was measured.
    weights : ndarray of shape (n_points, n_curves), or None
        0 where nothing was measured; None where all are 1.
    total, level : ndarray of shape (n_curves,)
        Sum of the weights; mean of the scores.
    """

    log_sizes: Array
    scores: Array
    weights: Array | None
    total: Array
    level: Array

    @classmethod
    def of(cls, log_sizes: Array, scores: Array, weights: Array | None) -> Curves:
        """Lay out a table of shape (n_curves, n_sizes), its empty places left out.

        Weights are scaled to a mean of 1.
        """
        known = np.isfinite(scores)
        counts = known.sum(axis=1)
        if counts.min(initial=0) == known.shape[1]:
            sizes = log_sizes[:, None]
            values = np.ascontiguousarray(scores.T)
            weight = None if weights is None else np.ascontiguousarray(weights.T)
        else:
            row, column = np.nonzero(known)
            place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts), row
            parts = (log_sizes[column], scores[known], 1.0 if weights is None else weights[known])
            sizes, values, weight = (np.zeros((counts.max(), len(scores))) for _ in parts)
            for packed, part in zip((sizes, values, weight), parts, strict=True):
                packed[place] = part
            if weights is None and counts.min() == counts.max():
                weight = None
        if weight is None:
            total = np.maximum(counts, TINY)
            level = values.sum(axis=0) / total
            return cls(sizes, values - level, None, total, level)
        if weights is not None:
            weight /= np.maximum(weight.sum(axis=0) / np.maximum(counts, 1), 1e-300)
        total = np.maximum(weight.sum(axis=0), TINY)
        level = (weight * values).sum(axis=0) / total
        return cls(sizes, np.where(weight > 0, values - level, 0.0), weight, total, level)

    def take(self, rows: NDArray[np.intp]) -> Curves:
        """Give some curves, in another order or more than once."""
        shared = self.log_sizes.shape[1] == 1
        return Curves(
            self.log_sizes if shared else self.log_sizes.take(rows, axis=1),
            self.scores.take(rows, axis=1),
            None if self.weights is None else self.weights.take(rows, axis=1),
            self.total[rows],
            self.level[rows],
        )

    def astype(self, dtype: DTypeLike) -> Curves:
        """Give the curves in another precision."""
        weights = None if self.weights is None else self.weights.astype(dtype)
        parts = (self.log_sizes, self.scores, self.total, self.level)
        sizes, scores, total, level = (part.astype(dtype) for part in parts)
        return Curves(sizes, scores, weights, total, level)

    def weighted(self, values: Array) -> Array:
        """Multiply values of points by their weights."""
        return values if self.weights is None else values * self.weights


@dataclass(frozen=True)
class LinearPart:
    """The best A and D, about the mean score of their curve, for given B and C.

    With g the share of the start left and h = 1 - g, score = A g + D h. All arrays are of
    one value a curve (and shape); sums are weighted ones over the points.

    Parameters
    ----------
    start, plateau : ndarray
        The best A and D with 0 <= A <= D <= 1.
    mean : ndarray
        Mean of g.
    spread, gg, hh : ndarray
        Sums of (g - mean)**2, g**2, h**2.
    above, below : ndarray of bool
        Whether A is above 0, D below 1.
    """

    start: Array
    plateau: Array
    mean: Array
    spread: Array
    gg: Array
    hh: Array
    above: NDArray[np.bool_]
    below: NDArray[np.bool_]

    @classmethod
    def of(cls, mean: Array, spread: Array, gy: Array, total: Array, level: Array) -> LinearPart:
        """Minimise over the triangle: the free minimum, then A and D in turn within it.

        Where the free minimum lies inside, the turns change nothing; where one of A and D
        is on its bound, they end at the minimum of that edge.

        Parameters
        ----------
        mean, spread : ndarray
            As above.
        gy : ndarray
            Sum of g * score, scores about their mean.
        total : ndarray
            Sum of the weights.
        level : ndarray
            Mean of the scores.
        """
        low, high = -level, 1 - level
        gg = total * mean
        gh = gg * (1 - mean) - spread
        gg = np.maximum(gg * mean + spread, TINY)
        hh = np.maximum(total * (1 - mean) ** 2 + spread, TINY)
        plateau = np.minimum(np.maximum(-gy / np.maximum(spread, TINY), 0) * mean, high)
        for _ in range(2):
            start = np.minimum(np.maximum((gy - plateau * gh) / gg, low), plateau)
            plateau = np.minimum(np.maximum((-gy - start * gh) / hh, start), high)
        return cls(start, plateau, mean, spread, gg, hh, start > low, plateau < high)


def logistic(points: Array, log_sizes: Array) -> Array:
    """Give the share of the start left at each size.

    Parameters
    ----------
    points : ndarray of shape (2, n), log B and log C
    log_sizes : ndarray of shape (n_points, 1) or (n_points, n)

    Returns
    -------
    share : ndarray of shape (n_points, n)
    """
    share = (log_sizes - points[1]) * np.exp(points[0])
    np.exp(share, out=share)
    share += 1
    return np.reciprocal(share, out=share)
