"""Damped Gauss-Newton steps on (log B, log C) of many curves at once; A and D follow."""

from __future__ import annotations

import numpy as np

from ptssp_sklearn.linear_part import SEARCH_BOX, TINY, Array, Curves, LinearPart, logistic

_LARGEST_MOVE = (1.0, 3.0)
_GIVE_UP = 1e3
_FULL = 0.7

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
    done = (state[3] == 0) & (state[4] == 0)
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
    """
    error, part, share = residuals(curves, points)
    step = part.start - part.plateau
    by_half = share - share * share
    by_slope = (points[1] - curves.log_sizes) * by_half
    weighted = curves.weighted(error)
    heavy = [curves.weighted(by_slope), curves.weighted(by_half)]
    columns = (by_slope, by_half)
    scale = step * np.exp(points[0])
    parts = np.empty((6, len(scale)), points.dtype)
    _dot(weighted, error, parts[0])
    for i in (0, 1):
        parts[1 + i] = scale * _dot(weighted, columns[i])
    of_share = [_dot(h, share) for h in heavy]
    of_all = [h.sum(axis=0) for h in heavy]
    explained = _explained(part, of_share, of_all, curves.total)
    for place, (i, j) in enumerate(((0, 0), (0, 1), (1, 1))):
        parts[3 + place] = scale * scale * (_dot(heavy[i], columns[j]) - explained[place])
    return parts


def residuals(curves: Curves, points: Array) -> tuple[Array, LinearPart, Array]:
    """Find the best A and D at each point.

    Returns
    -------
    error : ndarray of shape (n_points, n)
        Scores less those of the curves.
    part : LinearPart
    share : ndarray of shape (n_points, n)
        Of the start left.
    """
    share = logistic(points, curves.log_sizes)
    if curves.weights is None:
        mean = share.sum(axis=0) / curves.total
        centred = share - mean
        weighted = centred
    else:
        mean = _dot(curves.weights, share) / curves.total
        centred = share - mean
        weighted = centred * curves.weights
    spread, gy = _dot(weighted, centred), _dot(weighted, curves.scores)
    part = LinearPart.of(mean, spread, gy, curves.total, curves.level)
    error = curves.scores - part.plateau
    error -= share * (part.start - part.plateau)
    return error, part, share


def weighted_squares(curves: Curves, error: Array) -> Array:
    """Give the loss of each curve."""
    return _dot(curves.weighted(error), error)


def _explained(part: LinearPart, of_share: list[Array], of_all: list[Array], total: Array) -> list:
    """Give the part of the normal equations that the free ones of A and D make up for."""
    both = part.above & part.below
    by_level = both / total
    by_share = both / np.maximum(part.spread, TINY)
    by_start = (part.above & ~both) / part.gg
    by_plateau = (part.below & ~both) / part.hh
    centred = [s - part.mean * a for s, a in zip(of_share, of_all, strict=True)]
    rest = [a - s for s, a in zip(of_share, of_all, strict=True)]
    return [
        by_level * of_all[i] * of_all[j]
        + by_share * centred[i] * centred[j]
        + by_start * of_share[i] * of_share[j]
        + by_plateau * rest[i] * rest[j]
        for i, j in ((0, 0), (0, 1), (1, 1))
    ]


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


def _dot(a: Array, b: Array, out: Array | None = None) -> Array:
    return np.einsum("ij,ij->j", a, b, out=out)
