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
        Height and width of the image, pixels.

    Returns
    -------
    codes : list of dict
        ``size`` and ``counts``; several rings of one object are filled by the even-odd rule,
        so that a ring in another is a hole.

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
            drawn = coding.frPyObjects(rings, height, width)
            codes.append(drawn[0] if len(drawn) == 1 else _even_odd(drawn))
    return codes


def _even_odd(rings: list[dict[str, Any]]) -> dict[str, Any]:
    from faster_coco_eval import mask as coding

    covers = coding.decode(rings).sum(axis=2)
    code: dict[str, Any] = coding.encode(np.asfortranarray(covers % 2, dtype=np.uint8))
    return code


def masks_of(outlines: Sequence[Outline], height: int, width: int) -> NDArray[np.bool_]:
    """Draw outlines as masks of shape (n, height, width)."""
    from faster_coco_eval import mask as coding

    if not outlines:
        return np.zeros((0, height, width), bool)
    drawn = coding.decode(run_lengths(outlines, height, width))
    return np.ascontiguousarray(drawn.transpose(2, 0, 1)).astype(bool)
