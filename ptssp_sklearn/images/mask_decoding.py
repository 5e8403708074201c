"""One mask cell -> instance ids of its image's size."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ptssp_sklearn.exceptions import ImageError
from ptssp_sklearn.images.decoding import (
    MAX_PIXELS,
    as_array,
    open_cell,
    orientation_of,
    pages_of,
)
from ptssp_sklearn.images.mask_meaning import Meaning, Numbered, evidence_of, meaning_of
from ptssp_sklearn.images.mask_values import array_values, too_many, values_of
from ptssp_sklearn.images.yolo_labels import draw_polygons, read_polygons

_LABELS = ".txt"
_DOZENS, _SPECK = 24, 4
_THIN = 12
_SAME_SIDES = 4


class RawMask(NamedTuple):
    """The values of a mask as they stand in its file.

    Parameters
    ----------
    values : ndarray of shape (height, width), int64
    orientation : int
        As its EXIF data say, 1 to 8.
    remarks : tuple of str
        As in `Picture`.
    """

    values: NDArray[np.int64]
    orientation: int = 1
    remarks: tuple[str, ...] = ()


def load_mask(
    cell: Any,
    shape: tuple[int, int],
    *,
    name: str = "mask",
    max_pixels: int = MAX_PIXELS,
    meaning: Meaning | None = None,
) -> NDArray[np.int32]:
    """Decode a mask cell to instance ids.

    Parameters
    ----------
    cell : path, bytes, PIL image, array of shape (height, width[, channels]), or (path, class)
        Ids with 0 as background, or a YOLO-seg label file (``.txt``), all of it or one
        class. Colours other than black count as ids, and so does opacity where the colour
        is the same everywhere.
    shape : tuple of (height, width)
        Shape of the image the mask belongs to, pixels.
    name : str
        What messages call the cell.
    max_pixels : int
        Limit on height x width, checked before decoding.
    meaning : Meaning, optional
        What the values mean; by default it is found out from this mask alone: of a mask of
        object and background, and of one whose ids lie in several pieces, each piece is an
        instance, else each id is.

    Returns
    -------
    mask : ndarray of shape (height, width), int32
        Instances numbered 1, 2, …; 0 is background.

    Raises
    ------
    ImageError
        If the cell is missing, damaged, of another size than its image, or no mask.
    """
    if is_label_cell(cell):
        return draw_labels(cell, shape, name)
    values = read_raw(cell, name, max_pixels).values
    check_mask_size(values.shape, shape, name)
    return number(values, meaning or meaning_of([evidence_of(values)]), name).ids


def is_label_cell(cell: Any) -> bool:
    """Tell whether a mask is a YOLO label file, or one class of it."""
    if isinstance(cell, tuple) and len(cell) == 2:
        return True
    return isinstance(cell, str | os.PathLike) and str(cell).endswith(_LABELS)


def label_cell(cell: Any) -> tuple[Path, int | None]:
    """Give the label file of a cell, and the class that is wanted of it."""
    return (Path(cell[0]), int(cell[1])) if isinstance(cell, tuple) else (Path(cell), None)


def draw_labels(cell: Any, shape: tuple[int, int], name: str) -> NDArray[np.int32]:
    """Draw the objects of a YOLO label file, or those of one class."""
    path, wanted = label_cell(cell)
    polygons = read_polygons(path, name=name)
    return draw_polygons([p for p in polygons if wanted in (None, p.label)], shape)


def read_raw(cell: Any, name: str, max_pixels: int = MAX_PIXELS) -> RawMask:
    """Read the values of a mask that is no label file.

    Raises
    ------
    ImageError
        If it is no mask; names it.
    """
    cell = as_array(cell)
    if not isinstance(cell, np.ndarray):
        raw = open_cell(cell, name, max_pixels, _raw_of)
    elif cell.dtype.kind in "biu" and (cell.ndim == 2 or _has_channels(cell)) and cell.size:
        values, opacity = array_values(cell)
        raw = RawMask(values, 1, _opacity_said(opacity))
    else:
        raise ImageError(
            f"Got {name} of shape {cell.shape} and dtype {cell.dtype}, expected integer "
            "instance ids of shape (height, width), 0 for background."
        )
    if too_many(raw.values):
        raise _no_mask(name, "thousands of values, as a photograph has,")
    return raw


def _has_channels(cell: NDArray) -> bool:
    return cell.ndim == 3 and 1 <= cell.shape[2] <= 4 and cell.dtype == np.uint8


def _raw_of(image: Image.Image) -> RawMask:
    turn, pages = orientation_of(image), pages_of(image)
    values, opacity = values_of(image)
    return RawMask(values, turn, (pages,) * bool(pages) + _opacity_said(opacity))


def _opacity_said(opacity: bool) -> tuple[str, ...]:
    return ("shows its objects in its alpha channel, which is taken for the mask",) * opacity


def fit_to_image(
    raw: RawMask, shape: tuple[int, int], orientation: int, name: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Turn a mask so that it lies on its image, as far as their shapes tell.

    Parameters
    ----------
    raw : RawMask
    shape : tuple of (height, width)
        Shape of the image, upright.
    orientation : int
        EXIF orientation of the image before it was turned upright.
    name : str
        What messages call the mask.

    Returns
    -------
    values : ndarray of shape (height, width), int64
    remarks : tuple of str
        What should be said of it.

    Raises
    ------
    ImageError
        If no turn lays it on the image.
    """
    values = turned(raw.values, raw.orientation)
    if values.shape == shape:
        told = max(raw.orientation, orientation) > _SAME_SIDES and shape[0] != shape[1]
        if raw.orientation == orientation or told:
            return values, ()
        which = "its image is" if raw.orientation == 1 else "it is"
        return values, (
            f"is taken as drawn on the upright image, though only {which} turned by EXIF data "
            f"(orientation {max(raw.orientation, orientation)}); look whether they lie over each "
            "other",
        )
    if raw.values.shape == shape:
        return raw.values, ("is left as it is, since it fits its image only without its EXIF turn",)
    if orientation > _SAME_SIDES and values.shape == shape[::-1]:
        said = "is turned as its image is by EXIF data, since it fits it only so"
        return turned(values, orientation), (said,)
    check_mask_size(values.shape, shape, name)
    return values, ()


def turned(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn an array upright from one of the orientations 1 to 8 of EXIF data."""
    if orientation in (5, 7):
        values = values.T
    if orientation in (2, 4):
        return values[:, ::-1] if orientation == 2 else values[::-1]
    quarters = {3: 2, 6: -1, 7: 2, 8: 1}
    return np.rot90(values, quarters.get(orientation, 0))


def shrink(ids: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Scale instances down as their image was, each pixel taken from the middle of its own."""
    if ids.shape == tuple(shape):
        return ids
    rows, columns = (
        ((np.arange(short) + 0.5) * long / short).astype(int)
        for short, long in zip(shape, ids.shape, strict=True)
    )
    return np.ascontiguousarray(ids[rows][:, columns])


def number(values: NDArray[np.int64], meaning: Meaning, name: str) -> Numbered:
    """Give the numbered objects of a mask; refuse it if they look broken.

    Raises
    ------
    ImageError
        If most of the objects are dozens of specks, or rims of others; names the mask.
    """
    found = meaning.number(values)
    count = len(found.owners)
    if found.specks >= _DOZENS and found.specks > count:
        raise _no_mask(name, f"{found.specks:,} specks of few pixels beside {count:,} objects")
    if count < _THIN:
        return found
    sizes = np.bincount(found.ids.ravel(), minlength=count + 1)[1:]
    small = int((sizes <= _SPECK).sum())
    if small >= _DOZENS and 2 * small > count and sizes[sizes <= _SPECK].sum() < sizes.sum() / 10:
        raise _no_mask(name, f"{small:,} specks of at most {_SPECK} pixels among {count:,} objects")
    rims = _rims(found.ids, count)
    if rims >= _THIN and 2 * rims > count:
        raise _no_mask(name, f"{count:,} objects", f", {rims:,} of which are mere rims of others")
    return found


def _rims(ids: NDArray[np.int32], count: int) -> int:
    """Count the objects that are nowhere three pixels wide and touch another."""
    highest, lowest = ndimage.maximum_filter(ids, 3), ndimage.minimum_filter(ids, 3)
    inner = np.bincount(ids[highest == lowest], minlength=count + 1)[1:] > 0
    beside = (highest != ids) | ((lowest != ids) & (lowest != 0))
    touching = np.bincount(ids[beside], minlength=count + 1)[1:]
    sizes = np.bincount(ids.ravel(), minlength=count + 1)[1:]
    return int((~inner & (touching > 0.5 * sizes)).sum())


def _no_mask(name: str, what: str, more: str = "") -> ImageError:
    return ImageError(
        f"Got {what} in {name}{more}: it is no mask, or one that was smoothed or saved as JPEG. "
        "Save masks as PNG, and resize them by the nearest neighbour.",
        "no_mask",
        name=name,
    )


def check_mask_size(own: tuple[int, ...], shape: tuple[int, int], name: str) -> None:
    """Refuse a mask of another size than its image."""
    if own != tuple(shape):
        raise ImageError(
            f"Got {name} of {_size(own)} pixels for an image of {_size(shape)}. "
            "Give a mask of exactly its image's size.",
            "mask_size",
            name=name,
            own=_size(own),
            image=_size(shape),
        )


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(str(side) for side in shape[::-1])
