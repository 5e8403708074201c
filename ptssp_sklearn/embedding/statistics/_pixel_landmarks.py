"""Landmarks: how well a quick pixel classifier learns the task from the annotated images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from ptssp_sklearn.embedding.statistics._average_precision import (
    average_precision,
    overlap_table,
    relabelled,
)

PIXEL_NAMES = ("roc_auc", "average_precision", "best_iou")
OBJECT_NAMES = ("object_map", "object_iou", "object_recall", "object_precision")
LANDMARK_NAMES = PIXEL_NAMES + OBJECT_NAMES

_SCALES = (0.7, 1.5, 3.0, 6.0)
_PIXELS = 600
_TREES = 60
_LEAST_PIXELS = 4


def landmark_scores(
    images: Sequence[NDArray[np.uint8]],
    masks: Sequence[NDArray[np.int32]],
    *,
    random_state: int = 0,
) -> NDArray[np.float64] | None:
    """Cross-validate a pixel classifier over the annotated images of one task.

    Extremely randomised trees on multi-scale filter responses are trained on the
    object and background pixels of all images but one and asked about that one,
    each in turn.

    Parameters
    ----------
    images : sequence of ndarray of shape (height, width, 3), uint8
    masks : sequence of ndarray of shape (height, width)
        Instance ids, 0 is background; one mask an image.
    random_state : int, default=0

    Returns
    -------
    scores : ndarray of shape (n_scored, 7) or None
        Scores of each image that has objects and background: ROC AUC, average precision and best
        IoU of its pixels; mAP50-95, mean best IoU, recall and precision at IoU 0.5 of the
        objects found in it. None where there are fewer than two such images.

    References
    ----------
    .. [1] Pfahringer, B., Bensusan, H., Giraud-Carrier, C. (2000). Meta-learning by
       landmarking various learning algorithms. ICML.
    """
    truth = [(mask > 0).ravel() for mask in masks]
    usable = usable_places(masks)
    if len(usable) < 2:
        return None
    rng = np.random.default_rng(random_state)
    responses = {i: pixel_responses(images[i]) for i in usable}
    drawn = {i: _draw(truth[i], rng) for i in usable}
    rows = []
    for held_out in usable:
        others = [i for i in usable if i != held_out]
        trees = ExtraTreesClassifier(
            _TREES, min_samples_leaf=3, random_state=random_state, max_features="sqrt"
        )
        trees.fit(
            np.concatenate([responses[i][drawn[i]] for i in others]),
            np.concatenate([truth[i][drawn[i]] for i in others]),
        )
        probability = trees.predict_proba(responses[held_out])[:, 1]
        pixels = pixel_scores(truth[held_out], probability)
        rows.append(pixels + _object_scores(masks[held_out], probability))
    return np.array(rows)


def usable_places(masks: Sequence[NDArray[np.int32]]) -> list[int]:
    """Find the images that have both objects and background."""
    inside = [mask > 0 for mask in masks]
    return [i for i, pixels in enumerate(inside) if pixels.any() and not pixels.all()]


def pixel_responses(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Filter an image at four scales: colour, gradient, Laplacian and local variance.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8

    Returns
    -------
    responses : ndarray of shape (height * width, 27), float32
    """
    rgb = image.astype(np.float32) / 255.0
    luma = rgb.mean(axis=2)
    channels = [rgb]
    for scale in _SCALES:
        smooth = ndimage.gaussian_filter(rgb, (scale, scale, 0))
        mean = smooth.mean(axis=2)
        spread = ndimage.gaussian_filter(luma**2, scale) - ndimage.gaussian_filter(luma, scale) ** 2
        gradient = ndimage.gaussian_gradient_magnitude(luma, scale)
        laplacian = ndimage.laplace(mean)
        channels.append(np.concatenate([smooth, np.stack([spread, gradient, laplacian], 2)], 2))
    return np.concatenate(channels, axis=2).reshape(luma.size, -1)


def _draw(inside: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw as many pixels of objects as of background, at most 600 each."""
    picks = []
    for part in (np.flatnonzero(inside), np.flatnonzero(~inside)):
        picks.append(rng.choice(part, size=min(_PIXELS, part.size), replace=False))
    return np.concatenate(picks)


def pixel_scores(inside: NDArray[np.bool_], probability: NDArray[np.float64]) -> list[float]:
    """Give ROC AUC, average precision and best IoU of pixels (`PIXEL_NAMES`).

    Parameters
    ----------
    inside : bool ndarray of shape (n_pixels,)
        Where objects are.
    probability : ndarray of shape (n_pixels,)
        Probability of an object.
    """
    precision, recall, _ = precision_recall_curve(inside, probability)
    overlap = precision * recall / np.maximum(precision + recall - precision * recall, 1e-12)
    return [
        float(roc_auc_score(inside, probability)),
        float(average_precision_score(inside, probability)),
        float(overlap.max()),
    ]


def match_objects(
    mask: NDArray[np.int32], found: NDArray[np.int32], sure: NDArray[np.float64]
) -> list[float]:
    """Match found objects with annotated ones; those of fewer than four pixels don't count.

    Parameters
    ----------
    mask, found : ndarray of shape (height, width), ids, 0 is background
    sure : ndarray of shape (height, width)
        Probability of foreground; its mean says which object is matched first.

    Returns
    -------
    scores : list of float
        mAP50-95, mean best IoU, recall and precision at IoU 0.5 (`OBJECT_NAMES`).
    """
    areas = np.bincount(found.ravel())
    areas[0] = 0
    kept = np.flatnonzero(areas >= _LEAST_PIXELS)
    if len(kept) == 0:
        return [0.0] * len(OBJECT_NAMES)
    overlaps = overlap_table(found.astype(np.int32), relabelled(mask))[kept - 1]
    best = overlaps.max(axis=0)
    return [
        average_precision(overlaps, np.asarray(ndimage.mean(sure, found, kept))),
        float(best.mean()),
        float((best > 0.5).mean()),
        float((overlaps.max(axis=1) > 0.5).mean()),
    ]


def _object_scores(mask: NDArray[np.int32], probability: NDArray[np.float64]) -> list[float]:
    """Take connected pieces of probability above a half as objects and match them."""
    smooth = ndimage.gaussian_filter(probability.reshape(mask.shape), 0.7)
    return match_objects(mask, ndimage.label(smooth > 0.5)[0], smooth)
