"""Where to start fitting: the best local minima of a grid that all curves share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.curves._linear_part import SEARCH_BOX, TINY, Array, Curves, LinearPart, logistic

GRID_CHUNK = 256
"""Curves a matrix product: blocks of one size give a curve the same starts in any company."""

_CELLS = 64
_SLOPES = 7
_HALF_STEP = 1.0
_BELOW, _ABOVE = 2.0, 7.0
_STARTS = 3
_FAR = 2.0
_STEEP = SEARCH_BOX[0, 1] - 0.1

Single = NDArray[np.float32]


class Grid:
    """Shapes (log B, log C) over the range of some sizes, with what all curves share of them.

    Sizes in one of 64 cells of their log range are one here: starts need no more.

    Parameters
    ----------
    log_sizes : ndarray of shape (n_sizes,), ascending
    """

    def __init__(self, log_sizes: Array) -> None:
        low = max(log_sizes.min() - _BELOW, SEARCH_BOX[1, 0])
        high = min(log_sizes.max() + _ABOVE, SEARCH_BOX[1, 1])
        slopes = np.linspace(SEARCH_BOX[0, 0], SEARCH_BOX[0, 1], _SLOPES)
        halves = np.linspace(low, high, int(np.ceil((high - low) / _HALF_STEP)) + 1)
        self.shape = len(slopes), len(halves)
        self._same_slope = np.arange(1, len(slopes) * len(halves)) % len(halves) > 0
        self.points = np.stack(np.meshgrid(slopes, halves, indexing="ij")).reshape(2, -1)
        self._origin = log_sizes[0].astype(np.float32)
        self._per_unit = np.float32(_CELLS / max(np.ptp(log_sizes), TINY**0.5))
        cells = self._cells(log_sizes.astype(np.float32))
        _, self._edges, counts = np.unique(cells, return_index=True, return_counts=True)
        self._place = np.searchsorted(cells[self._edges], np.arange(cells[-1] + 1))
        centres = np.add.reduceat(log_sizes, self._edges) / counts
        share = logistic(self.points, centres[:, None])
        self.share, self.squares = share.astype(np.float32), (share**2).astype(np.float32)
        every = counts[None].astype(np.float64)
        self.sums = _product(every, self.share), _product(every, self.squares)

    def starts(self, curves: Curves) -> tuple[Array, NDArray[np.intp]]:
        """Give the lowest local minima, and which curve each belongs to.

        Parameters
        ----------
        curves : Curves
            In single precision.

        Returns
        -------
        points : ndarray of shape (2, n)
        rows : ndarray of shape (n,), ascending
        """
        heavy = curves.weighted(curves.scores)
        flat = np.einsum("ij,ij->j", heavy, curves.scores)
        places = self._places(curves)
        scores = self._summed(heavy, places)
        weights = curves.mass
        if weights is None and places is not None:
            weights = np.ones_like(heavy)
        weights = None if weights is None else self._summed(weights, places)
        found = []
        for start in range(0, len(scores), GRID_CHUNK):
            part = slice(start, start + GRID_CHUNK)
            weight = None if weights is None else weights[part]
            loss = self._screen(scores[part], weight, curves.total[part], curves.level[part])
            loss += flat[part, None]
            picks, rows, lowest = self._local_minima(loss)
            found.append((picks, rows + start, lowest))
        picks, rows, lowest = (np.concatenate(part) for part in zip(*found, strict=True))
        halves, losses = best_steps(curves, flat)
        good = np.flatnonzero(losses <= _FAR * lowest + 1e-6)
        steps = np.stack([np.full(len(good), _STEEP), halves[good]])
        points = np.concatenate([self.points[:, picks], steps], axis=1)
        rows = np.concatenate([rows, good])
        order = np.argsort(rows, kind="stable")
        return points[:, order], rows[order]

    def _places(self, curves: Curves) -> NDArray[np.intp] | None:
        """Give the cell of each point, counted on from curve to curve; None for shared sizes."""
        if curves.log_sizes.shape[1] == 1:
            return None
        places = self._place.take(self._cells(curves.log_sizes), mode="clip")
        places += len(self.share) * np.arange(places.shape[1])
        return places.ravel()

    def _summed(self, values: Array, places: NDArray[np.intp] | None) -> Array:
        """Sum values of points by cell; shape (n_curves, n_cells)."""
        if places is None:
            return np.add.reduceat(values, self._edges, axis=0).T
        shape = values.shape[1], len(self.share)
        sums = np.bincount(places, values.ravel(), shape[0] * shape[1])
        return np.asarray(sums, np.float64).reshape(shape)

    def _cells(self, log_sizes: Array) -> NDArray[np.intp]:
        return ((log_sizes - self._origin) * self._per_unit).astype(np.intp)

    def _screen(self, scores: Array, weights: Array | None, total: Array, level: Array) -> Array:
        """Give the loss of every curve at every shape, less its loss as a flat curve."""
        total, level = (part.astype(np.float32)[:, None] for part in (total, level))
        gy = _product(scores, self.share)
        if weights is None:
            total = total[:1]
            mean, gg = self.sums[0] / total, self.sums[1]
        else:
            mean, gg = _product(weights, self.share) / total, _product(weights, self.squares)
        spread = np.maximum(gg - total * mean * mean, 1e-6 * gg + TINY)
        part = LinearPart.of(mean, spread, gy, total, level)
        loss = part.plateau * (total * mean - part.gg)
        loss -= gy
        loss *= 2
        loss += part.start * part.gg
        loss *= part.start
        rest = part.plateau * part.hh
        rest += 2 * gy
        rest *= part.plateau
        loss += rest
        return loss

    def _local_minima(self, loss: Array) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
        """Give flat places of the lowest local minima, their rows, and each row's least loss."""
        n = len(loss)
        higher = np.zeros(loss.shape, bool)
        for apart, neighbours in ((1, self._same_slope), (self.shape[1], True)):
            falls = loss[:, apart:] < loss[:, :-apart]
            higher[:, :-apart] |= falls & neighbours
            higher[:, apart:] |= ~falls & neighbours
        ranked = np.where(higher, np.float32(np.inf), loss)
        every = np.arange(n)
        picks, losses = [loss.argmin(axis=1)], []
        while len(picks) <= _STARTS:
            losses.append(loss[every, picks[-1]])
            ranked[every, picks[-1]] = np.inf
            picks.append(ranked.argmin(axis=1))
        limit = _FAR * np.maximum(losses[0], 0) + 1e-6
        kept = [np.flatnonzero(low <= limit) for low in losses]
        places = np.concatenate([pick[k] for pick, k in zip(picks, kept, strict=False)])
        return places, np.concatenate(kept), losses[0]


def best_steps(curves: Curves, flat: Array) -> tuple[Array, Array]:
    """Find the best step of each curve: between two neighbouring sizes, or at one of them.

    Parameters
    ----------
    curves : Curves
    flat : ndarray of shape (n,)
        Loss as a flat curve.

    Returns
    -------
    halves : ndarray of shape (n,), log C
    losses : ndarray of shape (n,)
    """
    n_points, n = curves.scores.shape
    if n_points < 2:
        return np.zeros(n), flat
    sizes = curves.log_sizes
    weights = np.ones((n_points, 1)) if curves.mass is None else curves.mass
    before = np.cumsum(curves.weighted(curves.scores), axis=0)[:-1]
    n_before = np.maximum(np.cumsum(weights, axis=0)[:-1], TINY)
    n_after = np.maximum(curves.total - n_before, TINY)
    apart = (sizes[1:] > sizes[:-1]) & (weights[1:] > 0)
    rise = np.minimum(before, 0) * apart
    left, right = rise * rise / n_before, rise * rise / n_after
    gains = left + right
    middles = (sizes[1:] + sizes[:-1]) / 2 + np.zeros_like(gains)
    if n_points > 2:
        centre, weight = curves.scores[1:-1], weights[1:-1]
        low, high = rise[:-1] / n_before[:-1], -rise[1:] / n_after[1:]
        missed = centre - np.minimum(np.maximum(centre, low), high)
        own = (centre * centre - missed * missed) * weight
        at_points = (left[:-1] + right[1:] + own) * (apart[1:] & apart[:-1])
        gains = np.concatenate([gains, at_points])
        middles = np.concatenate([middles, sizes[1:-1] + np.zeros_like(at_points)])
    best = np.ascontiguousarray(gains.T).argmax(axis=1)
    every = np.arange(n)
    return middles[best, every], flat - gains[best, every]


def _product(rows: Array, columns: Single) -> Single:
    """Multiply in blocks of one size, so that a row's result does not hang on the others."""
    padded = np.zeros((GRID_CHUNK, rows.shape[1]), np.float32)
    padded[: len(rows)] = rows
    return (padded @ columns)[: len(rows)]
