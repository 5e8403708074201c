"""Ceilings: what small, typical errors of a segmenter would cost on the annotated objects."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ptssp_sklearn.embedding.statistics._average_precision import (
    average_precision,
    overlap_table,
    relabelled,
)

Labels = NDArray[np.int32]

CEILING_NAMES = ("merged_map", "merged_iou", "grown_map", "shrunk_map", "coarse_map")

_CROSS = ndimage.generate_binary_structure(2, 1)


def ceiling_statistics(mask: Labels) -> dict[str, float]:
    """Score altered copies of a mask against the mask itself.

    The copies: touching objects merged; every object grown or shrunk by one pixel; the
    mask at a quarter of its resolution. Thin, small and crowded objects lose most.

    Parameters
    ----------
    mask : ndarray of shape (height, width), instance ids, 0 is background

    Returns
    -------
    features : dict of str to float
        mAP50-95 and, of merged objects, the mean best IoU; fractions. NaN where the mask
        is empty.
    """
    ids = relabelled(mask)
    if not ids.any():
        return dict.fromkeys(CEILING_NAMES, np.nan)
    merged, merged_iou = _score(ndimage.label(ids)[0], ids)
    grown = np.where(ids > 0, ids, ndimage.grey_dilation(ids, footprint=_CROSS))
    values = [merged, merged_iou, *(_score(c, ids)[0] for c in (grown, _shrunk(ids), _coarse(ids)))]
    return dict(zip(CEILING_NAMES, values, strict=True))


def _score(found: Labels, annotated: Labels) -> tuple[float, float]:
    overlaps = overlap_table(found, annotated)
    overlaps = overlaps[np.bincount(found.ravel(), minlength=len(overlaps) + 1)[1:] > 0]
    if not len(overlaps):
        return 0.0, 0.0
    sureness = overlaps.max(axis=1)
    return average_precision(overlaps, sureness), float(overlaps.max(axis=0).mean())


def _shrunk(ids: Labels) -> Labels:
    lowest = ndimage.grey_erosion(ids, footprint=_CROSS, mode="nearest")
    highest = ndimage.grey_dilation(ids, footprint=_CROSS, mode="nearest")
    return np.where((lowest == ids) & (highest == ids), ids, 0)


def _coarse(ids: Labels, factor: int = 4) -> Labels:
    height, width = ids.shape
    rows = np.minimum(np.arange(height) // factor * factor + factor // 2, height - 1)
    columns = np.minimum(np.arange(width) // factor * factor + factor // 2, width - 1)
    return ids[np.ix_(rows, columns)]
