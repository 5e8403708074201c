"""One image cell or mask cell -> an RGB array or a label array, with limits set before decoding."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from scipy import ndimage

from ptssp_sklearn.exceptions import ImageError
from ptssp_sklearn.images.yolo_labels import draw_polygons, read_polygons

MAX_PIXELS = 50_000_000
"""Largest image that is decoded by default, pixels."""


def load_image(cell: Any, *, name: str = "image", max_pixels: int = MAX_PIXELS) -> NDArray:
    """Decode an image cell.

    Grey, palette, RGBA (over white), CMYK, 16-bit and EXIF-rotated images are handled.

    Parameters
    ----------
    cell : str, Path, bytes, PIL image or array-like of shape (height, width[, 1, 3 or 4])
        A floating-point array holds fractions in [0, 1]; an integer one uint8 or uint16.
    name : str
        What messages call the cell.
    max_pixels : int
        Limit on height x width, checked before decoding.

    Returns
    -------
    image : ndarray of shape (height, width, 3), uint8

    Raises
    ------
    ImageError
        If the cell is missing, damaged, too large or no image.
    """
    if isinstance(cell, np.ndarray):
        return _check_size(_rgb_from_array(cell, name), name, max_pixels)
    return _decode(cell, name, max_pixels, _rgb_from_pil)


def load_mask(
    cell: Any,
    shape: tuple[int, int],
    *,
    name: str = "mask",
    max_pixels: int = MAX_PIXELS,
    as_ids: bool = False,
) -> NDArray[np.int32]:
    """Decode a mask cell to instance ids.

    Parameters
    ----------
    cell : path, bytes, PIL image, array of shape (height, width), or (path, class index)
        Instance ids with 0 as background, or a YOLO-seg label file (``.txt``), all of it
        or one class. A mask with a single non-zero value is taken as binary: its
        connected components become the instances. A colour image counts each colour
        other than black as an instance.
    shape : tuple of (height, width)
        Of the image the mask belongs to, pixels.
    name : str
        What messages call the cell.
    max_pixels : int
        Limit on height x width, checked before decoding.
    as_ids : bool, default=False
        Takes every value other than 0 for one object, be it in several pieces or the only one.

    Returns
    -------
    mask : ndarray of shape (height, width), int32
        Instances numbered 1, 2, …; 0 is background.

    Raises
    ------
    ImageError
        If the cell is missing, damaged, of another size than its image, or no mask.
    """
    if isinstance(cell, tuple) and len(cell) == 2:
        labels = _rasterise(Path(cell[0]), int(cell[1]), shape, name)
    elif isinstance(cell, str | os.PathLike) and str(cell).endswith(".txt"):
        labels = _rasterise(Path(cell), None, shape, name)
    elif isinstance(cell, np.ndarray):
        labels = cell
    else:
        labels = _decode(cell, name, max_pixels, _labels_from_pil)
    labels = _instances(labels, name, as_ids)
    if labels.shape != tuple(shape):
        raise ImageError(
            f"Got {name} of {_size(labels.shape)} pixels for an image of {_size(shape)}. "
            "Give a mask of exactly its image's size.",
            "mask_size",
            name=name,
            own=_size(labels.shape),
            image=_size(shape),
        )
    return labels


def is_missing(cell: Any) -> bool:
    """Tell whether a cell of the image table holds nothing (None, NaN, NA)."""
    if cell is None:
        return True
    if isinstance(cell, np.ndarray | Image.Image | bytes | str | os.PathLike | tuple):
        return False
    try:
        return bool(cell != cell)
    except TypeError:
        return True


def _decode(
    cell: Any, name: str, max_pixels: int, convert: Callable[[Image.Image], NDArray]
) -> NDArray:
    name = f"{name} '{cell}'" if isinstance(cell, str | os.PathLike) else name
    if isinstance(cell, Image.Image):
        _check_pixels(cell.size, name, max_pixels)
        return convert(cell)
    if not isinstance(cell, str | os.PathLike | bytes):
        raise ImageError(
            f"Got {name} of type {type(cell).__name__}, expected a path, bytes, a PIL image "
            "or an array."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(cell) if isinstance(cell, bytes) else cell) as opened:
                _check_pixels(opened.size, name, max_pixels)
                return convert(opened)
    except Image.DecompressionBombError:
        raise _too_large(name, max_pixels) from None
    except FileNotFoundError:
        raise ImageError(f"Got {name}, but there is no such file. Check the path.") from None
    except IsADirectoryError:
        raise ImageError(f"Got {name}, a folder. Name an image file.") from None
    except (UnidentifiedImageError, ImportError):  # ultralytics' own open asks for a HEIF package
        raise ImageError(f"Got {name}, {_why_no_image(cell)}. Give a PNG, JPEG, WebP …") from None
    except ImageError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        message = f"Got {name}, damaged or unreadable ({error}). Save it again."
        raise ImageError(message, "damaged", name=name) from None


def _why_no_image(cell: Any) -> str:
    empty = len(cell) == 0 if isinstance(cell, bytes) else Path(cell).stat().st_size == 0
    return "which is empty (0 bytes)" if empty else "which is no image Pillow can read"


def _check_pixels(size: tuple[int, int], name: str, max_pixels: int) -> None:
    if size[0] * size[1] > max_pixels:
        raise _too_large(f"{name} of {size[0]} x {size[1]} pixels", max_pixels, name)


def _too_large(what: str, max_pixels: int, name: str | None = None) -> ImageError:
    message = f"Got {what}, expected at most {max_pixels:,} pixels. Scale it down first."
    return ImageError(message, "pixels", name=name or what, most=max_pixels)


def _rgb_from_pil(image: Image.Image) -> NDArray[np.uint8]:
    image = _upright(image)
    if image.mode.startswith("I") or image.mode == "F":
        return _rgb_from_array(_eight_bits(np.asarray(image)), "image")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _upright(image: Image.Image) -> Image.Image:
    """Turn an image as its EXIF says; Pillow's own function copies also what stands upright."""
    image.load()
    turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
    return ImageOps.exif_transpose(image) if turned else image


def _eight_bits(values: NDArray) -> NDArray[np.uint8]:
    """Scale 16-bit (or floating-point) grey levels to 8 bits."""
    values = values.astype(np.float64)
    top = 1.0 if values.max() <= 1.0 else 255.0 if values.max() <= 255.0 else 65535.0
    return np.round(np.clip(values / top, 0.0, 1.0) * 255.0).astype(np.uint8)


def _rgb_from_array(values: NDArray, name: str) -> NDArray[np.uint8]:
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (3, 4)):
        raise ImageError(
            f"Got {name} as an array of shape {values.shape}, expected (height, width, 3)."
        )
    if values.dtype.kind == "f":
        values = _from_fractions(values, name)
    elif values.dtype == np.uint16:
        values = (values // 257).astype(np.uint8)
    elif values.dtype != np.uint8:
        raise ImageError(f"Got {name} of dtype {values.dtype}, expected uint8.")
    return _rgb_from_pil(Image.fromarray(values))


def _from_fractions(values: NDArray, name: str) -> NDArray[np.uint8]:
    if not np.isfinite(values).all():
        raise ImageError(f"Got {name} with NaN or infinity, expected uint8.")
    if values.min() < 0 or values.max() > 1:
        raise ImageError(
            f"Got {name} of floats from {values.min():g} to {values.max():g}, expected uint8 "
            "or fractions in [0, 1]. Convert it with .astype('uint8')."
        )
    return np.round(values * 255).astype(np.uint8)


def _check_size(image: NDArray, name: str, max_pixels: int) -> NDArray:
    if image.size == 0:
        raise ImageError(f"Got {name} without pixels, shape {image.shape}.")
    _check_pixels((image.shape[1], image.shape[0]), name, max_pixels)
    return image


def _labels_from_pil(image: Image.Image) -> NDArray:
    if image.mode == "RGBA":
        image = image.convert("RGB")
    if image.mode == "LA":
        image = image.convert("L")
    values = np.asarray(_upright(image))
    if values.ndim == 3:
        weights = np.array([1 << 16, 1 << 8, 1], dtype=np.int64)
        values = values[..., :3].astype(np.int64) @ weights
    return values


def _instances(labels: NDArray, name: str, as_ids: bool) -> NDArray[np.int32]:
    """Renumber the instances from 1; split a binary mask into its components."""
    labels = np.asarray(labels)
    if labels.ndim != 2 or labels.dtype.kind not in "biu":
        raise ImageError(
            f"Got {name} of shape {labels.shape} and dtype {labels.dtype}, expected integer "
            "instance ids of shape (height, width), 0 for background."
        )
    values, numbered = np.unique(labels, return_inverse=True)
    numbered = numbered.reshape(labels.shape).astype(np.int32)
    if 0 not in values:
        numbered = numbered + 1
    elif len(values) == 2 and not as_ids:
        numbered = np.asarray(ndimage.label(labels)[0], dtype=np.int32)
    return numbered.astype(np.int32, copy=False)


def _rasterise(path: Path, wanted: int | None, shape: tuple[int, int], name: str) -> NDArray:
    polygons = read_polygons(path, name=name)
    return draw_polygons([p for p in polygons if wanted in (None, p.label)], shape)


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(str(side) for side in shape[::-1])
