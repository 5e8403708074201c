"""Standardise features, and weigh each by how much of the targets it explains alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from ptssp_sklearn._typing import Array

_LIMIT = 3.0
_COMPONENTS = 3


class Standardiser:
    """Standardise and clip at three deviations; a missing feature becomes 0.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_features,)
    """

    def fit(self, X: Array) -> Standardiser:
        """Learn mean and scale from what is known.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features), NaN where a feature does not exist
        """
        known = np.where(np.isfinite(X), X, np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            scaler = StandardScaler().fit(known)
        self.mean_ = np.nan_to_num(scaler.mean_)
        self.scale_ = np.nan_to_num(scaler.scale_, nan=1.0)
        return self

    def transform(self, X: Array, *, limit: float = _LIMIT) -> NDArray[np.float32]:
        """Scale rows for a network."""
        scaled = np.nan_to_num((X - self.mean_) / self.scale_)
        return np.clip(scaled, -limit, limit).astype(np.float32)


def relevance(
    Z: NDArray[np.floating],
    known: NDArray[np.bool_],
    profiles: Array,
    counts: Array,
    datasets: NDArray[np.intp] | None = None,
) -> Array:
    """Weigh standardised features by what each explains alone: soft screening [1]_.

    The weight of a feature is the share of the profiles' variance that a straight line
    through it explains, above what chance would.

    Parameters
    ----------
    Z : ndarray of shape (n_rows, n_features)
        Standardised, 0 where a feature does not exist.
    known : ndarray of shape (n_rows, n_features), bool
    profiles : ndarray of shape (n_rows, n_points)
        What is to be explained, in the units errors are measured in.
    counts : ndarray of shape (n_rows,)
        How often each row counts; rows that count 0 have no say.
    datasets : ndarray of shape (n_rows,), optional
        Numbers of the datasets that rows are draws of: many draws of few datasets explain as
        much by chance as few rows do. By default each row is a dataset.

    Returns
    -------
    weights : ndarray of shape (n_features,)
        Weights of mean square 1.

    References
    ----------
    .. [1] Fan, J., Lv, J. (2008). Sure independence screening for ultrahigh dimensional
       feature space. JRSS B, 70(5), 849-911.
    """
    root = np.sqrt(counts / counts.sum())[:, None]
    centred = profiles - root.T**2 @ profiles
    u, s, _ = np.linalg.svd(root * centred, full_matrices=False)
    components, energy = u[:, :_COMPONENTS], s[:_COMPONENTS] ** 2
    if energy.sum() < 1e-12:
        return np.ones(Z.shape[1])
    Z = root * Z
    products = Z.T @ components
    scale = (Z**2).sum(axis=0)[:, None] * (known.T.astype(float) @ components**2)
    squared = np.divide(products**2, scale, out=np.zeros_like(products), where=scale > 1e-12)
    shares = known * root**2
    if datasets is not None:
        shares = _sums(shares, datasets)
    chance = (shares**2).sum(axis=0) / np.maximum(shares.sum(axis=0) ** 2, 1e-12)
    weights = np.maximum(squared @ (energy / energy.sum()) - chance, 0.0)
    size = np.sqrt(np.mean(weights**2))
    return weights / size if size > 1e-9 else np.ones_like(weights)


def _sums(values: Array, groups: NDArray[np.intp]) -> Array:
    """Add up the rows of each group."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    return np.add.reduceat(values[order], starts, axis=0)
