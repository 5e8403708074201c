"""Touching objects parted: a depth map of every object, and objects grown from its peaks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float32]

CORE = 0.5
"""Depth above which a pixel belongs to the core of its object."""

LEVELS = (0.4, 0.3, 0.2, 0.1)
"""Depths down which the cores grow before they share out the rest of the foreground."""


def distance_map(mask: NDArray[np.int32]) -> Array:
    """Give each pixel's distance to the rim of its own object, 1 at the object's deepest.

    Parameters
    ----------
    mask : ndarray of shape (height, width), instance ids, 0 is background

    Returns
    -------
    depth : ndarray of shape (height, width), in [0, 1], 0 outside
        Touching objects are parted by a valley.
    """
    inside = mask > 0
    if not inside.any():
        return np.zeros(mask.shape, np.float32)
    padded = np.pad(mask, 1, mode="edge")
    same = np.ones(mask.shape, bool)
    for shift in ((0, 1), (2, 1), (1, 0), (1, 2)):
        height, width = mask.shape
        same &= padded[shift[0] : shift[0] + height, shift[1] : shift[1] + width] == mask
    distance = np.where(inside, ndimage.distance_transform_edt(inside & same) + 1.0, 0.0)
    deepest = np.asarray(ndimage.maximum(distance, mask, np.arange(mask.max() + 1)))
    return (distance / np.maximum(deepest[mask], 1.0)).astype(np.float32)


def split_instances(sure: NDArray[Any], depth: NDArray[Any]) -> NDArray[np.int32]:
    """Part the foreground into objects by flooding the depth map from their cores.

    Parameters
    ----------
    sure : ndarray of shape (height, width)
        Probability of foreground.
    depth : ndarray of shape (height, width)
        Predicted depth, about [0, 1].

    Returns
    -------
    ids : ndarray of shape (height, width), ids of objects, 0 is background
        Ids may have gaps; pieces without a core are objects too.
    """
    inside = sure > 0.5
    smooth = ndimage.gaussian_filter(depth, 0.7)
    cores, n_cores = ndimage.label(inside & (smooth > CORE))
    pieces, _ = ndimage.label(inside)
    with_core = np.unique(pieces[cores > 0])
    lonely = inside & ~np.isin(pieces, with_core)
    ids = np.where(lonely, pieces + n_cores, cores).astype(np.int32)
    for level in LEVELS:
        ids = _grow(ids, inside & (smooth > level))
    return _grow(ids, inside)


def _grow(ids: NDArray[np.int32], region: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Give the free pixels of a region to the nearest object."""
    free = region & (ids == 0)
    if not free.any() or not ids.any():
        return ids
    nearest = ndimage.distance_transform_edt(ids == 0, return_distances=False, return_indices=True)
    return np.where(free, ids[tuple(nearest)], ids)
