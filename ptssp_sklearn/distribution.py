"""A distribution over learning curves, as samples: bands, required sizes, probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ptssp_sklearn.noise import MeasurementNoise
from ptssp_sklearn.projection import fit_curves
from ptssp_sklearn.sigmoid import inverse_sigmoid_curve, sigmoid_curve

Array = NDArray[np.float64]

_USUAL_SIZES = (2.0, 1e4)
_CENTRAL_SIZES = np.geomspace(1.0, 1e5, 21)


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
    """

    params: Array
    noise: MeasurementNoise
    seed: int = 0

    def __len__(self) -> int:
        return len(self.params)

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
            Of the score one would measure, noise included; otherwise of the true curve.

        Returns
        -------
        scores : ndarray of shape (n_rows, n_sizes, n_quantiles)
        """
        sizes = np.atleast_1d(np.asarray(sizes, dtype=float))
        curves = self.curves(sizes)
        if measured:
            curves = self.noise.draw(sizes, curves, np.random.default_rng(self.seed))
        return np.moveaxis(np.quantile(curves, np.atleast_1d(quantiles), axis=1), 0, -1)

    def sizes(self, target_map: Array) -> Array:
        """Give the size each sample needs, images, shape (n_rows, n_samples).

        Parameters
        ----------
        target_map : ndarray of shape (n_rows,)
        """
        target = np.broadcast_to(target_map, len(self.params))
        return inverse_sigmoid_curve(target[:, None, None], self.params)[..., 0]

    def size_quantiles(self, target_map: Array, quantiles: ArrayLike) -> Array:
        """Give quantiles of the size at which one would measure the target; inf is possible.

        Returns
        -------
        sizes : ndarray of shape (n_rows, n_quantiles), images
        """
        target = np.broadcast_to(target_map, len(self.params))[:, None]
        usual = np.clip(np.median(self.sizes(target[:, 0]), axis=1), *_USUAL_SIZES)
        scale = self.noise.scale * (usual / 32.0) ** self.noise.slope
        heavy = np.random.default_rng(self.seed).standard_t(self.noise.df, self.params.shape[1])
        asked = np.clip(target + scale[:, None] * heavy, 0.0, 1.0)
        needed = inverse_sigmoid_curve(asked[..., None], self.params)[..., 0]
        levels = np.atleast_1d(quantiles)
        return np.quantile(needed, levels, axis=1, method="inverted_cdf").T

    def reach_probability(self, target_map: Array, size: float = np.inf) -> Array:
        """Give the probability that a target is reached at all, or with `size` images."""
        needed = self.sizes(target_map)
        return (np.isfinite(needed) & (needed <= size)).mean(axis=1)
