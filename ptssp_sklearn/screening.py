"""Where to start fitting: the best local minima of a grid that all curves share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.linear_part import SEARCH_BOX, Array, Curves, logistic

GRID_CHUNK = 256
"""Most curves a call: blocks of one size give a curve the same starts in any company."""

_SLOPES = 11
_HALF_STEP = 0.7
_BELOW, _ABOVE = 2.0, 7.0
_STARTS = 3
_FAR = 2.0


def grid_starts(curves: Curves) -> tuple[Array, NDArray[np.intp]]:
    """Give the lowest local minima of the grid, and which curve each belongs to."""
    low, high = curves.log_sizes.min() - _BELOW, curves.log_sizes.max() + _ABOVE
    low, high = max(low, SEARCH_BOX[1, 0]), min(high, SEARCH_BOX[1, 1])
    slopes = np.linspace(SEARCH_BOX[0, 0], SEARCH_BOX[0, 1], _SLOPES)
    halves = np.linspace(low, high, int(np.ceil((high - low) / _HALF_STEP)) + 1)
    grid = np.stack(np.meshgrid(slopes, halves, indexing="ij"), axis=-1)
    loss = _screen(curves, logistic(grid.reshape(-1, 2), curves.log_sizes))
    picks, rows = _local_minima(loss.reshape(-1, *grid.shape[:2]))
    steps = _steps(curves.log_sizes)
    of_steps = _screen(curves, logistic(steps, curves.log_sizes))
    best_step = of_steps.argmin(axis=1)
    good = np.flatnonzero(of_steps.min(axis=1) <= _FAR * loss.min(axis=1) + 1e-9)
    points = np.concatenate([grid.reshape(-1, 2)[picks], steps[best_step[good]]])
    return points, np.concatenate([rows, good])


def _steps(log_sizes: Array) -> Array:
    """List steep curves that rise between two neighbouring sizes, or at one of them."""
    sizes = np.unique(log_sizes)
    middles = np.concatenate([sizes, (sizes[:-1] + sizes[1:]) / 2])
    return np.stack([np.full(len(middles), SEARCH_BOX[0, 1] - 0.1), middles], axis=-1)


def _screen(curves: Curves, share: Array) -> NDArray[np.float32]:
    """Give the loss of every curve at every shape, in single precision.

    The scores are centred first. Within an edge of the triangle that is left on both sides
    the flat curve stands in.
    """
    w = np.maximum(curves.weights.sum(axis=1), 1e-30)
    level = (curves.weights * curves.scores).sum(axis=1) / w
    centred = np.where(curves.weights > 0, curves.scores - level[:, None], 0.0)
    seen = curves.weights * centred
    flat = (seen * centred).sum(axis=1)
    weights, shape = curves.weights.astype(np.float32), share.astype(np.float32)
    w, level, flat = (part.astype(np.float32)[:, None] for part in (w, level, flat))
    g, gg = _product(weights, shape), _product(weights, shape**2)
    gy = _product(seen.astype(np.float32), shape)
    spread = np.maximum(gg - g * g / w, 1e-6 * gg + 1e-30)
    step = np.minimum(gy / spread, 0.0)
    d = level - step * g / w
    hy, hh = (w - g) * level - gy, np.maximum(w - 2 * g + gg, 1e-30)
    ground = flat + w * level * level - hy * hy / hh
    gz = g * (1 - level) - gy
    top = flat + w * (1 - level) ** 2 - gz * gz / np.maximum(gg, 1e-30)
    ground = np.where(hy <= hh, ground, flat)
    top = np.where((gz >= 0) & (gz <= gg), top, flat)
    inside = (d + step >= 0) & (d <= 1)
    loss = np.where(inside, flat - step * gy, np.minimum(ground, top))
    return np.clip(loss, 0.0, flat)


def _product(rows: NDArray[np.float32], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Multiply in blocks of one size, so that a row's result does not hang on the others."""
    padded = np.zeros((GRID_CHUNK, rows.shape[1]), np.float32)
    padded[: len(rows)] = rows
    return (padded @ columns.T)[: len(rows)]


def _local_minima(loss: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give flat places of the lowest local minima of each grid, and their rows."""
    n = len(loss)
    lowest = np.ones(loss.shape, bool)
    lowest[:, 1:] &= loss[:, 1:] < loss[:, :-1]
    lowest[:, :-1] &= loss[:, :-1] <= loss[:, 1:]
    lowest[:, :, 1:] &= loss[:, :, 1:] < loss[:, :, :-1]
    lowest[:, :, :-1] &= loss[:, :, :-1] <= loss[:, :, 1:]
    flat = loss.reshape(n, -1)
    ranked = np.where(lowest.reshape(n, -1), flat, np.float32(np.inf))
    best = flat.argmin(axis=1)
    ranked[np.arange(n), best] = -1.0
    picks = np.argpartition(ranked, _STARTS - 1, axis=1)[:, :_STARTS]
    limit = _FAR * flat[np.arange(n), best] + 1e-6
    rows, places = np.nonzero(np.take_along_axis(ranked, picks, axis=1) <= limit[:, None])
    return picks[rows, places], rows
