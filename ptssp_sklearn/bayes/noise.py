"""How far a measured score lies from the true curve: heavy-tailed, less at larger sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from ptssp_sklearn._typing import Array

_MIDDLE = np.log(32.0)
_LOW_SCORE = 0.1
_LEAST_FACTOR = 0.3
_LEAST_POINTS = 6
_USED_UP = 3
_FLOOR = 0.004
_LEAST_ERROR = 0.003
_MOST_FADED = 50.0


@dataclass(frozen=True)
class MeasurementNoise:
    """Multivariate Student-t noise of the measured points of one curve.

    The points of a curve share one unknown scale, so that a curve may be noisy as a whole;
    points at near sizes are correlated. Near a score of 0 there is less room for noise.
    Where curves are no exact 4PL, small sizes say less about large ones: `discount`.

    Parameters
    ----------
    scale : float, default=0.02
        Scale at 32 images, a score.
    slope : float, default=-0.15
        Power of the size that the scale follows.
    df : float, default=4
        Degrees of freedom; small ones are heavy-tailed.
    correlation : float, default=0.2
        Correlation of two points at one size; it falls by e for each factor e of the size.
    discount : float, default=0
        Power of (largest measured size / size) that widens the scale of a smaller size.
    """

    scale: float = 0.02
    slope: float = -0.15
    df: float = 4.0
    correlation: float = 0.2
    discount: float = 0.0

    def scales(self, sizes: Array, scores: Array) -> Array:
        """Give the scale of each point, a score.

        Parameters
        ----------
        sizes : ndarray of shape (n_sizes,), images
        scores : ndarray of shape (..., n_sizes), measured or predicted
        """
        return self.full_scale(sizes) * _room(scores)

    def full_scale(self, sizes: Array) -> Array:
        """Give the scale at sizes (images) where the score leaves it room, a score."""
        return self.scale * np.exp(self.slope * (np.log(sizes) - _MIDDLE))

    def precision(self, sizes: Array, scores: Array, errors: Array | None = None) -> Array:
        """Invert the scale matrix of the known points of each curve.

        Parameters
        ----------
        sizes : ndarray of shape (n_sizes,), images
        scores : ndarray of shape (n_curves, n_sizes), NaN where not measured
        errors : ndarray of shape (n_sizes,), optional
            Standard errors known otherwise, scores, in place of this noise; NaN where not.

        Returns
        -------
        precision : ndarray of shape (n_curves, n_sizes, n_sizes)
            0 in rows and columns of points that are NaN.
        """
        known = np.isfinite(scores)
        largest = np.where(known, sizes, 1.0).max(axis=1, keepdims=True)
        faded = np.minimum((largest / sizes) ** self.discount, _MOST_FADED)
        usual = self.scales(sizes, np.nan_to_num(scores))
        if errors is not None:
            usual = np.where(np.isfinite(errors), np.maximum(errors, _LEAST_ERROR), usual)
        scale = np.where(known, usual * faded, 1.0)
        shared = np.where(known[:, :, None] & known[:, None, :], self._shared(sizes), 0.0)
        own = np.where(known, 1.0 - self.correlation, 1.0)
        matrix = shared + own[:, :, None] * np.eye(len(sizes))
        inverse = np.linalg.inv(matrix) / (scale[:, :, None] * scale[:, None, :])
        return np.where(known[:, :, None] & known[:, None, :], inverse, 0.0)

    def log_likelihood(self, residuals: Array, precision: Array, n_known: Array) -> Array:
        """Give the log density of residuals, but for a constant.

        Parameters
        ----------
        residuals : ndarray of shape (n_curves, n_samples, n_sizes)
            0 where a point is not known.
        precision : ndarray of shape (n_curves, n_sizes, n_sizes)
        n_known : ndarray of shape (n_curves,)
        """
        square = ((residuals @ precision) * residuals).sum(axis=-1)
        return self.log_kernel(square, n_known[:, None])

    def log_kernel(self, square: Array, n_known: ArrayLike = 1.0) -> Array:
        """Give Student's t log density, but for a constant, of squared standardised residuals."""
        return -0.5 * (self.df + np.asarray(n_known)) * np.log1p(square / self.df)

    def draw(self, sizes: Array, scores: Array, rng: np.random.Generator) -> Array:
        """Draw measurements of true scores, fractions in [0, 1].

        Parameters
        ----------
        sizes : ndarray of shape (n_sizes,), images
        scores : ndarray of shape (..., n_samples, n_sizes)
        rng : Generator
        """
        shape = scores.shape[-2:]
        heavy = np.sqrt(self.df / rng.chisquare(self.df, size=(shape[0], 1)))
        matrix = self._shared(sizes) + (1.0 - self.correlation) * np.eye(len(sizes))
        normal = rng.normal(size=shape) @ np.linalg.cholesky(matrix).T
        return np.clip(scores + heavy * normal * self.scales(sizes, scores), 0.0, 1.0)

    def refit(self, sizes: Array, scores: Array, fitted: Array) -> MeasurementNoise:
        """Estimate scale and slope from the residuals of fitted curves; the rest stays.

        The mean absolute residual is the scale of a Student-t of four degrees of freedom
        (its mean absolute deviation is 1); three fitted parameters a curve are allowed for.

        Parameters
        ----------
        sizes : ndarray of shape (n_sizes,), images
        scores, fitted : ndarray of shape (n_curves, n_sizes), NaN where not measured
        """
        n_known = np.isfinite(scores).sum(axis=1)
        use = n_known >= _LEAST_POINTS
        if not use.any():
            return self
        inflate = np.sqrt(n_known[use] / (n_known[use] - _USED_UP))[:, None]
        gaps = np.abs(scores[use] - fitted[use]) * inflate / _room(np.nan_to_num(scores[use]))
        counts = np.isfinite(gaps).sum(axis=0)
        seen = counts > 0
        mean = np.nansum(gaps[:, seen], axis=0) / counts[seen]
        level = np.log(np.maximum(mean, _FLOOR))
        place = np.log(sizes[seen]) - _MIDDLE
        if seen.sum() < 2 or np.ptp(place) < 1.0:
            scale = float(np.exp(np.average(level, weights=counts[seen])))
            return replace(self, scale=scale, slope=0.0)
        slope, offset = np.polyfit(place, level, 1, w=np.sqrt(counts[seen]))
        return replace(self, scale=float(np.exp(offset)), slope=float(np.clip(slope, -0.5, 0.0)))

    def _shared(self, sizes: Array) -> Array:
        """Give the correlation of points of different trainings, shape (n_sizes, n_sizes)."""
        apart = np.abs(np.subtract.outer(np.log(sizes), np.log(sizes)))
        return self.correlation * np.exp(-apart)


def _room(scores: Array) -> Array:
    """Give the share of the noise that there is room for: less near a score of 0."""
    return np.clip(np.sqrt(np.maximum(scores, 0.0) / _LOW_SCORE), _LEAST_FACTOR, 1.0)
