"""The rows of a request to a served model: decoded within limits, never opened from a place."""

from __future__ import annotations

import base64
import binascii
import io
import json
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ptssp_sklearn.curves.pilot import check_pilot
from ptssp_sklearn.exceptions import ImageError, InputError
from ptssp_sklearn.images.decoding import Picture, decode_image, is_missing, refuse_blank
from ptssp_sklearn.images.mask_decoding import shrink
from ptssp_sklearn.images.row_masks import RowMasks
from ptssp_sklearn.images.table import ImageRow, check_image_table, image_table
from ptssp_sklearn.serving.limits import (
    IMAGE_FORMATS,
    MASK_FORMATS,
    Limits,
    RequestError,
    check_row_count,
    too_many_bytes,
)


class Row(NamedTuple):
    """A row of a request, decoded.

    Parameters
    ----------
    table : image table of one row, or None
        Cells are arrays.
    pilot : list of points
    objects : list of (int or None)
        In the mask of each image.
    remarks : list of str
        What should be said beside the answer.
    """

    table: pd.DataFrame | None
    pilot: list[tuple[Any, ...]]
    objects: Sequence[int | None] = ()
    remarks: Sequence[str] = ()


def read_rows(
    table: pd.DataFrame, limits: Limits, *, images: bool, needed: bool = True
) -> list[Row]:
    """Decode the rows of a request.

    Parameters
    ----------
    table : DataFrame
        Columns ``image_1 …``, ``mask_1 …``, ``labels`` and ``pilot``; the columns are known ones.
    limits : Limits
    images : bool
        Whether the model looks at images.
    needed : bool, default=True
        Whether each row must have one.

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
        return [Row(None, own) for own in points]
    cells = table.loc[:, table.columns.str.match(r"(image|mask)_")]
    bare = np.zeros(len(table), bool) if needed else cells.isna().all(axis=1).to_numpy()
    try:
        rows = check_image_table(table[~bare]) if not bare.all() else []
        decoder, found = CellDecoder(limits), [Row(None, own) for own in points]
        for place, row in zip(np.flatnonzero(~bare), rows, strict=True):
            found[place] = decoder.read(row)._replace(pilot=points[place])
        return found
    except ImageError as error:
        raise RequestError(str(error)) from None


class CellDecoder:
    """Decodes the images of a request within limits, and counts their pixels.

    Parameters
    ----------
    limits : Limits
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.left = limits.pixels

    def read(self, row: ImageRow) -> Row:
        """Decode the images and masks of a row."""
        if len(row.images) > self.limits.images:
            raise RequestError(
                f"Got {len(row.images)} images in row {row.name}, expected at most "
                f"{self.limits.images}."
            )
        places = row.places()
        pictures = [
            self.image(image, place) for image, (place, _) in zip(row.images, places, strict=True)
        ]
        masks, remarks = self.masks(
            row.masks, [place for _, place in places], pictures, as_ids=row.labels is not None
        )
        said = [
            f"{place} {what}."
            for (place, _), picture in zip(places, pictures, strict=True)
            for what in picture.remarks
        ]
        table = image_table([([picture.pixels for picture in pictures], masks)])
        table["labels"] = row.labels or "masks"
        counts = [None if mask is None else int(mask.max()) for mask in masks]
        return Row(table, [], counts, [*said, *remarks])

    def image(self, cell: Any, place: str) -> Picture:
        """Decode bytes or base64; messages call the cell `place`."""
        data = self._bytes(cell, place, IMAGE_FORMATS)
        image = decode_image(
            data, name=place, max_pixels=self.limits.image_pixels, keep=self.limits.kept_pixels
        )
        self.left -= image.pixels.shape[0] * image.pixels.shape[1]
        if self.left < 0:
            raise RequestError(
                f"Got more than {self.limits.pixels:,} pixels up to {place}, expected at most as "
                "many in a request. Split it, or scale the images down.",
                "all_pixels",
                name=place,
                most=self.limits.pixels,
            )
        refuse_blank(image.pixels, place, image.remarks)
        return image

    def masks(
        self,
        cells: Sequence[Any],
        places: Sequence[str],
        images: Sequence[Picture],
        *,
        as_ids: bool = False,
    ) -> tuple[list[NDArray[np.int32] | None], list[str]]:
        """Decode the masks of a data set, bytes or base64, to the instances of its images.

        Parameters
        ----------
        cells, places, images : sequences of equal length
        as_ids : bool, default=False
            Whether every value is an object as it stands, as the column ``labels`` says.

        Returns
        -------
        masks : list of ndarray or None
        remarks : list of str
            What should be said of them, as sentences.
        """
        data = [
            None if cell is None else self._bytes(cell, place, MASK_FORMATS)
            for cell, place in zip(cells, places, strict=True)
        ]
        reader = RowMasks(data, places, self.limits.image_pixels, as_ids=as_ids)
        masks: list[NDArray[np.int32] | None] = []
        remarks: list[str] = []
        for number, (cell, image) in enumerate(zip(data, images, strict=True)):
            if cell is None:
                masks.append(None)
                continue
            found = reader.read(number, image.shape, image.orientation)
            mask = self.check_objects(found.ids, places[number])
            masks.append(shrink(mask, image.pixels.shape[:2]))
            remarks += [f"{places[number]} {what}." for what in found.remarks]
        return masks, remarks

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


def _what(data: bytes) -> str:
    return f"{len(data):,} bytes that are no such image" if data else "which is empty"


def _read_pilot(cell: Any, place: str, limits: Limits) -> list[tuple[Any, ...]]:
    """Read points that are a list, or the JSON of one."""
    if is_missing(cell) or (isinstance(cell, str) and cell == ""):
        return []
    form = "a list of [size, score] such as [[16, 0.31], [32, 0.42]], or the JSON of one"
    found = cell.tolist() if isinstance(cell, np.ndarray) else cell
    if isinstance(cell, str) and len(cell) <= 100 * limits.pilot_points:
        try:
            found = json.loads(cell)
        except (ValueError, RecursionError):
            raise RequestError(f"Got {place}, {cell[:40]!r}, expected {form}.") from None
    if not isinstance(found, list | tuple):
        raise RequestError(f"Got {place} of type {type(cell).__name__}, expected {form}.")
    if len(found) > limits.pilot_points:
        raise RequestError(
            f"Got {len(found)} points in {place}, expected at most {limits.pilot_points}."
        )
    try:
        points = [(float(size), float(score), *more) for size, score, *more in found]
        if points:
            check_pilot(points)
    except TypeError:
        raise RequestError(f"Got {place}, {cell!r:.60}, expected {form}.") from None
    except ValueError as error:
        known = isinstance(error, InputError) or "pilot" in str(error)
        said = f"{place}: {error}" if known else f"Got {place}, {cell!r:.60}, expected {form}."
        raise RequestError(said) from None
    return points
