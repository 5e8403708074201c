"""Found objects against annotated ones: overlaps and COCO-style average precision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn._typing import Array

Labels = NDArray[np.int32]

OVERLAPS = np.arange(0.5, 1.0, 0.05)


def relabelled(mask: Labels) -> Labels:
    """Give the objects of a mask the ids 1 to n without gaps; 0 stays background."""
    ids = np.unique(mask, return_inverse=True)[1].reshape(mask.shape).astype(np.int32)
    return ids + np.int32(not (mask == 0).any())


def overlap_table(found: Labels, annotated: Labels) -> Array:
    """Give the IoU of every found with every annotated object.

    Parameters
    ----------
    found, annotated : ndarray of shape (height, width), ids 1 … n, 0 is background

    Returns
    -------
    overlaps : ndarray of shape (n_found, n_annotated)
    """
    shape = found.max() + 1, annotated.max() + 1
    flat = found.ravel().astype(np.int64) * shape[1] + annotated.ravel()
    common = np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    inside = common[1:, 1:]
    union = common.sum(axis=1)[1:, None] + common.sum(axis=0)[None, 1:] - inside
    return inside / np.maximum(union, 1.0)


def average_precision(overlaps: Array, scores: Array) -> float:
    """Give the average precision of one image, mean over IoU 0.50 to 0.95.

    Parameters
    ----------
    overlaps : ndarray of shape (n_found, n_annotated)
    scores : ndarray of shape (n_found,)
        The surest objects are matched first, each with the best one left.
    """
    n_found, n_annotated = overlaps.shape
    if n_found == 0 or n_annotated == 0:
        return 0.0
    ranked = overlaps[np.argsort(-scores, kind="stable")]
    return float(np.mean([_precision_at(ranked, level) for level in OVERLAPS]))


def _precision_at(ranked: Array, level: float) -> float:
    free = np.ones(ranked.shape[1], dtype=bool)
    hits = np.zeros(len(ranked), dtype=bool)
    for row, overlaps in enumerate(ranked):
        best = int(np.argmax(np.where(free, overlaps, -1.0)))
        if free[best] and overlaps[best] >= level:
            hits[row], free[best] = True, False
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((envelope * hits).sum() / ranked.shape[1])
