"""The rows of a request to a served model: decoded within limits, never opened from a place."""

from __future__ import annotations

import base64
import binascii
import io
import json
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ptssp_sklearn.curves.pilot import check_pilot
from ptssp_sklearn.exceptions import InputError
from ptssp_sklearn.images.decoding import ImageError, is_missing, load_image, load_mask
from ptssp_sklearn.images.table import ImageRow, check_image_table, image_table

IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
MASK_FORMATS = ("PNG", "WEBP", "BMP")


class RequestError(InputError):
    """A request cannot be answered; the message names the row and says what to do."""


@dataclass(frozen=True)
class Limits:
    """What a request may hold at most.

    Attributes
    ----------
    request_bytes : int
        Of the whole request.
    rows : int
    images : int
        A row.
    image_bytes : int
        Of the file of an image or mask.
    image_pixels : int
        Of an image, checked before it is decoded.
    pixels : int
        Of all images of a request together.
    objects : int
        In a mask.
    pilot_points : int
        A row.
    """

    request_bytes: int = 64_000_000
    rows: int = 16
    images: int = 16
    image_bytes: int = 10_000_000
    image_pixels: int = 4_200_000
    pixels: int = 33_600_000
    objects: int = 2000
    pilot_points: int = 200


DEFAULT_LIMITS = Limits()

Row = tuple[pd.DataFrame | None, list[tuple[float, float]]]
"""A row's images (an image table of arrays, or None) and its pilot."""


def read_rows(table: pd.DataFrame, limits: Limits, *, images: bool) -> list[Row]:
    """Decode the rows of a request.

    Parameters
    ----------
    table : DataFrame
        Columns ``image_1 …``, ``mask_1 …`` and ``pilot``; the columns are known ones.
    limits : Limits
    images : bool
        Whether the model looks at images.

    Raises
    ------
    RequestError
        If there are too many rows, or a cell is missing, too large or not what it should
        be; names the row and the column.
    """
    check_row_count(len(table), limits)
    table = table.reset_index(drop=True)
    pilots = [None] * len(table) if "pilot" not in table.columns else table.pop("pilot").tolist()
    points = [_read_pilot(cell, f"pilot of row {n}", limits) for n, cell in enumerate(pilots)]
    if not images:
        return [(None, own) for own in points]
    try:
        rows = check_image_table(table)
        decoder = CellDecoder(limits)
        return [(decoder.read(row), own) for row, own in zip(rows, points, strict=True)]
    except ImageError as error:
        raise RequestError(str(error)) from None


def check_row_count(count: int, limits: Limits) -> None:
    """Refuse a request without rows, or with too many."""
    if not 0 < count <= limits.rows:
        raise RequestError(
            f"Got {count:,} rows, expected 1 to {limits.rows}. Split them over several requests."
        )


class CellDecoder:
    """Decodes the images of a request within limits, and counts their pixels.

    Parameters
    ----------
    limits : Limits
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.left = limits.pixels

    def read(self, row: ImageRow) -> pd.DataFrame:
        if len(row.images) > self.limits.images:
            raise RequestError(
                f"Got {len(row.images)} images in row {row.name}, expected at most "
                f"{self.limits.images}."
            )
        images: list[Any] = []
        masks: list[Any] = []
        for cell, mask, places in zip(row.images, row.masks, row.places(), strict=True):
            image = self.image(cell, places[0])
            images.append(image)
            masks.append(None if mask is None else self.mask(mask, image.shape[:2], places[1]))
        return image_table([(images, masks)])

    def image(self, cell: Any, place: str) -> NDArray[np.uint8]:
        """Decode bytes or base64 to (height, width, 3); messages call the cell `place`."""
        data = self._bytes(cell, place, IMAGE_FORMATS)
        image = load_image(data, name=place, max_pixels=self.limits.image_pixels)
        self.left -= image.shape[0] * image.shape[1]
        if self.left < 0:
            raise RequestError(
                f"Got more than {self.limits.pixels:,} pixels up to {place}, expected at most as "
                "many in a request. Split it, or scale the images down.",
                "all_pixels",
                name=place,
                most=self.limits.pixels,
            )
        return image

    def mask(self, cell: Any, shape: tuple[int, int], place: str) -> NDArray[np.int32]:
        """Decode bytes or base64 of a mask to the instance ids of an image of `shape`."""
        data = self._bytes(cell, place, MASK_FORMATS)
        mask = load_mask(data, shape, name=place, max_pixels=self.limits.image_pixels)
        return self.check_objects(mask, place)

    def check_objects(self, mask: NDArray[np.int32], place: str) -> NDArray[np.int32]:
        """Refuse a mask of too many objects."""
        if mask.max() > self.limits.objects:
            raise RequestError(
                f"Got {mask.max():,} objects in {place}, expected at most "
                f"{self.limits.objects:,}, with one number an object and 0 for background.",
                "objects",
                name=place,
                count=int(mask.max()),
                most=self.limits.objects,
            )
        return mask

    def _bytes(self, cell: Any, place: str, formats: tuple[str, ...]) -> bytes:
        """Give the bytes of an image file of a known format, its pixels undecoded."""
        data = _decode_text(cell, place, self.limits)
        if len(data) > self.limits.image_bytes:
            raise too_many_bytes(place, len(data), self.limits)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                Image.open(io.BytesIO(data), formats=formats).close()
        except UnidentifiedImageError:
            raise RequestError(
                f"Got {place}, {_what(data)}, expected a file of {', '.join(formats)}.",
                "no_image",
                name=place,
                formats=", ".join(formats),
            ) from None
        except Image.DecompressionBombError:
            raise RequestError(
                f"Got {place}, a decompression bomb, expected at most "
                f"{self.limits.image_pixels:,} pixels. Scale it down first.",
                "pixels",
                name=place,
                most=self.limits.image_pixels,
            ) from None
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            message = f"Got {place}, damaged ({error}). Save it again."
            raise RequestError(message, "damaged", name=place) from None
        return data


def _decode_text(cell: Any, place: str, limits: Limits) -> bytes:
    if isinstance(cell, bytes | bytearray | memoryview):
        return bytes(cell)
    if not isinstance(cell, str):
        raise RequestError(
            f"Got {place} of type {type(cell).__name__}, expected the base64 of an image file."
        )
    if len(cell) * 3 / 4 > 1.1 * limits.image_bytes:
        raise too_many_bytes(place, int(len(cell) * 3 / 4), limits)
    try:
        return base64.b64decode("".join(cell.split()), validate=True)
    except (binascii.Error, ValueError):
        raise RequestError(
            f"Got {place}, {cell[:40]!r}, expected the base64 of an image file. Paths, addresses "
            "and data: URLs are not opened."
        ) from None


def too_many_bytes(place: str, count: int, limits: Limits) -> RequestError:
    """Say that the file of an image or a mask is too large."""
    message = f"Got {place} of {count:,} bytes, expected at most {limits.image_bytes:,}."
    return RequestError(message, "bytes", name=place, count=count, most=limits.image_bytes)


def _what(data: bytes) -> str:
    return f"{len(data):,} bytes that are no such image" if data else "which is empty"


def _read_pilot(cell: Any, place: str, limits: Limits) -> list[tuple[Any, ...]]:
    if is_missing(cell) or cell == "":
        return []
    form = "the JSON of a list of [size, score] such as [[16, 0.31], [32, 0.42]]"
    if not isinstance(cell, str) or len(cell) > 100 * limits.pilot_points:
        raise RequestError(f"Got {place} of {type(cell).__name__}, expected {form}.")
    try:
        found = json.loads(cell)
        pairs = [(float(size), float(score), *more) for size, score, *more in found]
    except (ValueError, TypeError, RecursionError):
        raise RequestError(f"Got {place}, {cell[:40]!r}, expected {form}.") from None
    if len(pairs) > limits.pilot_points:
        raise RequestError(
            f"Got {len(pairs)} points in {place}, expected at most {limits.pilot_points}."
        )
    try:
        if pairs:
            check_pilot(pairs)
    except ValueError as error:
        raise RequestError(f"{place}: {error}") from None
    return pairs
