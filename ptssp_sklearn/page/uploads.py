"""What comes through the page's uploads: images and masks, within limits.

Everything is decoded from the uploaded bytes; no path or address that came with them is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ptssp_sklearn.exceptions import InputError, counted
from ptssp_sklearn.images.decoding import Picture
from ptssp_sklearn.images.name_pairs import pair_names
from ptssp_sklearn.images.row_masks import refuse_class
from ptssp_sklearn.images.table import one_row
from ptssp_sklearn.images.yolo_labels import Polygon, draw_polygons, parse_polygons
from ptssp_sklearn.serving.limits import DEFAULT_LIMITS, Limits, RequestError, too_many_bytes
from ptssp_sklearn.serving.request import CellDecoder

Mask = NDArray[np.int32]


@dataclass(frozen=True)
class Upload:
    """A file as it was uploaded: its name, which is only shown, and its bytes."""

    name: str
    data: bytes

    @property
    def is_label_file(self) -> bool:
        return self.name.lower().endswith(".txt")


@dataclass(frozen=True)
class Masks:
    """The masks of the images of one dataset, decoded.

    Attributes
    ----------
    names : list of str or None, one an image
        ``labels.txt:2`` is class 2 of a label file.
    masks : list of ndarray of shape (height, width) or None, one an image
    notes : list of str
        What is odd of them.
    """

    names: list[str | None]
    masks: list[Mask | None]
    notes: list[str]


@dataclass(frozen=True)
class Task:
    """The images of one dataset, decoded.

    Attributes
    ----------
    key : tuple
        Names it among the tasks of a session.
    names : list of str
        Names of the image files.
    mask_names : list of str or None
        As the command line takes them; None where an image has no mask.
    table : image table of one row
    code : str
        Python that builds the table, where the images are no files.
    notes : tuple of str
        What is odd of the images and masks.
    """

    key: tuple[Any, ...]
    names: list[str]
    mask_names: list[str | None]
    table: pd.DataFrame
    code: str = ""
    notes: tuple[str, ...] = ()

    @property
    def images(self) -> list[NDArray[np.uint8]]:
        return [self.table[f"image_{i}"].iloc[0] for i in range(1, len(self.names) + 1)]

    @property
    def masks(self) -> list[Mask | None]:
        numbers = range(1, len(self.names) + 1)
        return [self.table.get(f"mask_{i}", pd.Series([None])).iloc[0] for i in numbers]


def read_images(images: Sequence[Upload], limits: Limits = DEFAULT_LIMITS) -> list[Picture]:
    """Decode uploaded images; large ones are scaled down.

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
    images: Sequence[tuple[str, Picture]],
    masks: Sequence[Upload],
    *,
    label: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Masks:
    """Decode uploaded masks, and match them with the images.

    Parameters
    ----------
    images : list of (name, picture)
    masks : list of Upload
        Image files, or YOLO-seg label files.
    label : int, optional
        The class taken from label files; all of them by default.
    limits : Limits

    Returns
    -------
    masks : Masks

    Raises
    ------
    ValueError
        If they do not match the images, or a file is no mask; names the file.
    """
    _check_bytes(masks, limits)
    decoder = CellDecoder(limits)
    pairs = match_masks([name for name, _ in images], masks)
    pictures = [picture for _, picture in images]
    rasters = [None if u is None or u.is_label_file else u.data for u in pairs]
    places = ["" if upload is None else f"'{upload.name}'" for upload in pairs]
    found, notes = decoder.masks(rasters, places, pictures)
    names: list[str | None] = [None if upload is None else upload.name for upload in pairs]
    _check_label(label, [upload for upload in pairs if upload is not None])
    for number, (upload, picture) in enumerate(zip(pairs, pictures, strict=True)):
        if upload is None or not upload.is_label_file:
            continue
        wanted = [p for p in read_labels(upload) if label in (None, p.label)]
        names[number] = upload.name if label is None else f"{upload.name}:{label}"
        drawn = draw_polygons(wanted, picture.pixels.shape[:2])
        found[number] = decoder.check_objects(drawn, places[number])
    return Masks(names, found, notes)


def _check_label(label: int | None, uploads: Sequence[Upload]) -> None:
    """Refuse a class that no label file has."""
    files = [upload for upload in uploads if upload.is_label_file]
    if label is None or not files:
        return
    there = sorted({polygon.label for upload in files for polygon in read_labels(upload)})
    if label not in there:
        refuse_class(label, there, f"'{files[0].name}'")


def match_masks(images: Sequence[str], masks: Sequence[Upload]) -> list[Upload | None]:
    """Give each image its mask: by name, or in order where no names are alike.

    ``a_mask.png``, ``a_L.png``, ``a.png.png`` and ``a.txt`` are masks of ``a.jpg``.

    Raises
    ------
    ValueError
        If only some names are alike, or none and the numbers differ.
    """
    by_name = {upload.name: upload for upload in masks}
    pairs = pair_names(list(images), list(by_name)) if len(by_name) == len(masks) else {}
    if len(pairs) == len(masks):
        return [by_name[pairs[name]] if name in pairs else None for name in images]
    if pairs or len(masks) != len(images):
        taken = set(pairs.values())
        stray = next(upload.name for upload in masks if upload.name not in taken)
        raise InputError(
            f"Got {counted(len(masks), 'mask')} for {counted(len(images), 'image')}, of which "
            f"'{stray}' has no image's name, expected one an image in the same order, or names "
            "that match, such as a_mask.png for a.jpg.",
            "mask_count",
            masks=len(masks),
            images=len(images),
        )
    return list(masks)


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
    key: tuple[Any, ...], images: Sequence[tuple[str, Picture]], masks: Masks | None = None
) -> Task:
    """Build a task of decoded images and, where known, masks."""
    names, pictures = [name for name, _ in images], [picture for _, picture in images]
    notes = [f"'{name}' {what}." for name, picture in images for what in picture.remarks]
    found = Masks([None] * len(names), [None] * len(names), []) if masks is None else masks
    known = found.masks if any(mask is not None for mask in found.masks) else []
    table = one_row([picture.pixels for picture in pictures], known)
    if known:
        table["labels"] = "masks"
    return Task(key, names, found.names, table, notes=(*notes, *found.notes))
