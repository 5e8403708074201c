"""One image cell -> an RGB array, with limits set before decoding."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from ptssp_sklearn.exceptions import ImageError
from ptssp_sklearn.images.grey_levels import to_eight_bits

T = TypeVar("T")

MAX_PIXELS = 50_000_000
"""Largest image that is decoded by default, pixels."""


_LAST_OF_SAME_SIDES = 4
"""Orientations above it exchange height and width."""
_DARK = 64
_CHANNELS = (1, 3, 4)


class Picture(NamedTuple):
    """A decoded image.

    Parameters
    ----------
    pixels : ndarray of shape (height, width, 3), uint8
        Turned upright.
    shape : tuple of (height, width)
        Upright, before it was scaled down.
    orientation : int
        As its EXIF data say, 1 to 8; 1 is upright.
    remarks : tuple of str
        What should be said of it; each begins with a verb, the image being the subject.
    """

    pixels: NDArray[np.uint8]
    shape: tuple[int, int]
    orientation: int = 1
    remarks: tuple[str, ...] = ()


def load_image(cell: Any, *, name: str = "image", max_pixels: int = MAX_PIXELS) -> NDArray:
    """Decode an image cell.

    Grey, palette, RGBA (over white), CMYK, 16-bit and EXIF-rotated images are handled.

    Parameters
    ----------
    cell : str, Path, bytes, PIL image, array or tensor of shape (height, width[, 1, 3 or 4])
        A floating-point array holds fractions in [0, 1]. Levels of more than eight bits are
        scaled by the smallest of 8, 10, 12, 14 and 16 bits that holds all but one in a
        thousand of them. A tensor of torch may have its channels first.
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
    return decode_image(cell, name=name, max_pixels=max_pixels).pixels


def decode_image(
    cell: Any, *, name: str = "image", max_pixels: int = MAX_PIXELS, keep: int | None = None
) -> Picture:
    """Decode an image cell as `load_image` does, and say what should be known about it.

    Parameters
    ----------
    cell, name, max_pixels
        As in `load_image`.
    keep : int, optional
        Pixels above which the image is scaled down by a whole number.
    """
    cell = as_array(cell)
    if isinstance(cell, np.ndarray):
        pixels, said = _rgb_from_array(cell, name)
        _check_size(pixels, name, max_pixels)
        found = Picture(pixels, pixels.shape[:2], 1, (said,) if said else ())
    else:

        def convert(image: Image.Image) -> Picture:
            return _picture(image, name)

        found = open_cell(cell, name, max_pixels, convert, keep)
    factor = reduction(found.pixels.shape[:2], keep)
    if factor == 1:
        return found
    return found._replace(pixels=np.asarray(Image.fromarray(found.pixels).reduce(factor)))


def reduction(shape: tuple[int, ...], keep: int | None) -> int:
    """Give the whole number by which an image is scaled down to have at most `keep` pixels."""
    if keep is None or shape[0] * shape[1] <= keep:
        return 1
    return int(np.ceil(np.sqrt(shape[0] * shape[1] / keep)))


def refuse_blank(pixels: NDArray[np.uint8], name: str, remarks: tuple[str, ...] = ()) -> None:
    """Refuse an image of one colour, which shows nothing; `remarks` may say why it does."""
    if np.ptp(pixels.reshape(-1, pixels.shape[2]), axis=0).any():
        return
    colour = ", ".join(map(str, pixels[0, 0].tolist()))
    why = f" It {'; it '.join(remarks)}." if remarks else ""
    raise ImageError(
        f"Got {name}, which has the one colour ({colour}) everywhere, expected a picture.{why} "
        "Check the file, or leave it out.",
        "blank",
        name=name,
        colour=colour,
    )


def as_array(cell: Any) -> Any:
    """Give a tensor of torch, of any number of images, as an array; anything else as it is."""
    if not (hasattr(cell, "detach") and hasattr(cell, "numpy")):
        return cell
    values = np.asarray(cell.detach().cpu().numpy())
    if values.ndim < 3 or values.shape[-1] in _CHANNELS or values.shape[-3] not in _CHANNELS:
        return values
    return np.moveaxis(values, -3, -1)


def is_missing(cell: Any) -> bool:
    """Tell whether a cell of the image table holds nothing (None, NaN, NA)."""
    if cell is None:
        return True
    if isinstance(cell, np.ndarray | Image.Image | bytes | str | os.PathLike | tuple):
        return False
    if hasattr(cell, "detach"):
        return False
    try:
        return bool(cell != cell)
    except TypeError:
        return True


def open_cell(
    cell: Any,
    name: str,
    max_pixels: int,
    convert: Callable[[Image.Image], T],
    keep: int | None = None,
) -> T:
    """Open the image of a cell and convert it; a JPEG is read smaller where `keep` allows it.

    Raises
    ------
    ImageError
        If it is no image, damaged, or too large; names it.
    """
    name = f"{name} '{cell}'" if isinstance(cell, str | os.PathLike) else name
    if isinstance(cell, Image.Image):
        _check_pixels(cell.size, name, max_pixels)
        return convert(cell)
    if not isinstance(cell, str | os.PathLike | bytes):
        raise ImageError(
            f"Got {name} of type {type(cell).__name__}, expected a path, bytes, a PIL image, "
            "an array or a tensor."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(cell) if isinstance(cell, bytes) else cell) as opened:
                _draft(opened, keep)
                _check_pixels(opened.size, name, max_pixels)
                return convert(opened)
    except Image.DecompressionBombError:
        raise _too_large(name, max_pixels) from None
    except FileNotFoundError:
        raise ImageError(f"Got {name}, but there is no such file. Check the path.") from None
    except IsADirectoryError:
        raise ImageError(f"Got {name}, a folder. Name an image file.") from None
    except (UnidentifiedImageError, ImportError):  # ultralytics looks for a plugin then
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


def _draft(image: Image.Image, keep: int | None) -> None:
    """Let a JPEG be decoded at a half, a quarter or an eighth where it is scaled down anyway."""
    factor = reduction(image.size, keep)
    if factor > 1 and image.format in ("JPEG", "MPO"):
        image.info["full_size"] = image.size
        image.draft("RGB", (image.size[0] // factor, image.size[1] // factor))


def _picture(image: Image.Image, name: str) -> Picture:
    """Convert an opened image, and find out what should be said of it."""
    remarks = [pages_of(image)]
    deep = _is_deep_colour(image)
    width, height = image.info.get("full_size", image.size)
    turn = orientation_of(image)
    upright = _upright(image)
    if upright.mode.startswith("I") or upright.mode == "F":
        pixels, said = _rgb_from_array(np.asarray(upright), name)
        remarks.append(said)
    else:
        pixels = _rgb_from_pil(upright)
    if deep and pixels.max() < _DARK:
        remarks.append(
            "holds 16 bits a colour, of which only the upper eight are read: it is dark (up to "
            f"{pixels.max()} of 255); save it with eight"
        )
    shape = (width, height) if turn > _LAST_OF_SAME_SIDES else (height, width)
    return Picture(pixels, shape, turn, tuple(said for said in remarks if said))


def pages_of(image: Image.Image) -> str:
    """Say that only the first page of several is read; empty where there is one."""
    pages = getattr(image, "n_frames", 1)
    if pages == 1 or image.format == "MPO":
        return ""
    return f"has {pages:,} pages, of which only the first is read"


def _is_deep_colour(image: Image.Image) -> bool:
    """Tell whether a file has 16 bits a colour, of which Pillow reads eight."""
    tiles = getattr(image, "tile", None)
    raw = str(tiles[0].args) if tiles else ""
    return image.mode.startswith("RGB") and ";16" in raw


def orientation_of(image: Image.Image) -> int:
    """Give how an image is turned as its EXIF data say, 1 to 8; 1 is upright."""
    return int(image.getexif().get(ExifTags.Base.Orientation, 1))


def _rgb_from_pil(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _upright(image: Image.Image) -> Image.Image:
    """Turn an image as its EXIF says; Pillow's own function copies also what stands upright."""
    image.load()
    return ImageOps.exif_transpose(image) if orientation_of(image) != 1 else image


def _rgb_from_array(values: NDArray, name: str) -> tuple[NDArray[np.uint8], str]:
    """Give an array as RGB of eight bits, and what should be said of its range."""
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (3, 4)):
        first = values.ndim == 3 and values.shape[0] in (1, 3, 4)
        hint = " Put the channels last with np.moveaxis(image, 0, 2)." if first else ""
        raise ImageError(
            f"Got {name} as an array of shape {values.shape}, expected (height, width, 3).{hint}"
        )
    if values.dtype.kind not in "uif":
        raise ImageError(f"Got {name} of dtype {values.dtype}, expected uint8.")
    said = ""
    if values.dtype != np.uint8:
        values, said = to_eight_bits(values, name)
    return _rgb_from_pil(Image.fromarray(values)), said


def _check_size(image: NDArray, name: str, max_pixels: int) -> None:
    if image.size == 0:
        raise ImageError(f"Got {name} without pixels, shape {image.shape}.")
    _check_pixels((image.shape[1], image.shape[0]), name, max_pixels)
