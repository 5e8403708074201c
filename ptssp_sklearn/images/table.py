"""The image table: one row a dataset, columns image_1 … image_k and, where known, mask_1 …."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ptssp_sklearn.exceptions import ImageError
from ptssp_sklearn.images.decoding import MAX_PIXELS, as_array, decode_image, is_missing
from ptssp_sklearn.images.name_pairs import contradicted
from ptssp_sklearn.images.row_masks import RowMasks

_COLUMN = re.compile(r"(image|mask)_([1-9][0-9]*)")
LABEL_KINDS = ("boxes", "masks", "mixed")
"""What the column ``labels`` may say of a row: how its objects were outlined."""


@dataclass(frozen=True)
class ImageRow:
    """The images of one dataset and their masks (None where there is none), undecoded.

    Attributes
    ----------
    name : str
    images, masks : tuple of cells
    labels : {"boxes", "masks", "mixed"} or None
        What the masks were drawn from; their ids are then objects as they stand.
    """

    name: str
    images: tuple[Any, ...]
    masks: tuple[Any, ...]
    labels: str | None = None

    def places(self) -> list[tuple[str, str]]:
        """Name the cell of every image and of its mask, for messages."""
        numbers = range(1, len(self.images) + 1)
        return [(f"image_{i} of row {self.name}", f"mask_{i} of row {self.name}") for i in numbers]

    def decode(self, max_pixels: int = MAX_PIXELS) -> Iterator[tuple[NDArray, NDArray | None]]:
        """Decode image by image; an `ImageError` names the row and the column."""
        places = self.places()
        masks = RowMasks(
            self.masks, [mask for _, mask in places], max_pixels, as_ids=self.labels is not None
        )
        for number, image in enumerate(self.images):
            found = decode_image(image, name=places[number][0], max_pixels=max_pixels)
            if self.masks[number] is None:
                yield found.pixels, None
            else:
                yield found.pixels, masks.read(number, found.shape, found.orientation).ids


def check_image_table(X: Any) -> list[ImageRow]:
    """Check the form of an image table without decoding it.

    Parameters
    ----------
    X : DataFrame, array of objects of shape (n_rows, n_images), or nested sequence
        A DataFrame has the columns ``image_1 … image_k`` and optionally ``mask_1 …
        mask_k``; any other table holds images only. Rows may have fewer images: the
        cells after their last image are None or NaN. The column ``labels`` says, where
        there is one, what the masks of a row were drawn from: "boxes", "masks" or "mixed".

    Returns
    -------
    rows : list of ImageRow

    Raises
    ------
    ImageError
        If the table is empty, not two-dimensional, has unknown columns, or a row has no
        image, a gap between images, or a mask without an image.
    """
    if isinstance(X, pd.DataFrame):
        names = [repr(name) for name in X.index]
        kinds = [_label_kind(kind) for kind in X.get("labels", [None] * len(X))]
        images, masks = _columns(X.drop(columns="labels", errors="ignore"))
    else:
        images = [tuple(row) for row in _nested(X)]
        masks = [(None,) * len(row) for row in images]
        names = [str(i) for i in range(len(images))]
        kinds = [None] * len(images)
    if not images or not max(len(row) for row in images):
        raise ImageError(
            f"Got an image table with {len(images)} rows and no image, expected at least one "
            "row of at least one image."
        )
    return [_row(*parts) for parts in zip(names, images, masks, kinds, strict=True)]


def image_table(rows: Sequence[tuple[Any, Any]], *, index: Any = None) -> pd.DataFrame:
    """Build an image table from the images and masks of each dataset.

    Parameters
    ----------
    rows : sequence of (images, masks)
        Cells of an image table; a mask an image, None where there is none, or no masks.
    index : Index, optional
        Names of the rows.

    Returns
    -------
    X : DataFrame
        Columns that no row fills are left out.
    """
    columns: dict[str, list[Any]] = {}
    for kind, part in (("image", 0), ("mask", 1)):
        for number in range(max(len(row[part]) for row in rows)):
            cells = [row[part][number] if number < len(row[part]) else None for row in rows]
            if any(cell is not None for cell in cells):
                columns[f"{kind}_{number + 1}"] = cells
    return pd.DataFrame(
        {name: pd.Series(cells, dtype=object, index=index) for name, cells in columns.items()}
    )


def one_row(images: Sequence[Any], masks: Sequence[Any] = ()) -> pd.DataFrame:
    """Build the image table of one dataset.

    Parameters
    ----------
    images, masks : sequence of cells
        Cells of an image table; a mask an image, or none.

    Returns
    -------
    X : DataFrame of one row

    Raises
    ------
    ImageError
        If there is no image, or there are masks, but not as many as images.
    """
    if not images:
        raise ImageError("Got no image, expected at least one; four are better.")
    if masks and len(masks) != len(images):
        raise ImageError(
            f"Got {len(masks)} masks for {len(images)} images, expected one a image, in the same "
            "order, or none."
        )
    return image_table([(images, masks)])


def _columns(X: pd.DataFrame) -> tuple[list[tuple], list[tuple]]:
    found: dict[str, dict[int, Any]] = {"image": {}, "mask": {}}
    for column in X.columns:
        match = _COLUMN.fullmatch(str(column))
        if match is None:
            raise ImageError(
                f"Got an image table with the column {column!r}, expected image_1 … image_k "
                "and optionally mask_1 … mask_k and labels."
            )
        found[match[1]][int(match[2])] = X[column]
    last = max([*found["image"], *found["mask"]], default=0)
    empty = [None] * len(X)
    columns = {
        kind: [list(found[kind].get(i, empty)) for i in range(1, last + 1)] for kind in found
    }
    return list(zip(*columns["image"], strict=True)), list(zip(*columns["mask"], strict=True))


def _label_kind(cell: Any) -> str | None:
    if is_missing(cell):
        return None
    if cell not in LABEL_KINDS:
        raise ImageError(
            f"Got {cell!r} in the column 'labels', expected one of {', '.join(LABEL_KINDS)}."
        )
    return str(cell)


def _nested(X: Any) -> list:
    X = as_array(X)
    shape = np.shape(X) if isinstance(X, np.ndarray) else None
    flat = shape is not None and len(shape) in (0, 1, 3)
    if flat or isinstance(X, str | bytes) or not hasattr(X, "__iter__"):
        raise ImageError(
            f"Got {type(X).__name__} {'' if shape is None else f'of shape {shape} '}as image "
            "table, expected one row a dataset and one column an image. For one dataset pass "
            "[[image, image, …]]."
        )
    rows = [as_array(row) for row in X]
    for number, row in enumerate(rows):
        if isinstance(row, str | bytes) or not isinstance(row, list | tuple | np.ndarray):
            raise ImageError(
                f"Got {type(row).__name__} as row {number} of the image table, expected a "
                "sequence of images. For one dataset pass [[image, image, …]]."
            )
    return rows


def _row(name: str, images: tuple, masks: tuple, labels: str | None) -> ImageRow:
    given = [not is_missing(cell) for cell in images]
    count = sum(given)
    if not all(given[:count]) or count == 0:
        gap = given.index(False) + 1
        raise ImageError(
            f"Got nothing (None or NaN) as image_{gap} of row {name}, expected an image. "
            "Only the last cells of a row may be empty."
        )
    stray = [i for i, cell in enumerate(masks[count:], count + 1) if not is_missing(cell)]
    if stray:
        raise ImageError(f"Got mask_{stray[0]} of row {name}, but no image_{stray[0]}.")
    known = tuple(None if is_missing(cell) else cell for cell in masks[:count])
    _check_order(name, images[:count], known)
    return ImageRow(name, images[:count], known, labels)


def _check_order(name: str, images: tuple, masks: tuple) -> None:
    """Refuse masks whose file names say that they belong to other images of the row."""
    files = [_file_of(cell) for cell in images], [_file_of(cell) for cell in masks]
    if not all(all(own) for own in files):
        return
    found = contradicted(*files)
    if found is not None:
        place, own = found
        raise ImageError(
            f"Got '{files[1][place]}' as mask_{place + 1} of row {name}, for the image "
            f"'{files[0][place]}', whose name says '{own}'. Give masks in the order of the images."
        )


def _file_of(cell: Any) -> str:
    """Give the path of a cell that is a file; empty for any other."""
    if isinstance(cell, tuple) and cell:
        cell = cell[0]
    return os.fspath(cell) if isinstance(cell, str | os.PathLike) else ""
