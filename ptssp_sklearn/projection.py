"""Bounded least-squares fits of many 4PL curves at once, by variable projection.

For given slope B and half-way size C a curve is linear in A and D, and the best
0 <= A <= D <= 1 has a closed form. So only (log B, log C) are searched: a coarse grid that
all curves share, then damped Gauss-Newton steps from its best local minima.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ptssp_sklearn.linear_part import (
    GROUND,
    SEARCH_BOX,
    TOP,
    Array,
    Curves,
    LinearPart,
    linear_part,
    logistic,
)
from ptssp_sklearn.screening import GRID_CHUNK, grid_starts
from ptssp_sklearn.sigmoid import PARAM_BOUNDS

_FIRST_STEPS = 8
_NEAR = 1.3
_STEPS = 60
_PULL = 1e-12
_CHUNK = 4096
_SETTLED = 1e-5


def fit_curves(sizes: Array, scores: Array, weights: Array | None = None) -> Array:
    """Fit A, B, C, D to every row of a curve table.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,), images
        A size may stand more than once: repeated measurements.
    scores : ndarray of shape (n_curves, n_sizes), NaN where not measured
    weights : ndarray of shape (n_curves, n_sizes), optional
        Of the squared errors, at least 0.

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
    log_sizes = np.log(np.asarray(sizes, dtype=np.float64))
    params = np.empty((len(scores), 4))
    order = np.lexsort(np.isfinite(scores).T)
    for start in range(0, len(scores), _CHUNK):
        rows = order[start : start + _CHUNK]
        weight = None if weights is None else weights[rows]
        params[rows] = _fit_chunk(Curves.of(log_sizes, scores[rows], weight))
    return params


def _fit_chunk(curves: Curves) -> Array:
    n = len(curves.scores)
    parts = [np.arange(i, min(i + GRID_CHUNK, n)) for i in range(0, n, GRID_CHUNK)]
    started = [
        (points, part[rows]) for part in parts for points, rows in [grid_starts(curves.take(part))]
    ]
    points, rows = (np.concatenate(part) for part in zip(*started, strict=True))
    curves = curves.packed()
    points, loss = _descend(curves.take(rows), points, _FIRST_STEPS)
    lowest = np.full(n, np.inf)
    np.minimum.at(lowest, rows, loss)
    kept = np.flatnonzero(loss <= _NEAR * lowest[rows] + 1e-12)
    rows = rows[kept]
    points, loss = _descend(curves.take(rows), points[kept], _STEPS)
    middle = np.stack([np.zeros(n), curves.middle], axis=-1)
    points, rows = np.concatenate([points, middle]), np.concatenate([rows, np.arange(n)])
    total = np.concatenate([loss, _linearise(curves, middle)[0]])
    total += _PULL * ((points - middle[rows]) ** 2).sum(axis=1)
    order = np.lexsort((total, rows))
    best = points[order[np.searchsorted(rows[order], np.arange(n))]]
    a, d, _ = linear_part(logistic(best, curves.log_sizes), curves).minimise()
    slope, half = (np.clip(np.exp(best[:, i]), *PARAM_BOUNDS[k]) for i, k in enumerate("BC"))
    return np.stack([a, slope, half, np.maximum(a, d)], axis=-1)


def _descend(curves: Curves, points: Array, n_steps: int) -> tuple[Array, Array]:
    """Take damped Gauss-Newton steps until nothing is gained any more."""
    found, losses = points.copy(), np.empty(len(points))
    at = np.arange(len(points))
    damping = np.full(len(points), 1e-2)
    done = np.zeros(len(points), bool)
    loss, gradient, normal = _linearise(curves, points)
    losses[:] = loss
    for _ in range(n_steps):
        trial = np.clip(points + _damped_step(gradient, normal, damping), *SEARCH_BOX.T)
        new_loss, new_gradient, new_normal = _linearise(curves, trial)
        better = (new_loss < loss) & ~done
        small = (loss - new_loss < _SETTLED * new_loss + 1e-14) & (damping < 1)
        done |= np.where(better, small, damping > 1e3)
        points = np.where(better[:, None], trial, points)
        loss = np.where(better, new_loss, loss)
        gradient = np.where(better[:, None], new_gradient, gradient)
        normal = np.where(better[:, None], new_normal, normal)
        damping = np.where(better, damping * 0.2, np.maximum(damping, 1e-3) * 8)
        found[at], losses[at] = points, loss
        going = np.flatnonzero(~done)
        if len(going) == 0:
            break
        if len(going) < 0.8 * len(at):
            at, points, loss, damping = at[going], points[going], loss[going], damping[going]
            gradient, normal, done = gradient[going], normal[going], done[going]
            curves = curves.take(going)
    return found, losses


def _linearise(curves: Curves, points: Array) -> tuple[Array, Array, Array]:
    """Give the loss, its half gradient and the normal equations of the projected problem.

    Returns
    -------
    loss : ndarray of shape (n,)
    gradient : ndarray of shape (n, 2), downhill
    normal : ndarray of shape (n, 3), its elements (0, 0), (0, 1) and (1, 1)
    """
    slope = np.exp(points[:, :1])
    distance = points[:, 1:] - curves.log_sizes
    share = expit(slope * distance)
    sums = linear_part(share, curves)
    a, d, edge = sums.minimise()
    rest = 1.0 - share
    step = (a - d)[:, None]
    error = curves.scores - d[:, None] - step * share
    by_half = step * slope * share * rest
    by_slope = by_half * distance
    weighted = curves.weights * error
    loss = np.einsum("ij,ij->i", weighted, error)
    columns = (by_slope, by_half)
    gradient = np.stack([np.einsum("ij,ij->i", weighted, c) for c in columns], axis=-1)
    heavy = [curves.weights * c for c in columns]
    normal = np.stack(
        [np.einsum("ij,ij->i", heavy[i], columns[j]) for i, j in ((0, 0), (0, 1), (1, 1))], axis=-1
    )
    of_share = np.stack([np.einsum("ij,ij->i", c, share) for c in heavy], axis=-1)
    of_rest = np.stack([c.sum(axis=1) for c in heavy], axis=-1) - of_share
    return loss, gradient, normal - _explained(sums, edge, of_share, of_rest)


def _explained(sums: LinearPart, edge: NDArray[np.int8], of_share: Array, of_rest: Array) -> Array:
    """Give the part of the normal equations that the free ones of A and D make up for."""
    hh, gh = np.maximum(sums.w - 2 * sums.g + sums.gg, 0.0), sums.g - sums.gg
    tiny = 1e-300
    determinant = sums.gg * hh - gh * gh
    inverse = np.zeros((3, len(edge)))
    inside = (edge == 0) & (determinant > 0)
    safe = np.where(inside, determinant, 1.0)
    inverse[:, inside] = (np.stack([hh, -gh, sums.gg]) / safe)[:, inside]
    inverse[0, edge == TOP] = (1 / (sums.gg + tiny))[edge == TOP]
    inverse[2, edge == GROUND] = (1 / (hh + tiny))[edge == GROUND]
    gg, gh, hh = inverse
    pairs = ((0, 0), (0, 1), (1, 1))
    return np.stack(
        [
            gg * of_share[:, i] * of_share[:, j]
            + gh * (of_share[:, i] * of_rest[:, j] + of_rest[:, i] * of_share[:, j])
            + hh * of_rest[:, i] * of_rest[:, j]
            for i, j in pairs
        ],
        axis=-1,
    )


def _damped_step(gradient: Array, normal: Array, damping: Array) -> Array:
    """Solve the damped normal equations; at most one unit of log B and three of log C."""
    size = np.abs(normal[:, 0]) + np.abs(normal[:, 2])
    floor = 1e-9 * size + 1e-30
    p = normal[:, 0] + damping * (np.abs(normal[:, 0]) + 1e-3 * size) + floor
    r = normal[:, 2] + damping * (np.abs(normal[:, 2]) + 1e-3 * size) + floor
    q = normal[:, 1]
    determinant = np.maximum(p * r - q * q, 1e-12 * p * r) + 1e-300
    move = np.stack(
        [r * gradient[:, 0] - q * gradient[:, 1], p * gradient[:, 1] - q * gradient[:, 0]], axis=-1
    )
    return np.clip(move / determinant[:, None], [-1.0, -3.0], [1.0, 3.0])
