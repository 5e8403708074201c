"""Damped Gauss-Newton steps on (log B, log C) of many curves at once; A and D follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.curves._linear_part import SEARCH_BOX, TINY, Array, Curves, LinearPart, logistic

_LARGEST_MOVE = (1.0, 3.0)
_GIVE_UP = 1e3
_FULL = 0.7
_SINGULAR = 1e-3

LEAST = 16
"""Fewest curves at once: sums over a single column run in another order."""


def descend(curves: Curves, points: Array, n_steps: int, settled: float) -> tuple[Array, Array]:
    """Step until the loss falls by less than a fraction `settled`.

    Parameters
    ----------
    curves : Curves
        One for each start.
    points : ndarray of shape (2, n), log B and log C
    n_steps : int
        At most.
    settled : float

    Returns
    -------
    points : ndarray of shape (2, n)
    loss : ndarray of shape (n,)
    """
    low, high = SEARCH_BOX.T.astype(points.dtype)[..., None]
    noise = np.finfo(points.dtype).eps ** 2
    state = np.concatenate([points, linearise(curves, points)])
    found = state[:3].copy()
    at = np.arange(points.shape[1])
    damping = np.full(points.shape[1], 1e-2, points.dtype)
    done = _is_settled(state, settled, noise)
    for step in range(n_steps + 1):
        going = np.flatnonzero(~done)
        if len(going) == 0 or step == n_steps:
            break
        if LEAST <= len(going) < _FULL * len(at):
            found[:, at] = state[:3]
            at, damping, done = at[going], damping[going], done[going]
            state = state.take(going, axis=1)
            curves = curves.take(going)
        trial = np.clip(state[:2] + _damped_step(state[3:], damping), low, high)
        there = np.concatenate([trial, linearise(curves, trial)])
        gain = state[2] - there[2]
        better = (gain > 0) & ~done
        done |= (gain < settled * there[2] + noise) & np.where(
            better, damping < 1, damping > _GIVE_UP
        )
        np.copyto(state, there, where=better)
        done |= better & _is_settled(state, settled, noise)
        damping = np.where(better, damping * 0.2, np.maximum(damping, 1e-3) * 8).astype(
            points.dtype
        )
    found[:, at] = state[:3]
    return found[:2], found[2]


def linearise(curves: Curves, points: Array) -> Array:
    """Give the loss, its half gradient and the normal equations of the projected problem.

    Returns
    -------
    parts : ndarray of shape (6, n)
        Loss; gradient, downhill; elements (0, 0), (0, 1) and (1, 1) of the normal matrix.
        In double precision, gradient and element (0, 1) are 0 where downhill leads out of
        the search box.
    """
    parts = np.empty((6, points.shape[1]), points.dtype)
    for columns, block in curves.blocks():
        _linearise(block, points[:, columns], parts[:, columns])
    if points.dtype == np.float64:
        _hold(parts, points)
    return parts


def _hold(parts: Array, points: Array) -> None:
    """Take a coordinate out of the problem where downhill leads out of the search box.

    Only where the minimum is near: further off, the rejected steps still find lower ones.
    """
    low, high = SEARCH_BOX.T[..., None]
    downhill = parts[1:3]
    free = np.where(downhill < 0, points > low, points < high)
    downhill *= free
    parts[4] *= free[0] & free[1]


def _linearise(curves: Curves, points: Array, parts: Array) -> None:
    """Fill the loss, the gradient and the normal matrix of a block."""
    cells = np.empty((4, *curves.scores.shape), points.dtype)
    share, by_half, by_slope, error = cells
    part = residuals(curves, points, share, error)
    np.multiply(share, share, out=by_half)
    np.subtract(share, by_half, out=by_half)
    np.multiply(points[1] - curves.log_sizes, by_half, out=by_slope)
    heavy = curves.weighted(cells[2:0:-1])
    _dot(curves.weighted(error), error, parts[0])
    of_share, of_half, of_slope, of_error = np.einsum("aij,bij->baj", heavy, cells)
    explained = _explained(part, of_share, heavy.sum(axis=1), curves.total)
    scale = (part.start - part.plateau) * np.exp(points[0])
    parts[1:3] = scale * of_error
    parts[3:5] = of_slope - explained[0]
    parts[5] = of_half[1] - explained[1, 1]
    parts[3:] *= scale * scale


def residuals(curves: Curves, points: Array, share: Array, error: Array) -> LinearPart:
    """Find the best A and D at each point.

    Parameters
    ----------
    curves : Curves
    points : ndarray of shape (2, n), log B and log C
    share, error : ndarray of shape (n_points, n)
        Filled: the share of the start left; scores less those of the curves.

    Returns
    -------
    part : LinearPart
    """
    logistic(points, curves.log_sizes, out=share)
    if curves.weights is None:
        mean = share.sum(axis=0) / curves.total
    else:
        mean = _dot(curves.weights, share) / curves.total
    centred = curves.clear(np.subtract(share, mean, out=error))
    weighted = curves.weighted(centred)
    spread, gy = _dot(weighted, centred), _dot(weighted, curves.scores)
    part = LinearPart.of(mean, spread, gy, curves.total, curves.level)
    np.multiply(share, part.plateau - part.start, out=error)
    error += curves.scores
    error -= part.plateau
    curves.clear(error)
    return part


def losses(curves: Curves, points: Array) -> tuple[Array, LinearPart]:
    """Give the loss at each point, and the best A and D."""
    share, error = np.empty((2, *curves.scores.shape), points.dtype)
    part = residuals(curves, points, share, error)
    return _dot(curves.weighted(error), error), part


def _explained(part: LinearPart, of_share: Array, of_all: Array, total: Array) -> Array:
    """Give the part of the normal equations that the free ones of A and D make up for."""
    sums = np.empty((4, *of_all.shape), of_all.dtype)
    sums[0], sums[2] = of_all, of_share
    np.subtract(of_share, part.mean * of_all, out=sums[1])
    np.subtract(of_all, of_share, out=sums[3])
    both = part.above & part.below
    shares = np.empty((4, 1, len(both)), of_all.dtype)
    shares[0, 0] = both / total
    shares[1, 0] = both / np.maximum(part.spread, TINY)
    shares[2, 0] = (part.above > both) / part.gg
    shares[3, 0] = (part.below > both) / part.hh
    return np.einsum("kin,kjn->ijn", sums * shares, sums)


def _damped_step(parts: Array, damping: Array) -> Array:
    """Solve the damped normal equations; at most one unit of log B and three of log C."""
    by_slope, by_half, p, q, r = parts
    p, r = np.abs(p), np.abs(r)
    size = p + r
    extra = damping * 1e-3 * size + (1e-9 * size + TINY)
    p, r = p + damping * p + extra, r + damping * r + extra
    determinant = np.maximum(p * r - q * q, 1e-12 * p * r) + TINY**1.2
    move = np.stack([r * by_slope - q * by_half, p * by_half - q * by_slope]) / determinant
    most = np.array(_LARGEST_MOVE, move.dtype)[:, None]
    return np.clip(move, -most, most)


def _is_settled(state: Array, settled: float, noise: np.floating) -> NDArray[np.bool_]:
    """Tell where another step promises next to nothing."""
    return _promised(state[3:]) <= settled * state[2] + noise


def _promised(parts: Array) -> Array:
    """Give by how much the loss would fall in an undamped step if the curve were linear.

    Infinite where the normal matrix is all but singular: there it cannot be told.
    """
    by_slope, by_half, p, q, r = parts
    both = p * r
    determinant = both - q * q
    fall = r * by_slope * by_slope - 2 * q * by_slope * by_half + p * by_half * by_half
    told = determinant >= _SINGULAR * both
    return np.where(told, fall / (np.abs(determinant) + TINY**1.2), np.inf).astype(parts.dtype)


def _dot(a: Array, b: Array, out: Array | None = None) -> Array:
    return np.einsum("ij,ij->j", a, b, out=out)
