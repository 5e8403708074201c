"""The masks of one data set: their values mean the same in all of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.exceptions import ImageError
from ptssp_sklearn.images.cache import FeatureCache, array_digest, cache_key
from ptssp_sklearn.images.cell_bytes import name_cell, read_cell
from ptssp_sklearn.images.decoding import MAX_PIXELS
from ptssp_sklearn.images.mask_decoding import (
    draw_labels,
    fit_to_image,
    is_label_cell,
    label_cell,
    number,
    read_raw,
)
from ptssp_sklearn.images.mask_meaning import CLASSES, INSTANCES, Evidence, Meaning, evidence_of
from ptssp_sklearn.images.mask_meaning import meaning_of as meaning_of_evidence
from ptssp_sklearn.images.yolo_labels import read_polygons

_BYTES_A_PIXEL = 8
_COVERED, _AT_RIM = 0.5, 0.9


@dataclass(frozen=True)
class Objects:
    """The instances of a mask.

    Parameters
    ----------
    ids : ndarray of shape (height, width), int32
        1, 2, …; 0 is background.
    count : int
    remarks : tuple of str
        What should be said of the mask; each begins with a verb, the mask being the subject.
    """

    ids: NDArray[np.int32]
    count: int
    remarks: tuple[str, ...] = ()


class RowMasks:
    """Reads the masks of a data set, once it is found out what their values mean.

    Parameters
    ----------
    cells : sequence of mask cells
        None where an image has no mask.
    places : sequence of str
        What messages call them.
    max_pixels : int
    cache : FeatureCache or None
        Where what a mask tells of the meaning is kept.
    as_ids : bool, default=False
        Whether every value is an object as it stands.
    """

    def __init__(
        self,
        cells: Sequence[Any],
        places: Sequence[str],
        max_pixels: int = MAX_PIXELS,
        cache: FeatureCache | None = None,
        as_ids: bool = False,
    ) -> None:
        self.cells, self.places = list(cells), list(places)
        self.max_pixels = max_pixels
        self.as_ids = as_ids
        self._cache = cache
        self._meaning: Meaning | None = Meaning() if as_ids else None
        self._lock = threading.Lock()
        self._empty = False
        self._seen: dict[int, Evidence] = {}

    @property
    def meaning(self) -> Meaning:
        """What the values of the masks mean.

        Raises
        ------
        ImageError
            If a mask cannot be read, none shows an object, or no label file has the class
            that is asked for.
        """
        with self._lock:
            if self._meaning is None:
                self._meaning = self._find_meaning()
            return self._meaning

    def read(self, place: int, shape: tuple[int, int], orientation: int = 1) -> Objects:
        """Decode a mask to the instances of its image.

        Parameters
        ----------
        place : int
            Place of the mask among the cells.
        shape : tuple of (height, width)
            Shape of the image, upright.
        orientation : int
            EXIF orientation of the image before it was turned upright.

        Raises
        ------
        ImageError
            If it is no mask, or of another size than its image.
        """
        cell, name, meaning = self.cells[place], self.places[place], self.meaning
        if is_label_cell(cell):
            ids = draw_labels(cell, shape, name)
            count = len(np.unique(ids[ids > 0]))
            return Objects(ids, count, () if count else (_NO_OBJECT,))
        raw = read_raw(cell, name, self.max_pixels)
        values, remarks = fit_to_image(raw, shape, orientation, name_cell(name, cell))
        if self._empty:
            self._refuse_empty()
        found = number(values, meaning, name_cell(name, cell))
        said = [*raw.remarks, *remarks]
        if not self.as_ids:
            said += _remarks(self._seen[place], found.ids, len(found.owners), meaning)
        if found.specks:
            said.append(f"has {found.specks:,} specks of a few pixels, which are left out")
        return Objects(found.ids, len(found.owners), tuple(said))

    def count(self, place: int, shape: tuple[int, int]) -> int:
        """Count the objects of a mask, however it lies on its image of some shape."""
        cell, name = self.cells[place], self.places[place]
        if is_label_cell(cell):
            return self.read(place, shape).count
        return len(number(read_raw(cell, name, self.max_pixels).values, self.meaning, name).owners)

    def _find_meaning(self) -> Meaning:
        self._check_classes()
        rasters = [i for i, cell in enumerate(self.cells) if not _is_other(cell)]
        self._seen = {i: self._evidence(i) for i in rasters}
        seen = list(self._seen.values())
        self._empty = len(seen) == len(self.cells) and all(m.high <= 0 for m in seen)
        return meaning_of_evidence(seen)

    def _refuse_empty(self) -> None:
        name = name_cell(self.places[0], self.cells[0])
        raise ImageError(
            f"Got {name}{' and all others' * (len(self.cells) > 1)} without a single object, "
            "expected ids above 0 where objects are. Leave the masks out, or give those that show "
            "them.",
            "no_objects",
            name=name,
        )

    def _evidence(self, place: int) -> Evidence:
        """Look at one mask, or remember what was seen in its file."""
        cell = self.cells[place]
        if isinstance(cell, np.ndarray):
            key = array_digest(cell) if self._cache is not None else None
            name = self.places[place]
        else:
            most = self.max_pixels * _BYTES_A_PIXEL
            cell, name, key = read_cell(cell, self.places[place], most)
        known = None
        if self._cache is not None and key is not None:
            known = self._cache.get(cache_key("evidence 2", key))
        if known:
            return Evidence.unpack(known)
        found = evidence_of(read_raw(cell, name, self.max_pixels).values)
        if self._cache is not None and key is not None:
            self._cache.put(cache_key("evidence 2", key), found.pack())
        return found

    def _check_classes(self) -> None:
        """Refuse a class that no label file of the row has."""
        wanted: dict[int, list[int]] = {}
        for place, cell in enumerate(self.cells):
            if cell is not None and is_label_cell(cell) and label_cell(cell)[1] is not None:
                wanted.setdefault(label_cell(cell)[1] or 0, []).append(place)
        for label, places in wanted.items():
            found = {
                polygon.label
                for place in places
                for polygon in read_polygons(label_cell(self.cells[place])[0])
            }
            if label not in found:
                refuse_class(
                    label, sorted(found), name_cell(self.places[places[0]], self.cells[places[0]])
                )


_NO_OBJECT = "shows no object"


def refuse_class(label: int, found: Sequence[int], name: str) -> None:
    """Say that no label file has a class, and which ones there are."""
    there = f"the classes {', '.join(map(str, found))}" if len(found) > 1 else "no object at all"
    there = f"the class {found[0]} only" if len(found) == 1 else there
    raise ImageError(
        f"Got the class {label} of {name}, but the label files hold {there}. Name one of them, "
        "or leave the class out to take all.",
        "no_class",
        name=name,
        label=label,
        found=", ".join(map(str, found)),
    )


def pack_objects(objects: Objects, digest: bytes) -> bytes:
    """Give all but the pixels of objects as bytes."""
    return digest + json.dumps([objects.count, *objects.remarks]).encode()


def unpack_objects(data: bytes, length: int) -> tuple[bytes, int, tuple[str, ...]]:
    """Give back the digest, of some length, the count and the remarks."""
    count, *remarks = json.loads(data[length:])
    return data[:length], int(count), tuple(remarks)


def _remarks(own: Evidence, ids: NDArray[np.int32], count: int, meaning: Meaning) -> list[str]:
    """List what should be said of how the values of a mask were taken."""
    said = []
    if not count:
        return [_NO_OBJECT]
    if own.values == 1:
        return [f"has the value {own.low} everywhere: the whole image is taken for one object"]
    if meaning.kind == CLASSES and count > len(own.pieces):
        said.append(
            f"has {len(own.pieces)} ids in {count} pieces: ids are taken for classes, and each "
            "piece for an object"
        )
    if own.two_valued and own.values > 2 and meaning.kind != INSTANCES:
        said.append(
            f"has {own.values} values from {own.low} to {own.high}, as smoothed edges give: "
            "objects are what lies above the middle"
        )
    if meaning.void and own.has_void:
        said.append("has 255 beside small ids, which is taken as void")
    if own.low < 0:
        said.append("has negative values, which are taken as void")
    if own.low > 0:
        said.append(f"has no pixel of 0, which is background; its lowest value is {own.low}")
    if _looks_swapped(ids):
        share = (ids > 0).mean()
        said.append(
            f"covers {share:.0%} of the image and almost all of its rim: are object and background "
            "exchanged?"
        )
    return said


def _looks_swapped(ids: NDArray[np.int32]) -> bool:
    rim = np.concatenate([ids[0], ids[-1], ids[:, 0], ids[:, -1]]) > 0
    return bool((ids > 0).mean() > _COVERED and rim.mean() > _AT_RIM)


def _is_other(cell: Any) -> bool:
    return cell is None or is_label_cell(cell)
