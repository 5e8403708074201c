"""Bounded least-squares fits of many 4PL curves at once, by variable projection.

For given slope B and half-way size C a curve is linear in A and D, and the best
0 <= A <= D <= 1 has a closed form. So only (log B, log C) are searched: a coarse grid that
all curves share, then damped Gauss-Newton steps from its best local minima, in single
precision; the last steps of the best one are in double precision.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.curves._levenberg_marquardt import LEAST, descend, losses
from ptssp_sklearn.curves._linear_part import Array, Curves
from ptssp_sklearn.curves._starting_grid import Grid
from ptssp_sklearn.curves.sigmoid import PARAM_BOUNDS

_CHUNK = 4096
_FIRST_STEPS, _FIRST_SETTLED = 5, 1e-2
_NEAR, _TOGETHER = 1.05, 0.1
_STEPS, _SETTLED = 20, 1e-3
_LAST_STEPS, _LAST_SETTLED = 40, 1e-5
_PULL = 1e-12


def fit_curves(sizes: Array, scores: Array, weights: Array | None = None) -> NDArray[np.float64]:
    """Fit A, B, C, D to every row of a curve table.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,), images
        A size may stand more than once: repeated measurements.
    scores : ndarray of shape (n_curves, n_sizes), NaN where not measured
    weights : ndarray of shape (n_curves, n_sizes), optional
        Weights of the squared errors, at least 0.

    Returns
    -------
    params : ndarray of shape (n_curves, 4)
        Inside the bounds. Where the data leave a choice, an answer near to B = 1 and
        C = the middle of the measured sizes is taken.

    References
    ----------
    .. [1] Golub, G., Pereyra, V. (2003). Separable nonlinear least squares: the variable
       projection method and its applications. Inverse Problems, 19(2).
    .. [2] Kaufman, L. (1975). A variable projection method for solving separable nonlinear
       least squares problems. BIT, 15(1).
    """
    order = np.argsort(sizes, kind="stable")
    log_sizes = np.log(np.asarray(sizes, dtype=np.float64))[order]
    grid = Grid(log_sizes)
    params = np.empty((len(scores), 4))
    by_length = np.argsort(np.isfinite(scores).sum(axis=1), kind="stable")

    for rows in np.array_split(by_length, max(1, len(scores) // _CHUNK)):
        rows = np.resize(rows, max(len(rows), LEAST))
        score = _arranged(scores, rows, order)
        weight = None if weights is None else _arranged(weights, rows, order)
        with np.errstate(over="ignore", under="ignore"):
            params[rows] = _fit_chunk(grid, log_sizes, score, weight)
    return params


def _arranged(table: Array, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Array:
    part = table.take(rows, axis=0)
    return part if (np.diff(columns) == 1).all() else part.take(columns, axis=1)


def _fit_chunk(grid: Grid, log_sizes: Array, scores: Array, weights: Array | None) -> Array:
    exact = Curves.of(log_sizes, scores, weights)
    curves = exact.astype(np.float32)
    starts, rows = grid.starts(curves)
    starts = starts.astype(np.float32)
    points, loss = descend(curves.take(rows), starts, _FIRST_STEPS, _FIRST_SETTLED)
    kept = _worth_finishing(points, loss, rows)
    points, rows = points[:, kept], rows[kept]
    points, loss = descend(curves.take(rows), points, _STEPS, _SETTLED)
    middle = np.stack([np.zeros(len(scores)), _middles(log_sizes, scores)])
    total = loss + _PULL * ((points - middle[:, rows]) ** 2).sum(axis=0)
    best = points[:, _lowest(total, rows)[0]].astype(float)
    best, loss = descend(exact, best, _LAST_STEPS, _LAST_SETTLED)
    total = loss + _PULL * ((best - middle) ** 2).sum(axis=0)
    best = np.where(losses(exact, middle)[0] <= total, middle, best)
    part = losses(exact, best)[1]
    start, plateau = (np.clip(p + exact.level, 0.0, 1.0) for p in (part.start, part.plateau))
    slope, half = (np.clip(np.exp(p), *PARAM_BOUNDS[k]) for p, k in zip(best, "BC", strict=True))
    return np.stack([start, slope, half, np.maximum(start, plateau)], axis=-1)


def _lowest(loss: Array, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the place of each row's lowest loss, and for each place that of its row."""
    order = np.lexsort((loss, rows))
    first = np.flatnonzero(np.diff(rows[order], prepend=-1))
    return order[first], order[first][rows]


def _worth_finishing(points: Array, loss: Array, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Give the places that may yet be a row's best, one of those that lie together."""
    best, lead = _lowest(loss, rows)
    apart = np.abs(points - points[:, lead]).max(axis=0)
    apart[best] = np.inf
    return np.flatnonzero((apart > _TOGETHER) & (loss <= _NEAR * loss[lead] + 1e-12))


def _middles(log_sizes: Array, scores: Array) -> Array:
    known = np.isfinite(scores)
    first, last = known.argmax(axis=1), known.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    return (log_sizes[first] + log_sizes[last]) / 2
