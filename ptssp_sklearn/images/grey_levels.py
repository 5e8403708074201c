"""Levels of more than eight bits, or floating-point ones, scaled to eight bits by one rule."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.exceptions import ImageError

DEPTHS = (8, 10, 12, 14, 16)
"""Bits a level that cameras and microscopes give."""
_OUTLIERS = 0.001
"""Share of levels that may lie above the range: hot pixels, and marks burnt in."""
_FRACTIONS = 1.0
_LEAST_LEVELS = 16.0
"""Floating-point levels that go above 1, but not this far, are neither fractions nor levels."""


def to_eight_bits(levels: NDArray, name: str) -> tuple[NDArray[np.uint8], str]:
    """Scale levels by the smallest usual depth that holds all but one in a thousand of them.

    So a hot pixel changes nothing, and data of 12 bits in a file of 16 are not taken for
    darkness. A file and an array of the same levels give the same.

    Parameters
    ----------
    levels : ndarray of integers up to 65,535, or of floats
        Floats that do not exceed 1 are fractions.
    name : str
        What messages call them.

    Returns
    -------
    scaled : ndarray of uint8
    what : str
        What should be said of the range that was taken; empty where it is the usual one.

    Raises
    ------
    ImageError
        If a level is negative, too large, or no number, or they are of no usual range.
    """
    _check_levels(levels, name)
    if not levels.size:
        return levels.astype(np.uint8), ""
    highest = _highest(levels)
    if levels.dtype.kind == "f" and highest <= _FRACTIONS:
        return np.round(np.clip(levels, 0.0, 1.0) * 255).astype(np.uint8), ""
    if levels.dtype.kind == "f" and highest < _LEAST_LEVELS:
        raise ImageError(
            f"Got {name} of floats from {levels.min():g} to {levels.max():g}, expected uint8 "
            "or fractions in [0, 1]. Scale it to one of them."
        )
    depth = next(bits for bits in DEPTHS if highest < 2**bits)
    top = 2**depth - 1
    scaled = np.round(np.minimum(levels.astype(np.float32), top) * np.float32(255.0 / top))
    return scaled.astype(np.uint8), _said(levels, depth, top)


def _highest(levels: NDArray) -> float:
    """Give the highest level that is no outlier; at least one pixel may be one."""
    allowed = max(1, int(_OUTLIERS * levels.size))
    place = max(levels.size - 1 - allowed, 0)
    return float(np.partition(levels.ravel(), place)[place])


def _said(levels: NDArray, depth: int, top: int) -> str:
    highest = float(levels.max())
    if depth == DEPTHS[-1]:
        return ""
    if highest <= top and levels.dtype.kind == "f":
        return f"holds levels up to {highest:,g}: they are read as {depth} bits (0 to {top:,})"
    said = f"holds 16-bit levels up to {highest:,.0f}: they are read as {depth} bits (0 to {top:,})"
    above = int((levels > top).sum())
    return f"{said}, {above:,} of {levels.size:,} lie above" if above else said


def _check_levels(levels: NDArray, name: str) -> None:
    if levels.dtype.kind == "f" and not np.isfinite(levels).all():
        raise ImageError(f"Got {name} with NaN or infinity, expected uint8.")
    if levels.size and (levels.min() < 0 or levels.max() >= 2 ** DEPTHS[-1]):
        raise ImageError(
            f"Got {name} with levels from {levels.min():,g} to {levels.max():,g}, expected levels "
            "from 0 to 65,535, or fractions in [0, 1]. Scale it to one of them."
        )
