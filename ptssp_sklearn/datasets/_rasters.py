"""Outlines of objects -> pixels, and pixels -> outlines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.datasets._remarks import LeftOut


def draw_polygons(
    parts: Sequence[NDArray[np.floating]], shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """Fill the polygons of one object: pixels whose centre lies inside one, or the nearest pixel.

    Parameters
    ----------
    parts : sequence of ndarray of shape (n_corners, 2)
        x and y, pixels; each is filled by the even-odd rule.
    shape : (height, width), pixels
    """
    mask = np.zeros(shape, dtype=bool)
    for part in parts:
        corners = np.asarray(part, np.float64)
        low = np.clip(np.floor(corners.min(axis=0)), 0, shape[::-1]).astype(int)
        high = np.clip(np.ceil(corners.max(axis=0)), 0, shape[::-1]).astype(int)
        window = mask[low[1] : high[1], low[0] : high[0]]
        window |= _fill(corners - low, window.shape)
    if not mask.any():
        x, y = np.concatenate(parts).mean(axis=0)
        mask[_span(y - 0.5, y + 0.5, shape[0])[0], _span(x - 0.5, x + 0.5, shape[1])[0]] = True
    return mask


def _fill(corners: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Toggle a pixel wherever an edge crosses its row's centre line; fill between crossings."""
    height, width = shape
    (x0, y0), (x1, y1) = np.roll(corners, 1, axis=0).T, corners.T
    low = np.clip(np.ceil(np.minimum(y0, y1) - 0.5), 0, height).astype(np.int64)
    high = np.clip(np.ceil(np.maximum(y0, y1) - 0.5), 0, height).astype(np.int64)
    counts = high - low
    edge = np.repeat(np.arange(len(counts)), counts)
    rows = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts - low, counts)
    slope = (x1 - x0)[edge] / (y1 - y0)[edge]
    crossing = x0[edge] + (rows + 0.5 - y0[edge]) * slope
    columns = np.clip(np.ceil(crossing - 0.5), 0, width).astype(np.int64)
    toggles = np.zeros((height, width + 1), dtype=np.uint8)
    np.add.at(toggles, (rows, columns), np.uint8(1))
    return (np.cumsum(toggles[:, :width], axis=1, dtype=np.uint8) & 1).astype(bool)


def draw_box(box: Sequence[float], shape: tuple[int, int]) -> tuple[slice, slice]:
    """Give the rows and columns of a box; one pixel at least."""
    (left, right), (top, bottom) = (
        _span(box[0], box[2], shape[1]),
        _span(box[1], box[3], shape[0]),
    )
    return slice(top, bottom), slice(left, right)


def _span(low: float, high: float, most: int) -> tuple[int, int]:
    start = min(max(round(float(low)), 0), most - 1)
    return start, min(max(round(float(high)), start + 1), most)


def decode_runs(runs: NDArray[np.unsignedinteger], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Give the mask of run lengths down the columns, shape (height, width)."""
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(shape[::-1]).T


def encode_runs(mask: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """Give the run lengths of a mask down its columns, background first."""
    flat = np.concatenate([[False], mask.T.ravel(), [False]])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    bounds = [0, *changes.tolist(), mask.size]
    runs = np.diff(bounds).astype(np.uint32)
    return runs[:-1] if len(runs) > 1 and not runs[-1] else runs


def parse_runs(text: bytes) -> NDArray[np.uint32]:
    """Read COCO's compressed run lengths.

    Each length is the difference to the last but one, in groups of five bits, a character
    each, the lowest group first; bit 6 says that another group follows.

    Raises
    ------
    LeftOut
        If the text is no such code.

    References
    ----------
    .. [1] pycocotools, ``common/maskApi.c``, ``rleFrString``.
    """
    codes = np.frombuffer(text, np.uint8).astype(np.int64) - 48
    if not len(codes) or codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        raise LeftOut("its counts are no compressed run lengths")
    stops = np.flatnonzero((codes & 32) == 0)
    starts = np.concatenate([[0], stops[:-1] + 1])
    groups = np.arange(len(codes)) - np.repeat(starts, stops - starts + 1)
    if groups.max() > 7:
        raise LeftOut("its counts are no compressed run lengths")
    values = np.add.reduceat((codes & 31) << (5 * groups), starts)
    lengths = stops - starts + 1
    values -= np.where(codes[stops] & 16, np.int64(1) << (5 * lengths), 0)
    for parity in (1, 2):
        values[parity::2] = np.cumsum(values[parity::2])
    if values.min() < 0:
        raise LeftOut("its counts are no compressed run lengths")
    return values.astype(np.uint32)


def trace(mask: NDArray[np.bool_]) -> list[NDArray[np.float32]]:
    """Give the outlines of a mask as polygons, corners in pixels.

    Outer borders and those of holes; filled by the even-odd rule they give the mask again.
    """
    from contourpy import contour_generator

    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return []
    top, left = int(rows[0]), int(columns[0])
    cropped = mask[top : rows[-1] + 1, left : columns[-1] + 1]
    lines = contour_generator(z=np.pad(cropped, 1).astype(np.float64)).lines(0.5)
    shift = np.array([left - 0.5, top - 0.5])
    return [(np.asarray(line)[:-1] + shift).astype(np.float32) for line in lines]


def join_parts(parts: Sequence[NDArray[np.floating]]) -> NDArray[np.floating]:
    """Join polygons to one by seams without width, for formats that hold one an object."""
    closed = [np.concatenate([part, part[:1]]) for part in parts]
    if len(closed) == 1:
        return parts[0]
    back = [part[:1] for part in reversed(parts[:-1])]
    return np.concatenate([*closed, *back])
