"""One image and its mask: what their pixels are called, decoded only where that is not known."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import PIL
from numpy.typing import NDArray

from ptssp_sklearn.exceptions import remark
from ptssp_sklearn.images.cache import FeatureCache, array_digest, cache_key
from ptssp_sklearn.images.cell_bytes import name_cell, read_cell
from ptssp_sklearn.images.decoding import Picture, decode_image, refuse_blank
from ptssp_sklearn.images.mask_decoding import is_label_cell, label_cell
from ptssp_sklearn.images.row_masks import Objects, RowMasks, pack_objects, unpack_objects
from ptssp_sklearn.images.table import ImageRow

_DECODER = f"decoded 2, Pillow {PIL.__version__}"
_BYTES_A_PIXEL = 8
_DIGEST = 32
_LOCKS = [threading.Lock() for _ in range(256)]
_decoded: WeakValueDictionary[str, NDArray[Any]] = WeakValueDictionary()
"""What some thread still holds of decoded files, for the others that need it meanwhile."""


@dataclass
class Source:
    """The cells of an image and its mask, each read and decoded at most once.

    A file's bytes are hashed first: where the cache knows which pixels they hold, nothing
    is decoded. `release` drops what was read and decoded.

    Parameters
    ----------
    image : cell of the image table
    masks : RowMasks
        The masks of the row.
    place : int
        Place of the image and its mask in the row.
    image_place : str
        What messages call the image.
    max_pixels : int
        Largest image that is decoded.
    cache : FeatureCache or None
        None where nothing outlives the call: files are then told apart by their bytes.

    Attributes
    ----------
    pixels : bytes
        SHA-256 of the decoded image, once it is identified; of its file without a cache.
    objects : bytes or None
        The same of the mask; None without one.
    count : int or None
        Objects of the mask, once they are known.
    """

    image: Any
    masks: RowMasks
    place: int
    image_place: str
    max_pixels: int
    cache: FeatureCache | None
    pixels: bytes = b""
    objects: bytes | None = None
    count: int | None = None
    _image_said: tuple[str, ...] = ()
    _mask_said: tuple[str, ...] = ()
    _shape: tuple[int, int] = (0, 0)
    _orientation: int = 1
    _image: NDArray[np.uint8] | None = None
    _mask: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        self._cell, self._place = self.image, self.image_place

    def identify(self) -> None:
        """Set `pixels` and `objects`, by which the image and its mask are known."""
        most = self.max_pixels * _BYTES_A_PIXEL
        self.image, self.image_place, source = read_cell(self.image, self.image_place, most)
        if source is None:
            self._digest_image()
        else:
            self._find_image(cache_key("image", _DECODER, source))
        if self.masks.cells[self.place] is not None:
            self._identify_mask()

    def remarks(self) -> list[str]:
        """List what should be said of the image and its mask, as whole sentences."""
        image = name_cell(self._place, self._cell)
        mask = name_cell(self.masks.places[self.place], self.masks.cells[self.place])
        said = [f"{image} {what}." for what in self._image_said]
        return said + [f"{mask} {what}." for what in self._mask_said]

    def _find_image(self, key: str) -> None:
        """Look a file's pixels up, or decode it; where nothing is kept, its bytes name it."""
        if self.cache is None:
            self.pixels = bytes.fromhex(key)
            return
        with _lock_of(key):
            known = self.cache.get(key) or b""
            height, width, turn, *said = json.loads(known[_DIGEST:]) if known else (0, 0, 1)
            if 0 < height * width <= self.max_pixels:
                self._shape, self._orientation = (height, width), turn
                self._image_said = tuple(said)
                self.pixels = known[:_DIGEST]
                self._image = _decoded.get(key)
            else:
                _decoded[key] = self._digest_image()
                what = [*self._shape, self._orientation, *self._image_said]
                self.cache.put(key, self.pixels + json.dumps(what).encode())

    def _digest_image(self) -> NDArray[np.uint8]:
        decoded = self.load_image()
        self.pixels = array_digest(decoded)
        return decoded

    def _identify_mask(self) -> None:
        cell, kind = self.masks.cells[self.place], ""
        if is_label_cell(cell):
            cell, label = label_cell(cell)
            kind = f"labels {'' if label is None else label}"
        meaning = self.masks.meaning
        kind = kind or f"{meaning.kind} {meaning.void} {self.masks.as_ids}"
        if isinstance(cell, np.ndarray) and cell.dtype.kind in "biu":
            source: bytes | None = array_digest(cell)
        else:
            place = self.masks.places[self.place]
            source = read_cell(cell, place, self.max_pixels * _BYTES_A_PIXEL)[2]
        if source is None:
            self.objects = array_digest(self.load_mask())
            return
        frame = repr((*self._shape, self._orientation))
        self._find_mask(cache_key("mask", _DECODER, kind, frame, source))

    def _find_mask(self, key: str) -> None:
        if self.cache is None:
            self.objects = bytes.fromhex(key)
            return
        with _lock_of(key):
            known = self.cache.get(key)
            if known is None:
                mask = _decoded[key] = self.load_mask()
                self.objects = array_digest(mask)
                found = Objects(mask, self.count or 0, self._mask_said)
                self.cache.put(key, pack_objects(found, self.objects))
            else:
                self.objects, self.count, self._mask_said = unpack_objects(known, _DIGEST)
                self._mask = _decoded.get(key)

    def load_image(self) -> NDArray[np.uint8]:
        """Decode the image, shape (height, width, 3)."""
        if self._image is None:
            found = self._decode()
            refuse_blank(found.pixels, name_cell(self._place, self._cell), found.remarks)
            self._image, self._shape = found.pixels, found.shape
            self._orientation, self._image_said = found.orientation, found.remarks
        return self._image

    def _decode(self) -> Picture:
        return decode_image(self.image, name=self.image_place, max_pixels=self.max_pixels)

    def load_mask(self) -> NDArray[np.int32]:
        """Decode the mask to instance ids, shape (height, width)."""
        if self._mask is None:
            if not all(self._shape):
                self.load_image()
            found = self.masks.read(self.place, self._shape, self._orientation)
            self._mask, self.count, self._mask_said = found.ids, found.count, found.remarks
        return self._mask

    def release(self) -> None:
        """Drop what was read and decoded."""
        self._image = self._mask = None
        self.image = self._cell


def row_sources(row: ImageRow, max_pixels: int, cache: FeatureCache | None) -> list[Source]:
    """List the images of a row with their masks."""
    places = row.places()
    masks = RowMasks(
        row.masks, [mask for _, mask in places], max_pixels, cache, as_ids=row.labels is not None
    )
    return [
        Source(image, masks, i, places[i][0], max_pixels, cache)
        for i, image in enumerate(row.images)
    ]


def say_remarks(sources: Sequence[Source]) -> None:
    """Say what there is to be said of images and masks, once for each sentence."""
    for sentence in dict.fromkeys(said for source in sources for said in source.remarks()):
        remark(sentence)


def _lock_of(key: str) -> threading.Lock:
    """Let only one thread at a time decode a file; the next finds its pixels known."""
    return _LOCKS[int(key[:2], 16)]
