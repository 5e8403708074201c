"""What the values of a mask file mean: one object each, one class each, or object or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ptssp_sklearn.exceptions import ImageError
from ptssp_sklearn.images.decoding import MAX_PIXELS

BOMB = Image.DecompressionBombError
VOID = 255
"""Pixels that belong to nothing, beside ids that are small."""
_WIDE = 64
"""Range of values from which edges may have been smoothed."""
_FLAT = 0.3
"""Least share of pixels without an edge in a mask that was smoothed, and is no photograph."""
_SPECK = 0.05
"""A piece smaller than this share of its id's largest one is no object of its own."""
_OFF_THE_WAY = 24
"""Distance of a colour from those between two others up to which it is one of them."""
_COUNTED = 1 << 16
_FEW = 4
_TOUCHING = np.ones((3, 3))
_COLOURS = 4096
_VOID_COLOUR = 224 << 16 | 224 << 8 | 192
"""Void where Pascal VOC's palette became colours."""
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
            return values_of(image)[0]
    except FileNotFoundError:
        raise ImageError("there is no such file") from None
    except (OSError, SyntaxError, ValueError, EOFError, ImportError, BOMB) as error:
        if isinstance(error, ImageError):
            raise
        raise ImageError(f"is damaged or no image ({error})") from None


def values_of(image: Image.Image) -> tuple[NDArray[np.int64], bool]:
    """Read the values of a mask as `read_values` does; tell whether they are opacities."""
    plain = {"CMYK": "RGB", "YCbCr": "RGB", "LAB": "RGB", "HSV": "RGB", "PA": "RGBA"}
    return array_values(np.asarray(image.convert(plain.get(image.mode, image.mode))))


def array_values(values: NDArray) -> tuple[NDArray[np.int64], bool]:
    """Give the values of a mask as an array, (height, width) or (height, width, channels)."""
    if values.ndim == 2:
        rounded = np.round(values) if values.dtype.kind == "f" else values
        return rounded.astype(np.int64), False
    return _one_number(values)


def _one_number(values: NDArray) -> tuple[NDArray[np.int64], bool]:
    """Give colours, or opacities of one colour, as numbers, and whether they are the latter."""
    depth = values.shape[2]
    if depth in (2, 4):
        colours, alpha = values[..., : depth - 1], values[..., -1]
        if np.ptp(alpha) and _is_picture_or_plain(colours):
            return alpha.astype(np.int64), True
        colours = np.where(alpha[..., None] == 0, 0, colours)
    else:
        colours = values
    if colours.shape[2] == 1 or (colours == colours[..., :1]).all():
        return colours[..., 0].astype(np.int64), False
    packed = _packed(colours)
    if len(distinct(packed)) > _FEW:
        blended = _blended(colours, packed)
        if blended is not None:
            return blended, False
    return np.where((packed > 0) & (packed != _VOID_COLOUR), packed | _COLOUR, 0), False


def _packed(colours: NDArray) -> NDArray[np.int64]:
    weights = np.array([1 << 16, 1 << 8, 1])[: colours.shape[2]]
    return colours.astype(np.int64) @ weights


def _is_picture_or_plain(colours: NDArray) -> bool:
    """Tell colours that cannot be what an object is known by: a photograph's, or only one."""
    count = len(distinct(_packed(colours)))
    return count == 1 or count > _COLOURS


def _blended(colours: NDArray, packed: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Give where colours lie between the two commonest, 0 to 255, if all do that fill an area.

    So are two colours whose edges were smoothed, or that were saved as JPEG.
    """
    found, counts = np.unique(packed, return_counts=True)
    ends = found[np.argsort(counts)[-2:]]
    low, high = (np.array([end >> 16, end >> 8 & 255, end & 255], float) for end in sorted(ends))
    way = high - low
    length = float(way @ way)
    if length < _WIDE**2:
        return None
    place = np.clip((colours - low) @ way / length, 0.0, 1.0)
    away = np.abs(colours - (low + place[..., None] * way)).max(axis=2)
    size = (3, 3, 1)
    spread = ndimage.maximum_filter(colours, size) - ndimage.minimum_filter(colours, size)
    flat = (spread <= _OFF_THE_WAY).all(axis=2)
    if flat.mean() < _FLAT or np.quantile(away[flat], 0.99) > _OFF_THE_WAY:
        return None
    return np.round(place * 255).astype(np.int64)


def colour_value(colour: Sequence[int]) -> list[int]:
    """List the values that a colour of red, green and blue may have in `read_values`."""
    red, green, blue = colour
    packed = red << 16 | green << 8 | blue
    values = [packed | _COLOUR if packed else 0]
    return [*values, red] if red == green == blue else values


def distinct(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the sorted values that a mask has; by counting where they are small, as ids are."""
    if values.size and values.min() >= 0 and values.max() < _COUNTED:
        return np.flatnonzero(np.bincount(values.ravel()))
    return np.unique(values)


def is_two_valued(values: NDArray[np.int64]) -> bool:
    """Tell whether a mask knows object and background only, be its edges smoothed.

    A value between the two that fills an area, and not only edges, is a third one.
    """
    found = distinct(values)
    if len(found) <= 2:
        return True
    low, high = int(found[0]), int(found[-1])
    if len(found) <= _FEW or high - low < _WIDE or high >= _COLOUR:
        return False
    spread = ndimage.maximum_filter(values, 3) - ndimage.minimum_filter(values, 3)
    flat = spread <= (high - low) // 32
    if flat.mean() < _FLAT:
        return False
    place = (values - low) / (high - low)
    middle = (place > 0.15) & (place < 0.85)
    own = (spread == 0) & (values > low) & (place <= 0.15)
    if not middle.any() and own.sum() >= 0.01 * values.size:
        return False  # ids beside a border of 255, whose edges are hard
    return bool((flat & middle).sum() <= 0.01 * max(int((flat & (place >= 0.85)).sum()), 1))


def threshold(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Give the objects of a two-valued mask: what lies above the middle of its values."""
    low, high = int(values.min()), int(values.max())
    return values > (low + high) / 2 if high > low else np.full(values.shape, low > 0)


def pieces_of(values: NDArray[np.int64], void: bool) -> tuple[list[int], list[int]]:
    """Count the pieces of each id that are too large for specks.

    Returns
    -------
    pieces, apart : list of int
        All of each id, and those that have background between them: an object that another one
        cuts lies in pieces, but in one heap.
    """
    pieces, apart = [], []
    ids = ids_of(values, void)
    heaps = ndimage.label(compact(values, ids) > 0, _TOUCHING)[0]
    for _, place, pixels in _each(values, ids):
        own = ndimage.label(pixels, _TOUCHING)[0]
        sizes = np.bincount(own.ravel())[1:]
        large = np.flatnonzero(sizes >= max(_FEW, _SPECK * sizes.max())) + 1
        first = np.unique(own, return_index=True)[1][-len(sizes) :][large - 1]
        pieces.append(len(large))
        apart.append(len(np.unique(heaps[place].ravel()[first])))
    return pieces, apart


def _each(
    values: NDArray[np.int64], ids: list[int]
) -> Iterator[tuple[int, tuple[slice, ...], NDArray[np.bool_]]]:
    """Give each id that has pixels, its box, and its pixels inside."""
    numbered = compact(values, ids)
    for number, place in enumerate(ndimage.find_objects(numbered, len(ids)), start=1):
        if place is not None:
            yield ids[number - 1], place, numbered[place] == number


def compact(values: NDArray[np.int64], ids: list[int]) -> NDArray[np.int32]:
    """Give each of the sorted ids its number from 1; anything else is 0."""
    if not ids:
        return np.zeros(values.shape, np.int32)
    places = np.minimum(np.searchsorted(ids, values), len(ids) - 1)
    return np.where(np.asarray(ids)[places] == values, places + 1, 0).astype(np.int32)


def ids_of(values: NDArray[np.int64], void: bool) -> list[int]:
    """List the ids of a mask, sorted, without 0, negative ones and, where it is void, 255."""
    found = distinct(values).tolist()
    return [value for value in found if value > 0 and not (void and value == VOID)]


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
    for value, place, pixels in _each(values, ids):
        own, count = ndimage.label(pixels, _TOUCHING)
        numbered[place][pixels] = own[pixels] + len(owners)
        owners += [value] * count
    return numbered, owners


def too_many(values: NDArray[np.int64]) -> bool:
    """Tell whether a file has more values than a mask can mean, as a photograph has."""
    return len(distinct(values)) > _COLOURS
