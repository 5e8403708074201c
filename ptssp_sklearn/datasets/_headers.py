"""The size of an image from its header, and whether its file is whole, without decoding it."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from PIL import ExifTags, Image

from ptssp_sklearn.exceptions import ImageError

_TAIL = 4096
"""What follows the end mark of a JPEG in files that are whole, bytes at most."""
_ENDS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND"}
_TURNED = (5, 6, 7, 8)


def image_shape(path: Path) -> tuple[int, int]:
    """Read the size of an image as it is seen, turned as its EXIF data says.

    Parameters
    ----------
    path : Path

    Returns
    -------
    shape : (height, width), pixels

    Raises
    ------
    ImageError
        If the file is missing, empty, truncated or no image; the message is the reason.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                width, height = image.size
                orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
                if not _ends(path, image.format or ""):
                    image.load()
    except FileNotFoundError:
        raise ImageError("there is no such file") from None
    except Image.DecompressionBombError:
        raise ImageError("has too many pixels") from None
    except Image.UnidentifiedImageError:
        empty = os.path.getsize(path) == 0
        raise ImageError("is empty (0 bytes)" if empty else "is no image") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ImageError(f"is damaged ({error})") from None
    return (width, height) if orientation in _TURNED else (height, width)


def _ends(path: Path, form: str) -> bool:
    """Tell whether the mark of the end stands where it should; a format without one passes."""
    mark = _ENDS.get(form)
    if mark is None:
        return True
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        return mark in file.read()
