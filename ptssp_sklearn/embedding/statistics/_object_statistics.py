"""Hand-made statistics of the objects of one image against their background."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ptssp_sklearn._typing import Array

Features = dict[str, float]
LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in the brightness (Rec. 601)."""


def mask_statistics(image: NDArray[np.uint8], mask: NDArray[np.int32]) -> Features:
    """Describe the objects of one image against their background.

    Contrasts are differences or log ratios, sizes are shares of the image, so the
    numbers do not depend on the resolution.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
    mask : ndarray of shape (height, width), instance ids, 0 is background

    Returns
    -------
    features : dict of str to float
        NaN, but for ``object_share`` and ``object_count``, where no object meets background.
    """
    rgb = image / 255.0
    inside = mask > 0
    ids, areas = np.unique(mask[inside], return_counts=True)
    features = {"object_share": float(inside.mean()), "object_count": float(np.log1p(len(ids)))}
    if inside.all() or not inside.any():
        return features | dict.fromkeys(_defined_names(), np.nan)
    luma = rgb @ LUMA
    return (
        features
        | _shapes(mask, ids, areas)
        | _contrast(rgb, inside)
        | _boundary(luma, inside)
        | _texture(luma, inside)
        | _colours(rgb, mask, ids)
    )


def local_std(luma: Array, sigma: float) -> Array:
    """Give the standard deviation about each pixel, `sigma` pixels wide."""
    mean = ndimage.gaussian_filter(luma, sigma)
    return np.sqrt(np.maximum(ndimage.gaussian_filter(luma**2, sigma) - mean**2, 0.0))


def _shapes(mask: NDArray[np.int32], ids: NDArray, areas: NDArray) -> Features:
    relative = np.sqrt(areas / mask.size)
    roundness, filling, touching = [], [], []
    boxes = ndimage.find_objects(mask)
    for label, area in zip(ids, areas, strict=True):
        box = boxes[label - 1]
        grown = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in box)
        piece = mask[grown]
        own = piece == label
        rim = own & ~ndimage.binary_erosion(own, border_value=1)
        ring = ndimage.binary_dilation(own) & ~own
        roundness.append(np.log(max(rim.sum(), 1) ** 2 / (4 * np.pi * area)))
        filling.append(area / mask[box].size)
        touching.append((piece[ring] > 0).mean() if ring.any() else 0.0)
    return {
        "size_mean": float(np.log(relative).mean()),
        "size_spread": float(np.log(relative).std()),
        "size_smallest": float(np.log(relative.min())),
        "irregularity": float(np.mean(roundness)),
        "box_filling": float(np.mean(filling)),
        "touching": float(np.mean(touching)),
    }


def _contrast(rgb: Array, inside: NDArray[np.bool_]) -> Features:
    ring = ndimage.binary_dilation(inside, iterations=4) & ~ndimage.binary_dilation(inside)
    ring = ring if ring.any() else ~inside
    own, other, near = rgb[inside], rgb[~inside], rgb[ring]
    gap = own.mean(axis=0) - other.mean(axis=0)
    near_gap = own.mean(axis=0) - near.mean(axis=0)
    noise = np.sqrt((own.var(axis=0) + other.var(axis=0)) / 2) + 0.01
    near_noise = np.sqrt((own.var(axis=0) + near.var(axis=0)) / 2) + 0.01
    return {
        "background_distance": float(np.linalg.norm(gap)),
        "channel_distance": float(np.abs(gap).max()),
        "ring_distance": float(np.linalg.norm(near_gap)),
        "background_contrast": float(np.log1p(np.abs(gap / noise).max())),
        "ring_contrast": float(np.log1p(np.abs(near_gap / near_noise).max())),
        "fisher_contrast": _fisher(own, other),
        "colour_overlap": _overlap(own, other),
    }


def _fisher(own: Array, other: Array) -> float:
    """Give the log of Fisher's discriminant ratio of the colours."""
    gap = own.mean(axis=0) - other.mean(axis=0)
    within = (np.cov(own.T, bias=True) + np.cov(other.T, bias=True)) / 2 + 1e-4 * np.eye(3)
    return float(np.log1p(gap @ np.linalg.solve(within, gap)))


def _overlap(own: Array, other: Array) -> float:
    """Give the Bhattacharyya coefficient of two colour histograms of 6^3 cells."""
    bins, cube = 6, [(0, 1)] * 3
    first = np.histogramdd(own, bins=bins, range=cube)[0].ravel() / len(own)
    second = np.histogramdd(other, bins=bins, range=cube)[0].ravel() / len(other)
    return float(np.sqrt(first * second).sum())


def _boundary(luma: Array, inside: NDArray[np.bool_]) -> Features:
    gradient = ndimage.gaussian_gradient_magnitude(luma, 1.0)
    rim = ndimage.binary_dilation(inside) & ~ndimage.binary_erosion(inside, border_value=1)
    rest = ~ndimage.binary_dilation(rim, iterations=2)
    rest = rest if rest.any() else ~rim
    elsewhere = gradient[rest] if rest.any() else gradient
    here = gradient[rim].mean() if rim.any() else elsewhere.mean()
    return {
        "boundary_gradient": float(here),
        "boundary_ratio": float(np.log((here + 1e-3) / (elsewhere.mean() + 1e-3))),
        "boundary_rank": float((elsewhere < here).mean()),
    }


def _texture(luma: Array, inside: NDArray[np.bool_]) -> Features:
    rough = local_std(luma, 2)
    core = ndimage.binary_erosion(inside, iterations=2)
    core = core if core.any() else inside
    around = ~ndimage.binary_dilation(inside, iterations=2)
    around = around if around.any() else ~inside
    own, other = rough[core].mean(), rough[around].mean()
    return {
        "object_roughness": float(own),
        "background_roughness": float(other),
        "roughness_ratio": float(np.log((own + 5e-3) / (other + 5e-3))),
    }


def _colours(rgb: Array, mask: NDArray[np.int32], ids: NDArray) -> Features:
    colours = np.stack([ndimage.mean(rgb[..., c], mask, ids) for c in range(3)], axis=-1)
    return {
        "object_luma": float(colours.mean(axis=0) @ LUMA),
        "background_luma": float(rgb[mask == 0].mean(axis=0) @ LUMA),
        "object_variation": float(np.sqrt(colours.var(axis=0).sum())),
    }


@cache
def _defined_names() -> tuple[str, ...]:
    """Name the mask statistics that need both an object and background."""
    image = np.zeros((8, 8, 3), dtype=np.uint8)
    mask = np.zeros((8, 8), dtype=np.int32)
    mask[2:5, 2:5] = 1
    return tuple(mask_statistics(image, mask))[2:]
