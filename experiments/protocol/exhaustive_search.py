"""Bounded least-squares fits of any family of learning curves, by exhaustive search.

For given shape parameters a curve is linear in its start and plateau, and the best
0 <= start <= plateau <= 1 has a closed form. So only two parameters of the shape are
searched: a coarse grid, then finer and finer grids around its best cells. Slow, and the
same for every family: `ptssp_sklearn.curves.variable_projection` is the quick one for the 4PL.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.sigmoid import PARAM_BOUNDS

Shape = Callable[[Array, Array, Array], Array]
"""(log slope, log half-way size), log sizes, log first size -> share of the start left."""

_GRID = (16, 28)
_STARTS = 4
_ROUNDS = 16
_SHRINK = 0.6
_PULL = 1e-8
_CHUNK = 256
_SEARCH_BOX = np.log([PARAM_BOUNDS["B"], PARAM_BOUNDS["C"]])


def fit_4pl(sizes: Array, scores: Array) -> Array:
    """Fit A, B, C, D to every row of a curve table.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,), images
    scores : ndarray of shape (n_curves, n_sizes), NaN where not measured

    Returns
    -------
    params : ndarray of shape (n_curves, 4)
        Inside the bounds. Where the data leave a choice, the answer nearest to B = 1 and
        C = the middle of the measured sizes, and the flattest one, is taken.

    References
    ----------
    .. [1] Golub, G., Pereyra, V. (2003). Separable nonlinear least squares: the variable
       projection method and its applications. Inverse Problems, 19(2).
    """
    points, start, plateau = search_curves(sizes, scores, logistic)
    slope, half = (np.clip(np.exp(points[:, i]), *PARAM_BOUNDS[n]) for i, n in enumerate("BC"))
    return np.stack([start, slope, half, plateau], axis=-1)


def search_curves(sizes: Array, scores: Array, shape: Shape) -> tuple[Array, Array, Array]:
    """Fit ``plateau + (start - plateau) * shape`` to every row of a curve table.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,), images
    scores : ndarray of shape (n_curves, n_sizes), NaN where not measured
    shape : callable
        Falls from at most 1 to 0 with the size; see `logistic`.

    Returns
    -------
    points : ndarray of shape (n_curves, 2), log slope and log half-way size
    start, plateau : ndarray of shape (n_curves,), 0 <= start <= plateau <= 1
    """
    log_sizes = np.log(sizes)
    chunks = [scores[i : i + _CHUNK] for i in range(0, len(scores), _CHUNK)]
    found = [_search(_Curves.of(log_sizes, chunk, shape)) for chunk in chunks]
    points, start, plateau = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return points, start, plateau


def logistic(points: Array, log_sizes: Array, log_first: Array) -> Array:
    """Give the share of the start left at each size, the shape of the 4PL.

    Parameters
    ----------
    points : ndarray of shape (..., 2), log slope and log half-way size
    log_sizes : ndarray of shape (n_sizes,)
    log_first : ndarray that broadcasts to (..., 1), of a curve's first size; not used here

    Returns
    -------
    share : ndarray of shape (..., n_sizes)
    """
    slope, half = np.exp(points[..., 0, None]), points[..., 1, None]
    return expit(slope * (half - log_sizes))


@dataclass(frozen=True)
class _Curves:
    """Measured curves, with the range of sizes each was measured at."""

    log_sizes: Array
    scores: Array
    known: Array
    low: Array
    high: Array
    shape: Shape

    @classmethod
    def of(cls, log_sizes: Array, scores: Array, shape: Shape) -> _Curves:
        known = np.isfinite(scores)
        return cls(
            log_sizes=log_sizes,
            scores=np.where(known, scores, 0.0),
            known=known.astype(np.float64),
            low=np.where(known, log_sizes, np.inf).min(axis=1),
            high=np.where(known, log_sizes, -np.inf).max(axis=1),
            shape=shape,
        )

    @property
    def middle(self) -> Array:
        return (self.low + self.high) / 2

    def project(self, points: Array) -> tuple[Array, Array, Array]:
        """Give the loss and the best A and D at points (log B, log C) of shape (n, m, 2)."""
        below = self.shape(points, self.log_sizes, self.low[:, None, None])
        sums = _Sums.of(below, self.scores[:, None], self.known[:, None])
        loss, start, plateau = sums.minimise()
        distance = points[..., 0] ** 2 + (points[..., 1] - self.middle[:, None]) ** 2
        return loss + _PULL * (distance + (plateau - start) ** 2), start, plateau

    def best(self, points: Array, keep: int) -> Array:
        """Keep the points of least loss, shape (n, keep, 2)."""
        order = np.argsort(self.project(points)[0], axis=1, kind="stable")[:, :keep]
        return np.take_along_axis(points, order[..., None], axis=1)


@dataclass(frozen=True)
class _Sums:
    """The normal equations of A and D: score = A g + D (1 - g)."""

    gg: Array
    gh: Array
    hh: Array
    gy: Array
    hy: Array
    yy: Array

    @classmethod
    def of(cls, g: Array, y: Array, weight: Array) -> _Sums:
        h = 1.0 - g
        products = (g * g, g * h, h * h, g * y, h * y, y * y * np.ones_like(g))
        return cls(*[(weight * product).sum(axis=-1) for product in products])

    def loss(self, a: Array, d: Array) -> Array:
        squares = a * a * self.gg + 2 * a * d * self.gh + d * d * self.hh
        return np.maximum(squares - 2 * (a * self.gy + d * self.hy) + self.yy, 0.0)

    def minimise(self) -> tuple[Array, Array, Array]:
        """Minimise over the triangle 0 <= A <= D <= 1: its inside, then its three edges."""
        tiny = 1e-12
        determinant = self.gg * self.hh - self.gh**2
        regular = determinant > 1e-10 * (self.gg * self.hh + tiny)
        safe = np.where(regular, determinant, 1.0)
        a = (self.hh * self.gy - self.gh * self.hy) / safe
        d = (self.gg * self.hy - self.gh * self.gy) / safe
        inside = regular & (a >= 0) & (a <= d) & (d <= 1)
        level = np.clip((self.gy + self.hy) / (self.gg + 2 * self.gh + self.hh), 0, 1)
        edges = [
            (level, level),
            (np.zeros_like(level), np.clip(self.hy / (self.hh + tiny), 0, 1)),
            (np.clip((self.gy - self.gh) / (self.gg + tiny), 0, 1), np.ones_like(level)),
        ]
        losses = np.stack([self.loss(*edge) for edge in edges])
        losses[1:] += 1e-15
        pick = losses.argmin(axis=0)
        edge_a, edge_d = (np.choose(pick, parts) for parts in zip(*edges, strict=True))
        a, d = np.where(inside, a, edge_a), np.where(inside, d, edge_d)
        return self.loss(a, d), a, d


def _search(curves: _Curves) -> tuple[Array, Array, Array]:
    points = curves.best(_coarse_grid(curves), keep=_STARTS)
    step = np.array([np.ptp(_SEARCH_BOX[0]) / _GRID[0], 0.0]) * np.ones((len(points), 1))
    step[:, 1] = (curves.high - curves.low + 7.0) / _GRID[1]
    offsets = np.stack(np.meshgrid(*[np.linspace(-1, 1, 5)] * 2), axis=-1).reshape(-1, 2)
    for _ in range(_ROUNDS):
        around = points[:, :, None] + offsets * step[:, None, None]
        around = np.clip(around, *_SEARCH_BOX.T)
        kept = [curves.best(around[:, start], keep=1) for start in range(_STARTS)]
        points = np.concatenate(kept, axis=1)
        step = step * _SHRINK
    final = curves.best(points, keep=1)
    _, start, plateau = curves.project(final)
    return final[:, 0], start[:, 0], plateau[:, 0]


def _coarse_grid(curves: _Curves) -> Array:
    """Spread (log B, log C) over the box, C from well below to far above the measured sizes."""
    n = len(curves.scores)
    slopes = np.linspace(_SEARCH_BOX[0, 0], _SEARCH_BOX[0, 1], _GRID[0])
    reach = np.linspace(0, 1, _GRID[1]) * (curves.high - curves.low + 7.0)[:, None]
    halves = curves.low[:, None] - 2.0 + reach
    grid = np.empty((n, *_GRID, 2))
    grid[..., 0] = slopes[:, None]
    grid[..., 1] = halves[:, None, :]
    centre = np.stack([np.zeros(n), curves.middle], axis=-1)[:, None]
    points = np.concatenate([centre, grid.reshape(n, -1, 2)], axis=1)
    return np.clip(points, *_SEARCH_BOX.T)
