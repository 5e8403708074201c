"""What the values of a mask file mean: one object each, one class each, or object or not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ptssp_sklearn.exceptions import ImageError
from ptssp_sklearn.images import MAX_PIXELS

BOMB = Image.DecompressionBombError
VOID = 255
"""Pixels that belong to nothing, beside ids that are small."""
_WIDE = 64
"""Range of values from which edges may have been smoothed."""
_SPECK = 0.05
"""A piece smaller than this share of its id's largest one is no object of its own."""
_FEW = 4
_COLOURS = 4096
_COLOUR = 1 << 24
"""Tells colours from ids, so that pure blue is not taken for void."""


def read_values(path: Path, max_pixels: int = MAX_PIXELS) -> NDArray[np.int64]:
    """Read the values of a mask file.

    Palette images give their indices, colours become one number each; where one colour is
    drawn at several opacities, the opacity is the value.

    Returns
    -------
    values : ndarray of shape (height, width), int64

    Raises
    ------
    ImageError
        If the file is missing, damaged or too large; the message is the reason.
    """
    try:
        with Image.open(path) as image:
            if image.size[0] * image.size[1] > max_pixels:
                raise ImageError(f"has more than {max_pixels:,} pixels")
            plain = {"CMYK": "RGB", "YCbCr": "RGB", "LAB": "RGB", "HSV": "RGB", "PA": "RGBA"}
            values = np.asarray(image.convert(plain.get(image.mode, image.mode)))
    except FileNotFoundError:
        raise ImageError("there is no such file") from None
    except (OSError, SyntaxError, ValueError, EOFError, ImportError, BOMB) as error:
        if isinstance(error, ImageError):
            raise
        raise ImageError(f"is damaged or no image ({error})") from None
    if values.ndim == 2:
        return (
            np.round(values).astype(np.int64)
            if values.dtype.kind == "f"
            else values.astype(np.int64)
        )
    return _one_number(values)


def _one_number(values: NDArray) -> NDArray[np.int64]:
    """Give colours, or opacities of one colour, as numbers."""
    depth = values.shape[2]
    colours, alpha = (
        (values[..., : depth - 1], values[..., -1]) if depth in (2, 4) else (values, None)
    )
    if (
        alpha is not None
        and np.ptp(alpha)
        and not np.ptp(colours.reshape(-1, depth - 1), axis=0).any()
    ):
        return alpha.astype(np.int64)
    if alpha is not None:
        colours = np.where(alpha[..., None] == 0, 0, colours)
    if colours.shape[2] == 1 or (colours == colours[..., :1]).all():
        return colours[..., 0].astype(np.int64)
    packed = colours.astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])
    return np.where(packed > 0, packed | _COLOUR, 0)


def colour_value(colour: Sequence[int]) -> list[int]:
    """List the values that a colour of red, green and blue may have in `read_values`."""
    red, green, blue = colour
    packed = red << 16 | green << 8 | blue
    values = [packed | _COLOUR if packed else 0]
    return [*values, red] if red == green == blue else values


def is_two_valued(values: NDArray[np.int64]) -> bool:
    """Tell whether a mask knows object and background only, be its edges smoothed.

    A value between the two that fills an area, and not only edges, is a third one.
    """
    found = np.unique(values)
    if len(found) <= 2:
        return True
    low, high = int(found[0]), int(found[-1])
    if len(found) <= _FEW or high - low < _WIDE or high >= _COLOUR:
        return False
    slack = (high - low) // 32
    flat = ndimage.maximum_filter(values, 3) - ndimage.minimum_filter(values, 3) <= slack
    place = (values - low) / (high - low)
    between = flat & (place > 0.15) & (place < 0.85)
    return bool(between.sum() <= 0.01 * max(int((flat & (place >= 0.85)).sum()), 1))


def threshold(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Give the objects of a two-valued mask: what lies above the middle of its values."""
    low, high = int(values.min()), int(values.max())
    return values > (low + high) / 2 if high > low else np.full(values.shape, low > 0)


def pieces_of(values: NDArray[np.int64], void: bool) -> list[int]:
    """Count the pieces of each id that are too large for specks."""
    counts = []
    for value in ids_of(values, void):
        numbered, _ = ndimage.label(values == value, np.ones((3, 3)))
        sizes = np.bincount(numbered.ravel())[1:]
        counts.append(int((sizes >= max(_FEW, _SPECK * sizes.max())).sum()))
    return counts


def ids_of(values: NDArray[np.int64], void: bool) -> list[int]:
    """List the ids of a mask, without 0 and, where it is void, 255."""
    found = np.unique(values).tolist()
    return [value for value in found if value != 0 and not (void and value == VOID)]


def components(values: NDArray[np.int64], ids: list[int]) -> tuple[NDArray[np.int32], list[int]]:
    """Count out the pieces of every id on its own.

    Returns
    -------
    numbered : ndarray of int32
        1, 2, … in the order of ids; 0 is background.
    owners : list of int
        The id of each piece.
    """
    numbered = np.zeros(values.shape, dtype=np.int32)
    owners: list[int] = []
    for value in ids:
        own, count = ndimage.label(values == value, np.ones((3, 3)))
        numbered[own > 0] = own[own > 0] + len(owners)
        owners += [value] * count
    return numbered, owners


def too_many(values: NDArray[np.int64]) -> bool:
    """Tell whether a file has more values than a mask can mean, as a photograph has."""
    return len(np.unique(values)) > _COLOURS
