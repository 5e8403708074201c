"""Features of a row's images -> one vector, whatever the number of images."""

from __future__ import annotations

import numpy as np

from ptssp_sklearn._typing import Array


def pool_mean_std(features: Array) -> Array:
    """Give mean and standard deviation over images, images without a feature left out.

    Parameters
    ----------
    features : ndarray of shape (n_images, n_features)
        NaN where a feature is not defined for an image.

    Returns
    -------
    vector : ndarray of shape (2 * n_features,)
        NaN where no image has the feature.
    """
    pooled = np.stack([features.mean(axis=0), features.std(axis=0)])
    missing = np.isnan(features)
    some = missing.any(axis=0) & ~missing.all(axis=0)
    if some.any():
        pooled[:, some] = np.nanmean(features[:, some], 0), np.nanstd(features[:, some], 0)
    return pooled.ravel()


def pool_concat(features: Array, n_images: int) -> Array:
    """Put the features of up to `n_images` images side by side; NaN where there is none.

    Parameters
    ----------
    features : ndarray of shape (<= n_images, n_features)

    Returns
    -------
    vector : ndarray of shape (n_images * n_features,)
    """
    vector = np.full((n_images, features.shape[1]), np.nan)
    vector[: len(features)] = features
    return vector.ravel()
