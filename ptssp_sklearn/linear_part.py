"""Curves as arrays, and the part of a 4PL fit that has a closed form: A and D."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ptssp_sklearn.sigmoid import PARAM_BOUNDS

Array = NDArray[np.float64]

SEARCH_BOX = np.log([PARAM_BOUNDS["B"], PARAM_BOUNDS["C"]])
"""Bounds of log B and log C."""

FLAT, GROUND, TOP = 1, 2, 3
"""Edges of the triangle 0 <= A <= D <= 1: A = D, A = 0, D = 1."""

_PACKED = 0.8


@dataclass(frozen=True)
class Curves:
    """Measured curves; scores are 0 and weights 0 where nothing was measured.

    `log_sizes` is one row for all of them or a row for each.
    """

    log_sizes: Array
    scores: Array
    weights: Array
    middle: Array

    @classmethod
    def of(cls, log_sizes: Array, scores: Array, weights: Array | None) -> Curves:
        known = np.isfinite(scores)
        weight = known.astype(np.float64)
        if weights is not None:
            weight = np.where(known, weights, 0.0)
            weight /= np.maximum(weight.mean(axis=1, keepdims=True), 1e-300)
        low = np.where(known, log_sizes, np.inf).min(axis=1)
        high = np.where(known, log_sizes, -np.inf).max(axis=1)
        values = np.where(known, scores, 0.0)
        return cls(log_sizes, values, weight, (low + high) / 2)

    def take(self, rows: NDArray[np.intp]) -> Curves:
        sizes = self.log_sizes if self.log_sizes.ndim == 1 else self.log_sizes[rows]
        return Curves(sizes, self.scores[rows], self.weights[rows], self.middle[rows])

    def packed(self) -> Curves:
        """Leave out most of the empty places, so that every curve has its own sizes."""
        known = self.weights > 0
        longest = max(int(known.sum(axis=1).max()), 1)
        if longest > _PACKED * known.shape[1]:
            return self
        columns = np.argsort(~known, axis=1, kind="stable")[:, :longest]
        scores, weights = (
            np.take_along_axis(p, columns, axis=1) for p in (self.scores, self.weights)
        )
        return Curves(self.log_sizes[columns], scores, weights, self.middle)


@dataclass(frozen=True)
class LinearPart:
    """The best A and D for given B and C, from weighted sums over a curve's points.

    With g the share of the start left, score = A g + D (1 - g).

    Parameters
    ----------
    w, g, gg, y, gy, yy : ndarray of one shape
        Sums over the points of the weights and of g, g**2, score, g * score, score**2.
    """

    w: Array
    g: Array
    gg: Array
    y: Array
    gy: Array
    yy: Array

    def loss(self, a: Array, d: Array) -> Array:
        """Give the weighted sum of squared errors."""
        step = a - d
        squares = d * (d * self.w + 2 * (step * self.g - self.y))
        return np.maximum(squares + step * (step * self.gg - 2 * self.gy) + self.yy, 0.0)

    def minimise(self) -> tuple[Array, Array, NDArray[np.int8]]:
        """Minimise over the triangle 0 <= A <= D <= 1: its inside, then its three edges.

        Returns
        -------
        a, d : ndarray
        edge : ndarray of int
            0: inside, 1: flat (A = D), 2: A = 0, 3: D = 1.
        """
        tiny = 1e-300
        level = self.y / (self.w + tiny)
        spread = self.gg - self.g * self.g / (self.w + tiny)
        regular = spread > 1e-11 * self.gg
        step = (self.gy - self.g * level) / np.where(regular, spread, 1.0)
        d = level - step * self.g / (self.w + tiny)
        a = d + step
        outside = ~(regular & (a >= 0) & (step <= 0) & (d <= 1))
        edge = np.zeros(a.shape, np.int8)
        if outside.any():
            part = LinearPart(*(np.broadcast_to(s, a.shape)[outside] for s in vars(self).values()))
            a[outside], d[outside], edge[outside] = part._on_edges()
        return a, d, edge

    def _on_edges(self) -> tuple[Array, Array, NDArray[np.int8]]:
        tiny = 1e-300
        level = np.clip(self.y / (self.w + tiny), 0.0, 1.0)
        ground = (self.y - self.gy) / np.maximum(self.w - 2 * self.g + self.gg, tiny)
        top = (self.gy - self.g + self.gg) / (self.gg + tiny)
        starts = np.stack([level, np.zeros_like(level), np.clip(top, 0.0, 1.0)])
        plateaus = np.stack([level, np.clip(ground, 0.0, 1.0), np.ones_like(level)])
        losses = self.loss(starts, plateaus)
        losses[1:] += 1e-15
        pick = losses.argmin(axis=0)
        at = (pick, np.arange(len(level)))
        return starts[at], plateaus[at], (pick + 1).astype(np.int8)


def logistic(points: Array, log_sizes: Array) -> Array:
    """Give the share of the start left at each size, g of shape (n_points, n_sizes)."""
    return expit(np.exp(points[:, :1]) * (points[:, 1:] - log_sizes))


def linear_part(share: Array, curves: Curves) -> LinearPart:
    """Sum over the points of each curve, for its own share of the start left."""
    weighted = share * curves.weights
    seen = curves.weights * curves.scores
    return LinearPart(
        curves.weights.sum(axis=1),
        weighted.sum(axis=1),
        np.einsum("ij,ij->i", weighted, share),
        seen.sum(axis=1),
        np.einsum("ij,ij->i", seen, share),
        np.einsum("ij,ij->i", seen, curves.scores),
    )
