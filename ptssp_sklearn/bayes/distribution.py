"""A distribution over learning curves, as samples: bands, required sizes, probabilities."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp
from scipy.stats import t as student_t

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.quantile_levels import NOMINAL, LevelMap, map_levels, nominal_levels
from ptssp_sklearn.curves.sigmoid import inverse_sigmoid_curve, sigmoid_curve
from ptssp_sklearn.curves.variable_projection import fit_curves

_CENTRAL_SIZES = np.geomspace(1.0, 1e5, 21)
_ROUNDING = 1e-9


@dataclass(frozen=True)
class CurveDistribution:
    """Equally likely curves of each row.

    Parameters
    ----------
    params : ndarray of shape (n_rows, n_samples, 4)
        A, B, C, D of every sample.
    noise : MeasurementNoise
        Noise of a measured point around the true curve.
    seed : int, default=0
        Seed of the drawn measurements.
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
            Whether quantiles are of the score one would measure, noise included and
            calibrated, or of the true curve.

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

    def required_sizes(self, target_map: ArrayLike, certainty: ArrayLike = 0.5) -> Array:
        """Give the smallest sizes that suffice with given certainties.

        N is the size at which the true curve reaches the target, infinite where it never does.
        What suffices with certainty c is the smallest n with calibrated ``P(N <= n) >= c``:
        the same as the smallest n at which `certain_scores` reaches the target.

        Parameters
        ----------
        target_map : array-like of shape (n_rows,) or scalar, fractions
        certainty : array-like of shape (n_certainties,) or scalar, default=0.5
            In (0, 1).

        Returns
        -------
        sizes : ndarray of shape (n_rows, n_certainties), images
            Not rounded; 0 where curves start above the target, inf where fewer of them ever
            reach it than the certainty asks for.
        """
        needed = np.sort(self.sizes(np.asarray(target_map, dtype=float)), axis=1)
        return np.take_along_axis(needed, self._places(certainty) - 1, axis=1)

    def certain_scores(self, sizes: ArrayLike, certainty: float = 0.5) -> Array:
        """Give the score that the true curve has at least, with a certainty, at each size.

        At 0.5 it is the median curve, on which the sizes of `required_sizes` lie.

        Parameters
        ----------
        sizes : array-like of shape (n_sizes,), images
        certainty : float, default=0.5
            In (0, 1).

        Returns
        -------
        scores : ndarray of shape (n_rows, n_sizes), fractions
        """
        curves = np.sort(self.curves(sizes), axis=1)
        places = curves.shape[1] - self._places(certainty)
        return np.take_along_axis(curves, places[..., None], axis=1)[:, 0]

    def ranked_params(self, target_map: ArrayLike, certainty: ArrayLike) -> Array:
        """Give the curves whose sizes `required_sizes` gives.

        Parameters
        ----------
        target_map, certainty
            As in `required_sizes`. Evenly spaced certainties give curves that are equally
            likely, calibrated.

        Returns
        -------
        params : ndarray of shape (n_rows, n_certainties, 4)
        """
        order = np.argsort(self.sizes(np.asarray(target_map, dtype=float)), axis=1, kind="stable")
        picked = np.take_along_axis(order, self._places(certainty) - 1, axis=1)
        return np.take_along_axis(self.params, picked[..., None], axis=1)

    def _places(self, certainty: ArrayLike) -> NDArray[np.intp]:
        """Count the samples that a certainty asks for, shape (n_rows, n_certainties)."""
        n_samples = self.params.shape[1]
        levels = map_levels(certainty, self.level_map.size, len(self.params))
        return np.clip(np.ceil(levels * n_samples - _ROUNDING), 1, n_samples).astype(np.intp)

    def reach_probability(self, target_map: Array, size: float = np.inf) -> Array:
        """Give the calibrated probability that a target is reached, with `size` images or at all.

        It is the highest certainty whose size, see `required_sizes`, is at most `size`.

        Parameters
        ----------
        target_map : ndarray of shape (n_rows,), fractions
        size : float, default=inf, images

        Returns
        -------
        probability : ndarray of shape (n_rows,)
        """
        needed = self.sizes(target_map)
        share = (np.isfinite(needed) & (needed <= size)).mean(axis=1)
        return nominal_levels(share, self.level_map.size)
