"""What comes through the page's uploads: images and masks, within limits.

Everything is decoded from the uploaded bytes; no path or address that came with them is opened.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ptssp_sklearn.exceptions import InputError
from ptssp_sklearn.images.table import one_row
from ptssp_sklearn.images.yolo_labels import Polygon, draw_polygons, parse_polygons
from ptssp_sklearn.serving.request import (
    DEFAULT_LIMITS,
    CellDecoder,
    Limits,
    RequestError,
    too_many_bytes,
)

Mask = NDArray[np.int32]

_MARK = re.compile(r"[ _.-]*(masks?|labels?)$", re.IGNORECASE)


@dataclass(frozen=True)
class Upload:
    """A file as it was uploaded: its name, which is only shown, and its bytes."""

    name: str
    data: bytes

    @property
    def is_label_file(self) -> bool:
        return self.name.lower().endswith(".txt")


@dataclass(frozen=True)
class Task:
    """The images of one dataset, decoded.

    Attributes
    ----------
    key : tuple
        Names it among the tasks of a session.
    names : list of str
        Of the image files.
    mask_names : list of str or None
        As the command line takes them; None where an image has no mask.
    table : image table of one row
    code : str
        Python that builds the table, where the images are no files.
    """

    key: tuple[Any, ...]
    names: list[str]
    mask_names: list[str | None]
    table: pd.DataFrame
    code: str = ""

    @property
    def images(self) -> list[NDArray[np.uint8]]:
        return [self.table[f"image_{i}"].iloc[0] for i in range(1, len(self.names) + 1)]

    @property
    def masks(self) -> list[Mask | None]:
        numbers = range(1, len(self.names) + 1)
        return [self.table.get(f"mask_{i}", pd.Series([None])).iloc[0] for i in numbers]


def read_images(
    images: Sequence[Upload], limits: Limits = DEFAULT_LIMITS
) -> list[NDArray[np.uint8]]:
    """Decode uploaded images.

    Raises
    ------
    ValueError
        If they are too many or too large, or a file is no image; names the file.
    """
    if len(images) > limits.images:
        raise RequestError(
            f"Got {len(images)} images, expected at most {limits.images}. Remove some.",
            "many_images",
            count=len(images),
            most=limits.images,
        )
    _check_bytes(images, limits)
    decoder = CellDecoder(limits)
    return [decoder.image(upload.data, f"'{upload.name}'") for upload in images]


def read_masks(
    images: Sequence[tuple[str, NDArray[np.uint8]]],
    masks: Sequence[Upload],
    *,
    label: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[list[str | None], list[Mask | None]]:
    """Decode uploaded masks, and match them with the images.

    Parameters
    ----------
    images : list of (name, array)
    masks : list of Upload
        Image files of instance ids, or YOLO-seg label files.
    label : int, optional
        The class taken from label files; all of them by default.
    limits : Limits

    Returns
    -------
    names : list of str or None, one an image
        ``labels.txt:2`` is class 2 of a label file.
    masks : list of ndarray of shape (height, width) or None, one an image

    Raises
    ------
    ValueError
        If they do not match the images, or a file is no mask; names the file.
    """
    _check_bytes(masks, limits)
    decoder = CellDecoder(limits)
    names: list[str | None] = []
    found: list[Mask | None] = []
    pairs = match_masks([name for name, _ in images], masks)
    for (_, image), upload in zip(images, pairs, strict=True):
        if upload is None:
            names.append(None)
            found.append(None)
        elif upload.is_label_file:
            wanted = [p for p in read_labels(upload) if label in (None, p.label)]
            names.append(upload.name if label is None else f"{upload.name}:{label}")
            drawn = draw_polygons(wanted, image.shape[:2])
            found.append(decoder.check_objects(drawn, f"'{upload.name}'"))
        else:
            names.append(upload.name)
            found.append(decoder.mask(upload.data, image.shape[:2], f"'{upload.name}'"))
    return names, found


def match_masks(images: Sequence[str], masks: Sequence[Upload]) -> list[Upload | None]:
    """Give each image its mask: by name where all names fit, else in order.

    ``a_mask.png``, ``a.png`` and ``a.txt`` are masks of ``a.jpg``.

    Raises
    ------
    ValueError
        If names do not fit and the numbers differ.
    """
    by_name = {_stem(upload.name): upload for upload in masks}
    stems = [_stem(name) for name in images]
    unique = len(set(stems)) == len(stems) and len(by_name) == len(masks)
    if unique and set(by_name) <= set(stems):
        return [by_name.get(stem) for stem in stems]
    if len(masks) != len(images):
        raise InputError(
            f"Got {len(masks)} masks for {len(images)} images, expected one an image in the same "
            "order, or names that match, such as a_mask.png for a.jpg.",
            "mask_count",
            masks=len(masks),
            images=len(images),
        )
    return list(masks)


def _stem(name: str) -> str:
    return _MARK.sub("", PurePath(name).stem).lower()


def _check_bytes(uploads: Sequence[Upload], limits: Limits) -> None:
    total = sum(len(upload.data) for upload in uploads)
    if total > limits.request_bytes:
        raise RequestError(
            f"Got {total:,} bytes, expected at most {limits.request_bytes:,}. Remove some files.",
            "all_bytes",
            count=total,
            most=limits.request_bytes,
        )


def read_labels(upload: Upload) -> list[Polygon]:
    """Read the polygons of an uploaded YOLO-seg label file.

    Raises
    ------
    ValueError
        If it is too large, no text, or a line is no polygon; names the file and the line.
    """
    if len(upload.data) > DEFAULT_LIMITS.image_bytes:
        raise too_many_bytes(f"'{upload.name}'", len(upload.data), DEFAULT_LIMITS)
    try:
        text = upload.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RequestError(
            f"Got '{upload.name}', which is no text, expected a YOLO-seg label file.",
            "no_text",
            name=f"'{upload.name}'",
        ) from None
    return parse_polygons(text, f"'{upload.name}'")


def make_task(
    key: tuple[Any, ...],
    images: Sequence[tuple[str, NDArray[np.uint8]]],
    mask_names: list[str | None],
    masks: list[Mask | None],
) -> Task:
    """Build a task of decoded images and, where known, masks."""
    known = masks if any(mask is not None for mask in masks) else []
    table = one_row([image for _, image in images], known)
    return Task(key, [name for name, _ in images], mask_names, table)
