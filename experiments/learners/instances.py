"""Instances as maps a network can learn, and maps back to instances that do not merge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from experiments.datasets.base import Sample
from ptssp_sklearn.embedding.statistics.watershed import split_instances
from ptssp_sklearn.measuring import learner as measured
from ptssp_sklearn.measuring.learner import Prediction
from ptssp_sklearn.measuring.outlines import masks_of

Array = NDArray[np.float32]

LEAST_AREA = 4
"""Of an object that counts, pixels."""

MOST_OBJECTS = 100
"""Of one image, those the network is surest of."""


def with_ids(sample: measured.Sample) -> Sample:
    """Draw the objects of a sample as ids, the later over the earlier; boxes are filled."""
    if isinstance(sample, Sample):
        return sample
    objects, shape = sample.objects, sample.image.shape[:2]
    outlines = objects.outlines or tuple((_corners(box),) for box in objects.boxes)
    mask = np.zeros(shape, np.int32)
    for number, drawn in enumerate(masks_of(outlines, *shape), start=1):
        mask[drawn] = number
    return Sample(sample.image, mask, objects.classes)


def _corners(box: NDArray[np.float64]) -> NDArray[np.float64]:
    left, top, right, bottom = box
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def class_map(sample: Sample) -> NDArray[np.int64]:
    """Give 0 for background and class + 1 for objects, shape (height, width)."""
    labels = np.concatenate([[0], np.asarray(sample.classes, np.int64) + 1])
    return labels[sample.mask]


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
    return _describe(split_instances(sure, depth), sure, probabilities[1:])


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
