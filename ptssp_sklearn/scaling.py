"""Standardise features and weigh each by how much of the targets it explains alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LIMIT = 3.0
_COMPONENTS = 3


class RelevanceScaler:
    """Standardise, clip at three deviations, weigh by relevance; a missing feature is 0.

    The weight of a feature is the share of the targets' variance that a straight line
    through it explains, above what chance would: a soft form of screening by marginal
    correlation [1]_.

    Attributes
    ----------
    mean_, scale_, weights_ : ndarray of shape (n_features,)

    References
    ----------
    .. [1] Fan, J., Lv, J. (2008). Sure independence screening for ultrahigh dimensional
       feature space. JRSS B, 70(5), 849-911.
    """

    def fit(self, X: Array, profiles: Array) -> RelevanceScaler:
        """Learn scale and weights.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features), NaN where a feature does not exist
        profiles : ndarray of shape (n_rows, n_points)
            What is to be explained, in the units errors are measured in.
        """
        known = np.isfinite(X)
        count = np.maximum(known.sum(axis=0), 1)
        self.mean_ = np.where(known, X, 0.0).sum(axis=0) / count
        centred = np.where(known, X - self.mean_, 0.0)
        deviation = np.sqrt((centred**2).sum(axis=0) / count)
        self.scale_ = np.where(deviation > 1e-9, deviation, 1.0)
        weights = _explained(self._standardise(X), known, profiles)
        size = np.sqrt(np.mean(weights**2))
        self.weights_ = weights / size if size > 1e-9 else np.ones_like(weights)
        return self

    def transform(self, X: Array) -> NDArray[np.float32]:
        """Scale rows for a network."""
        return (self._standardise(X) * self.weights_).astype(np.float32)

    def _standardise(self, X: Array) -> Array:
        return np.clip(np.nan_to_num((X - self.mean_) / self.scale_), -_LIMIT, _LIMIT)


def _explained(Z: Array, known: NDArray[np.bool_], profiles: Array) -> Array:
    """Give the share of the profiles' variance each column of Z explains, less chance."""
    u, s, _ = np.linalg.svd(profiles - profiles.mean(axis=0), full_matrices=False)
    components, energy = u[:, :_COMPONENTS], s[:_COMPONENTS] ** 2
    if energy.sum() < 1e-12:
        return np.ones(Z.shape[1])
    products = Z.T @ components
    scale = (Z**2).sum(axis=0)[:, None] * (known.T.astype(float) @ components**2)
    squared = np.divide(products**2, scale, out=np.zeros_like(products), where=scale > 1e-12)
    chance = 1.0 / np.maximum(known.sum(axis=0), 2)
    return np.maximum(squared @ (energy / energy.sum()) - chance, 0.0)
