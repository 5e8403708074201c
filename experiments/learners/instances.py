"""Instances as maps a network can learn, and maps back to instances that do not merge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from experiments.datasets.base import Sample
from experiments.learners.base import Prediction

Array = NDArray[np.float32]

CORE = 0.5
"""Depth above which a pixel belongs to the core of its object."""

LEVELS = (0.4, 0.3, 0.2, 0.1)
"""Depths down which the cores grow before they share out the rest of the foreground."""

LEAST_AREA = 4
MOST_OBJECTS = 100


def class_map(sample: Sample) -> NDArray[np.int64]:
    """Give 0 for background and class + 1 for objects, shape (height, width)."""
    labels = np.concatenate([[0], np.asarray(sample.classes, np.int64) + 1])
    return labels[sample.mask]


def depth_map(mask: NDArray[np.int32]) -> Array:
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


def find_instances(probabilities: Array, depth: Array) -> Prediction:
    """Part the foreground into objects by flooding the depth map from their cores.

    Parameters
    ----------
    probabilities : ndarray of shape (1 + n_classes, height, width)
        Of background and classes.
    depth : ndarray of shape (height, width)
        Predicted depth, about [0, 1].
    """
    sure = 1.0 - probabilities[0]
    inside = sure > 0.5
    smooth = ndimage.gaussian_filter(depth, 0.7)
    cores, n_cores = ndimage.label(inside & (smooth > CORE))
    pieces, _ = ndimage.label(inside)
    with_core = np.unique(pieces[cores > 0])
    lonely = inside & ~np.isin(pieces, with_core)
    ids = np.where(lonely, pieces + n_cores, cores).astype(np.int32)
    for level in LEVELS:
        ids = _grow(ids, inside & (smooth > level))
    return _describe(_grow(ids, inside), sure, probabilities[1:])


def _grow(ids: NDArray[np.int32], region: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Give the free pixels of a region to the nearest object."""
    free = region & (ids == 0)
    if not free.any() or not ids.any():
        return ids
    nearest = ndimage.distance_transform_edt(ids == 0, return_distances=False, return_indices=True)
    return np.where(free, ids[tuple(nearest)], ids)


def _describe(ids: NDArray[np.int32], sure: Array, classes: Array) -> Prediction:
    areas = np.bincount(ids.ravel())
    areas[0] = 0
    kept = np.flatnonzero(areas >= LEAST_AREA)
    if len(kept) == 0:
        empty = np.zeros((0, *ids.shape), bool)
        return Prediction(empty, np.zeros(0, np.int64), np.zeros(0))
    means = np.array([ndimage.mean(part, ids, kept) for part in classes])
    share = means.max(axis=0) / np.maximum(means.sum(axis=0), 1e-6)
    scores = np.asarray(ndimage.mean(sure, ids, kept)) * share
    order = np.argsort(-scores, kind="stable")[:MOST_OBJECTS]
    masks = ids[None] == kept[order][:, None, None]
    return Prediction(masks, means.argmax(axis=0)[order].astype(np.int64), scores[order])
