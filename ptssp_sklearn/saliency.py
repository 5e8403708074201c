"""Guess the objects of an image without a mask: what stands out from its main colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float64]

_BACKGROUND_SHARE = 0.7
_LEAST_AREA = 0.003


def saliency_map(rgb: Array) -> Array:
    """Give the log Mahalanobis distance of each smoothed pixel to the background colour.

    The background's mean and covariance are estimated from the 70 % of pixels nearest to
    it, three times over.

    Parameters
    ----------
    rgb : ndarray of shape (height, width, 3), fractions

    Returns
    -------
    saliency : ndarray of shape (height, width)
    """
    smooth = ndimage.median_filter(rgb, (3, 3, 1))
    pixels = ndimage.gaussian_filter(smooth, (1.5, 1.5, 0)).reshape(-1, 3)
    near = np.ones(len(pixels), dtype=bool)
    for _ in range(3):
        gap = pixels - pixels[near].mean(axis=0)
        covariance = np.cov(pixels[near].T, bias=True) + 2e-4 * np.eye(3)
        distance = np.einsum("ni,ij,nj->n", gap, np.linalg.inv(covariance), gap)
        near = distance <= np.quantile(distance, _BACKGROUND_SHARE)
    return np.log1p(np.sqrt(distance)).reshape(rgb.shape[:2])


def salient_objects(saliency: Array) -> NDArray[np.int32]:
    """Split a saliency map by Otsu's threshold; its larger pieces become instances.

    Returns
    -------
    mask : ndarray of shape (height, width), instance ids, 0 is background
    """
    threshold, _ = otsu(saliency)
    pieces, _ = ndimage.label(saliency > threshold)
    areas = np.bincount(pieces.ravel())
    keep = areas >= max(_LEAST_AREA * saliency.size, 2)
    keep[0] = False
    number = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    return number[pieces]


def otsu(values: Array) -> tuple[float, float]:
    """Give Otsu's threshold and the share of variance that it explains.

    References
    ----------
    .. [1] Otsu, N. (1979). A threshold selection method from gray-level histograms.
       IEEE Transactions on Systems, Man, and Cybernetics, 9(1), 62-66.
    """
    counts, edges = np.histogram(values, bins=64)
    centres = (edges[1:] + edges[:-1]) / 2
    weight = np.cumsum(counts) / counts.sum()
    moment = np.cumsum(counts * centres) / counts.sum()
    between = (moment[-1] * weight - moment) ** 2 / np.maximum(weight * (1 - weight), 1e-9)
    best = int(np.argmax(between[:-1]))
    return float(centres[best]), float(between[best] / (values.var() + 1e-9))
