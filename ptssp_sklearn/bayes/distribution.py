"""A distribution over learning curves, as samples: bands, required sizes, probabilities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp
from scipy.stats import t as student_t

from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.quantile_levels import NOMINAL, LevelMap, map_levels
from ptssp_sklearn.curves.sigmoid import inverse_sigmoid_curve, sigmoid_curve
from ptssp_sklearn.curves.variable_projection import fit_curves

Array = NDArray[np.float64]

_USUAL_SIZES = (2.0, 1e4)
_CENTRAL_SIZES = np.geomspace(1.0, 1e5, 21)
_TARGETS = np.linspace(0.005, 0.995, 199)

LEAST_PROBABILITY = 0.1
"""A target that fewer of the curves reach counts as out of reach."""


@dataclass(frozen=True)
class CurveDistribution:
    """Equally likely curves of each row.

    Parameters
    ----------
    params : ndarray of shape (n_rows, n_samples, 4)
        A, B, C, D of every sample.
    noise : MeasurementNoise
        Of a measured point around the true curve.
    seed : int, default=0
        Of the drawn measurements.
    level_map : LevelMap, optional
        Calibration of quantiles; by default none.
    """

    params: Array
    noise: MeasurementNoise
    seed: int = 0
    level_map: LevelMap = NOMINAL

    def __len__(self) -> int:
        return len(self.params)

    def repeat(self, n_rows: int) -> CurveDistribution:
        """Repeat a distribution of one row."""
        params = np.broadcast_to(self.params, (n_rows, *self.params.shape[1:]))
        return replace(self, params=params, level_map=self.level_map.rows(n_rows))

    def row(self, place: int) -> CurveDistribution:
        """Give the distribution of one row."""
        here, n_rows = slice(place, place + 1), len(self.params)
        maps = self.level_map.rows(n_rows)
        level_map = LevelMap(maps.curve[here], maps.size[here])
        return replace(self, params=self.params[here], level_map=level_map)

    def curves(self, sizes: ArrayLike) -> Array:
        """Evaluate every sample, shape (n_rows, n_samples, n_sizes)."""
        return sigmoid_curve(np.atleast_1d(np.asarray(sizes, dtype=float)), self.params)

    def central_params(self) -> Array:
        """Fit A, B, C, D of the mean curve of each row, shape (n_rows, 4)."""
        return fit_curves(_CENTRAL_SIZES, self.curves(_CENTRAL_SIZES).mean(axis=1))

    def curve_quantiles(
        self, sizes: ArrayLike, quantiles: ArrayLike, *, measured: bool = True
    ) -> Array:
        """Give quantiles of the score at each size.

        Parameters
        ----------
        sizes : array-like of shape (n_sizes,), images
        quantiles : array-like of shape (n_quantiles,), in (0, 1)
        measured : bool, default=True
            Of the score one would measure, noise included and calibrated; otherwise of the
            true curve.

        Returns
        -------
        scores : ndarray of shape (n_rows, n_sizes, n_quantiles)
        """
        sizes = np.atleast_1d(np.asarray(sizes, dtype=float))
        curves = self.curves(sizes)
        if not measured:
            return np.moveaxis(np.quantile(curves, np.atleast_1d(quantiles), axis=1), 0, -1)
        drawn = self.noise.draw(sizes, curves, np.random.default_rng(self.seed))
        levels = map_levels(quantiles, self.level_map.curve, len(self.params))
        pairs = zip(drawn, levels, strict=True)
        return np.stack([np.quantile(row, own, axis=0).T for row, own in pairs])

    def log_density(self, sizes: ArrayLike, scores: Array) -> Array:
        """Give the log density of measured scores, each by itself, noise included.

        Parameters
        ----------
        sizes : array-like of shape (n_sizes,), images
        scores : ndarray of shape (n_rows, n_sizes), fractions; NaN where not measured

        Returns
        -------
        log_density : ndarray of shape (n_rows, n_sizes)
            Natural logarithm, per unit of score.
        """
        sizes = np.atleast_1d(np.asarray(sizes, dtype=float))
        curves = self.curves(sizes)
        scale = self.noise.scales(sizes, curves)
        gaps = (np.asarray(scores)[:, None] - curves) / scale
        parts = student_t(self.noise.df).logpdf(gaps) - np.log(scale)
        return logsumexp(parts, axis=1) - np.log(curves.shape[1])

    def sizes(self, target_map: Array) -> Array:
        """Give the size each sample needs, images, shape (n_rows, n_samples).

        Parameters
        ----------
        target_map : ndarray of shape (n_rows,), fractions
        """
        target = np.broadcast_to(target_map, len(self.params))
        return inverse_sigmoid_curve(target[:, None, None], self.params)[..., 0]

    def size_quantiles(self, target_map: Array, quantiles: ArrayLike) -> Array:
        """Give quantiles of the size at which one would measure the target.

        They are calibrated; inf is possible.

        Parameters
        ----------
        target_map : ndarray of shape (n_rows,), fractions
        quantiles : array-like of shape (n_quantiles,), in (0, 1)

        Returns
        -------
        sizes : ndarray of shape (n_rows, n_quantiles), images
        """
        levels = map_levels(quantiles, self.level_map.size, len(self.params))
        pairs = zip(self.noisy_sizes(target_map), levels, strict=True)
        return np.stack([np.quantile(row, own, method="inverted_cdf") for row, own in pairs])

    def noisy_sizes(self, target_map: Array) -> Array:
        """Give the size at which each sample, measured with noise, would show the target.

        Parameters
        ----------
        target_map : ndarray of shape (n_rows,), fractions

        Returns
        -------
        sizes : ndarray of shape (n_rows, n_samples), images
        """
        target = np.broadcast_to(target_map, len(self.params))[:, None]
        usual = np.clip(np.median(self.sizes(target[:, 0]), axis=1), *_USUAL_SIZES)
        scale = self.noise.full_scale(usual)
        heavy = np.random.default_rng(self.seed).standard_t(self.noise.df, self.params.shape[1])
        asked = np.clip(target + scale[:, None] * heavy, 0.0, 1.0)
        return inverse_sigmoid_curve(asked[..., None], self.params)[..., 0]

    def typical_sizes(self, target_map: Array) -> Array:
        """Give the median size over the curves that reach a target, images.

        It never falls as the target rises. Where fewer than one curve in ten reaches the
        target it is inf: out of reach.

        Parameters
        ----------
        target_map : ndarray of shape (n_rows,) or scalar

        Returns
        -------
        sizes : ndarray of shape (n_rows,)
        """
        target = np.broadcast_to(target_map, len(self.params))
        if self.params.shape[1] == 1:
            return self.sizes(target)[:, 0]
        out_of_reach = self.reach_probability(target) < LEAST_PROBABILITY
        pairs = zip(target, self._log_medians, strict=True)
        sizes = np.expm1([np.interp(t, _TARGETS, medians) for t, medians in pairs])
        return np.where(out_of_reach, np.inf, sizes)

    @cached_property
    def _log_medians(self) -> Array:
        """The median sizes of `_TARGETS`, a row each."""
        return np.log1p([_rising_medians(row) for row in self.params])

    def reach_probability(self, target_map: Array, size: float = np.inf) -> Array:
        """Give the probability that a target is reached at all, or with `size` images.

        Parameters
        ----------
        target_map : ndarray of shape (n_rows,), fractions
        size : float, default=inf, images

        Returns
        -------
        probability : ndarray of shape (n_rows,)
        """
        needed = self.sizes(target_map)
        return (np.isfinite(needed) & (needed <= size)).mean(axis=1)


def _rising_medians(params: Array) -> Array:
    """Give the median size over the curves that reach each of the targets, made to rise."""
    needed = np.sort(inverse_sigmoid_curve(_TARGETS, params), axis=0)
    n_reached = np.isfinite(needed).sum(axis=0)
    medians = needed[np.maximum(n_reached - 1, 0) // 2, np.arange(len(_TARGETS))]
    medians = np.where(n_reached > 0, medians, 0.0)
    return np.maximum.accumulate(medians)
