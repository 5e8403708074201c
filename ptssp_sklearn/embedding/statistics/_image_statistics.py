"""Hand-made statistics of one image: physical, few, and free of weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, stats

from ptssp_sklearn._typing import Array
from ptssp_sklearn.embedding.statistics._object_statistics import (
    LUMA,
    Features,
    local_std,
    mask_statistics,
)

_BACKGROUND_SHARE = 0.7
_LEAST_AREA = 0.003
_EPS = 1e-6
_SCALES = (1, 2, 4, 8)


def image_statistics(image: NDArray[np.uint8]) -> Features:
    """Describe colour, gradients, spectrum, blobs and salient objects of one image.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8

    Returns
    -------
    features : dict of str to float
        The same names in the same order for every image; NaN where nothing is salient.
    """
    rgb = image / 255.0
    luma = rgb @ LUMA
    features = _colour(rgb, luma)
    features |= _gradients(luma)
    features |= _spectrum(luma)
    features |= _blobs(luma)
    features |= _salient(image, rgb)
    return features


def _colour(rgb: Array, luma: Array) -> Features:
    saturation = rgb.max(axis=2) - rgb.min(axis=2)
    means, deviations = rgb.mean(axis=(0, 1)), rgb.std(axis=(0, 1))
    histogram = np.histogram(luma, bins=32, range=(0, 1))[0]
    spread = float(luma.std())
    skew = stats.skew(luma, axis=None) if spread > _EPS else 0.0
    return {
        **{f"mean_{c}": float(v) for c, v in zip("rgb", means, strict=True)},
        **{f"std_{c}": float(v) for c, v in zip("rgb", deviations, strict=True)},
        "luma_std": spread,
        "luma_skew": float(skew),
        "luma_entropy": float(stats.entropy(histogram + _EPS)),
        "saturation_mean": float(saturation.mean()),
        "saturation_std": float(saturation.std()),
    }


def _gradients(luma: Array) -> Features:
    fine = ndimage.gaussian_gradient_magnitude(luma, 1.0)
    laplacian = ndimage.laplace(luma)
    spread = luma.std() + _EPS
    return {
        "gradient_mean": float(fine.mean()),
        "gradient_peak": float(np.log((np.quantile(fine, 0.95) + _EPS) / (fine.mean() + _EPS))),
        "gradient_relative": float(fine.mean() / spread),
        "noise": float(np.median(np.abs(laplacian))),
        **{f"local_std_{s}": float(local_std(luma, s).mean() / spread) for s in (2, 6)},
    }


def _spectrum(luma: Array) -> Features:
    """Fit the radial power spectrum by a line in log-log coordinates."""
    power = np.abs(np.fft.rfft2(luma - luma.mean())) ** 2
    radius = np.hypot(
        np.fft.fftfreq(luma.shape[0])[:, None], np.fft.rfftfreq(luma.shape[1])[None, :]
    )
    edges = np.geomspace(1.0 / min(luma.shape), 0.5, 9)
    band = np.digitize(radius, edges)
    log_power = np.array(
        [
            np.log(power[band == i].mean() + _EPS) if np.any(band == i) else np.nan
            for i in range(1, len(edges))
        ]
    )
    known = np.isfinite(log_power)
    centres = np.log(np.sqrt(edges[1:] * edges[:-1]))[known]
    if known.sum() < 2:
        return {"spectrum_slope": 0.0, "spectrum_bend": 0.0}
    slope, offset = np.polyfit(centres, log_power[known], 1)
    bend = np.std(log_power[known] - slope * centres - offset)
    return {"spectrum_slope": float(slope), "spectrum_bend": float(bend)}


def _blobs(luma: Array) -> Features:
    """Describe the two main grey levels, and the scales at which the energy is."""
    smooth = ndimage.gaussian_filter(luma, 1.0)
    threshold, separability = otsu(smooth)
    bright = smooth > threshold
    minority = bright if bright.mean() <= 0.5 else ~bright
    energy = np.array([np.abs(s**2 * ndimage.gaussian_laplace(luma, s)).mean() for s in _SCALES])
    share = energy / (energy.sum() + _EPS)
    return {
        "otsu_separability": separability,
        "otsu_share": float(minority.mean()),
        "otsu_pieces": float(np.log1p(ndimage.label(minority)[1])),
        **{f"blob_energy_{s}": float(v) for s, v in zip(_SCALES[:-1], share, strict=False)},
    }


def _salient(image: NDArray[np.uint8], rgb: Array) -> Features:
    """Describe what stands out of the background as if it were the annotated objects."""
    saliency = saliency_map(rgb)
    described = mask_statistics(image, salient_objects(saliency))
    return {f"salient_{name}": value for name, value in described.items()} | {
        "salience_separability": otsu(saliency)[1],
        "salience_mean": float(saliency.mean()),
        "salience_peak": float(np.quantile(saliency, 0.95)),
        "salience_std": float(saliency.std()),
    }


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
