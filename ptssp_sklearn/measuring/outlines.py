"""Outlines of objects, polygons or masks, as COCO's run lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.measuring.learner import Outline


def run_lengths(outlines: Sequence[Outline], height: int, width: int) -> list[dict[str, Any]]:
    """Encode outlines as COCO's compressed run lengths.

    Parameters
    ----------
    outlines : sequence of Outline
    height, width : int
        Of the image, pixels.

    Returns
    -------
    codes : list of dict
        ``size`` and ``counts``; several rings of one object are united.

    Raises
    ------
    ValueError
        If a mask has another shape than the image.
    """
    from faster_coco_eval import mask as coding

    codes = []
    for outline in outlines:
        if isinstance(outline, np.ndarray):
            if outline.shape != (height, width):
                raise ValueError(
                    f"Got a mask of shape {outline.shape}, expected {(height, width)}."
                )
            codes.append(coding.encode(np.asfortranarray(outline, dtype=np.uint8)))
        else:
            rings = [np.asarray(ring, np.float64).ravel().tolist() for ring in outline]
            codes.append(coding.merge(coding.frPyObjects(rings, height, width)))
    return codes


def masks_of(outlines: Sequence[Outline], height: int, width: int) -> NDArray[np.bool_]:
    """Draw outlines as masks of shape (n, height, width)."""
    from faster_coco_eval import mask as coding

    if not outlines:
        return np.zeros((0, height, width), bool)
    drawn = coding.decode(run_lengths(outlines, height, width))
    return np.ascontiguousarray(drawn.transpose(2, 0, 1)).astype(bool)
