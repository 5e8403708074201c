"""Curves as arrays, and the part of a 4PL fit that has a closed form: A and D."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ptssp_sklearn.curves.sigmoid import PARAM_BOUNDS

Array = NDArray[np.floating[Any]]

SEARCH_BOX = np.log([PARAM_BOUNDS["B"], PARAM_BOUNDS["C"]])
"""Bounds of log B and log C."""

TINY = 1e-30
"""Keeps divisions finite, also in single precision."""

_BLOCK = 2048
_NOWHERE = 1e6


@dataclass(frozen=True)
class Curves:
    """Measured curves, a column each: sums over points then run along memory.

    Parameters
    ----------
    log_sizes : ndarray of shape (n_points, 1) or (n_points, n_curves)
        Ascending; so large where nothing was measured that no start is left there.
    scores : ndarray of shape (n_points, n_curves)
        About the mean of their curve; 0 where nothing was measured.
    weights : ndarray of shape (n_points, n_curves), or None
        0 where nothing was measured; None where all that was measured weighs the same.
    known : ndarray of shape (n_points, n_curves), or None
        1 where a point was measured, 0 elsewhere; None without empty places.
    total, level : ndarray of shape (n_curves,)
        Sum of the weights; mean of the scores.
    lengths : ndarray of int of shape (n_curves,)
        In how many of the first places a point was measured.
    """

    log_sizes: Array
    scores: Array
    weights: Array | None
    known: Array | None
    total: Array
    level: Array
    lengths: NDArray[np.intp]

    @classmethod
    def of(cls, log_sizes: Array, scores: Array, weights: Array | None) -> Curves:
        """Lay out a table of shape (n_curves, n_sizes), its empty places left out.

        Weights are scaled to a mean of 1.
        """
        measured = np.isfinite(scores)
        counts = measured.sum(axis=1)
        known = weight = None
        if measured.all():
            sizes = log_sizes[:, None]
            values = np.ascontiguousarray(scores.T)
            weight = None if weights is None else np.ascontiguousarray(weights.T)
        else:
            found, row = np.flatnonzero(measured), np.repeat(np.arange(len(scores)), counts)
            place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
            lay = partial(_laid, (counts.max(), len(scores)), place * len(scores) + row)
            sizes = lay(log_sizes[found - row * scores.shape[1]], _NOWHERE)
            values = lay(scores.reshape(-1)[found], 0.0)
            weight = None if weights is None else lay(weights.reshape(-1)[found], 0.0)
            if counts.min() < counts.max():
                known = (np.arange(len(values))[:, None] < counts).astype(np.float64)
        if weight is None:
            total = np.maximum(counts, TINY)
            level = values.sum(axis=0) / total
        else:
            weight /= np.maximum(weight.sum(axis=0) / np.maximum(counts, 1), 1e-300)
            total = np.maximum(weight.sum(axis=0), TINY)
            level = (weight * values).sum(axis=0) / total
        values -= level
        if known is not None:
            values *= known
        return cls(sizes, values, weight, known, total, level, counts)

    def take(self, rows: NDArray[np.intp]) -> Curves:
        """Give some curves, in another order or more than once."""
        shared = self.log_sizes.shape[1] == 1
        return Curves(
            self.log_sizes if shared else self.log_sizes.take(rows, axis=1),
            self.scores.take(rows, axis=1),
            None if self.weights is None else self.weights.take(rows, axis=1),
            None if self.known is None else self.known.take(rows, axis=1),
            self.total[rows],
            self.level[rows],
            self.lengths[rows],
        )

    def blocks(self) -> Iterator[tuple[slice, Curves]]:
        """Give the curves in parts that fit into a processor's cache, without empty places.

        Few places are empty where curves of one length stand together.
        """
        n = self.scores.shape[1]
        if n < 2 * _BLOCK or self.known is None:
            yield slice(None), self
            return
        edges = np.linspace(0, n, n // _BLOCK + 1).astype(int)
        for start, stop in pairwise(edges):
            yield slice(start, stop), self._part(slice(start, stop))

    def _part(self, columns: slice) -> Curves:
        lengths = self.lengths[columns]
        places = slice(lengths.max(initial=0))
        shared = self.log_sizes.shape[1] == 1
        return Curves(
            self.log_sizes[places] if shared else self.log_sizes[places, columns],
            self.scores[places, columns],
            None if self.weights is None else self.weights[places, columns],
            None if self.known is None else self.known[places, columns],
            self.total[columns],
            self.level[columns],
            lengths,
        )

    def astype(self, dtype: DTypeLike) -> Curves:
        """Give the curves in another precision."""
        names = ("log_sizes", "scores", "weights", "known", "total", "level")
        parts = {name: getattr(self, name) for name in names}
        changed = {k: part.astype(dtype) for k, part in parts.items() if part is not None}
        return replace(self, **changed)

    def weighted(self, values: Array) -> Array:
        """Multiply values of points by their weights."""
        return values if self.weights is None else values * self.weights

    def clear(self, values: Array) -> Array:
        """Set values to 0, in place, where nothing was measured."""
        return values if self.known is None else np.multiply(values, self.known, out=values)

    @property
    def mass(self) -> Array | None:
        """Weights; 1 and 0 where there are none; None where all are 1."""
        return self.known if self.weights is None else self.weights


def _laid(
    shape: tuple[int, int], places: NDArray[np.intp], values: Array, elsewhere: float
) -> Array:
    array = np.full(shape, elsewhere)
    array.reshape(-1)[places] = values
    return array


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
        rest = 1 - mean
        gg, hh = total * mean, total * rest
        gh = gg * rest
        gh -= spread
        for squares, share in ((gg, mean), (hh, rest)):
            squares *= share
            squares += spread
            np.maximum(squares, TINY, out=squares)
        plateau = gy / -np.maximum(spread, TINY)
        np.maximum(plateau, 0, out=plateau)
        plateau *= mean
        np.minimum(plateau, high, out=plateau)
        for _ in range(2):
            start = plateau * gh
            np.subtract(gy, start, out=start)
            start /= gg
            np.minimum(np.maximum(start, low, out=start), plateau, out=start)
            plateau = start * gh
            plateau += gy
            plateau /= -hh
            np.minimum(np.maximum(plateau, start, out=plateau), high, out=plateau)
        return cls(start, plateau, mean, spread, gg, hh, start > low, plateau < high)


def logistic(points: Array, log_sizes: Array, out: Array | None = None) -> Array:
    """Give the share of the start left at each size.

    Parameters
    ----------
    points : ndarray of shape (2, n), log B and log C
    log_sizes : ndarray of shape (n_points, 1) or (n_points, n)
    out : ndarray of shape (n_points, n), optional
        Filled and given back.

    Returns
    -------
    share : ndarray of shape (n_points, n)
    """
    share = np.subtract(log_sizes, points[1], out=out)
    share *= np.exp(points[0])
    np.exp(share, out=share)
    share += 1
    return np.reciprocal(share, out=share)
