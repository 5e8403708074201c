"""One image and its mask: what their pixels are called, decoded only where that is not known."""

from __future__ import annotations

import os
import stat
import threading
import time
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import PIL
from numpy.typing import NDArray

from ptssp_sklearn.images.cache import FeatureCache, MemoryCache, array_digest, cache_key
from ptssp_sklearn.images.decoding import load_image, load_mask
from ptssp_sklearn.images.table import ImageRow

_DECODER = f"decoded 1, Pillow {PIL.__version__}"
_BYTES_A_PIXEL = 8
_DIGEST = 32
_LABELS = ".txt"
_LOCKS = [threading.Lock() for _ in range(256)]
_SETTLED = 2 * 10**9
"""A file changed less than this before, ns, might change again and show the same times."""
_digests = MemoryCache(20_000_000)
"""SHA-256 of the bytes of files that were read, by what tells that they are unchanged."""
_decoded: WeakValueDictionary[str, NDArray[Any]] = WeakValueDictionary()
"""What some thread still holds of decoded files, for the others that need it meanwhile."""


@dataclass
class Source:
    """The cells of an image and its mask, each read and decoded at most once.

    A file's bytes are hashed first: where the cache knows which pixels they hold, nothing
    is decoded. `release` drops what was read and decoded.

    Parameters
    ----------
    image, mask : cell of the image table
        The mask is None where there is none.
    image_place, mask_place : str
        What messages call them.
    max_pixels : int
        Largest image that is decoded.
    cache : FeatureCache or None
        None where nothing outlives the call: files are then told apart by their bytes.
    as_ids : bool, default=False
        Whether the mask's ids are objects as they stand; see `load_mask`.

    Attributes
    ----------
    pixels : bytes
        SHA-256 of the decoded image, once it is identified; of its file without a cache.
    objects : bytes or None
        The same of the mask; None without one.
    """

    image: Any
    mask: Any
    image_place: str
    mask_place: str
    max_pixels: int
    cache: FeatureCache | None
    as_ids: bool = False
    pixels: bytes = b""
    objects: bytes | None = None
    _shape: tuple[int, int] = (0, 0)
    _image: NDArray[np.uint8] | None = None
    _mask: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        self._cells = self.image, self.mask

    def identify(self) -> None:
        """Set `pixels` and `objects`, by which the image and its mask are known."""
        most = self.max_pixels * _BYTES_A_PIXEL
        self.image, self.image_place, source = _read(self.image, self.image_place, most)
        if source is None:
            self._digest_image()
        else:
            self._find_image(cache_key("image", _DECODER, source))
        if self.mask is not None:
            self._identify_mask()

    def _find_image(self, key: str) -> None:
        """Look a file's pixels up, or decode it; where nothing is kept, its bytes name it."""
        if self.cache is None:
            self.pixels = bytes.fromhex(key)
            return
        with _lock_of(key):
            known = self.cache.get(key) or b""
            height, width = np.frombuffer(known[:-_DIGEST], np.int64) if known else (0, 0)
            if 0 < height * width <= self.max_pixels:
                self._shape = int(height), int(width)
                self.pixels = known[-_DIGEST:]
                self._image = _decoded.get(key)
            else:
                _decoded[key] = self._digest_image()
                self.cache.put(key, np.array(self._shape, np.int64).tobytes() + self.pixels)

    def _digest_image(self) -> NDArray[np.uint8]:
        decoded = self.load_image()
        self.pixels = array_digest(decoded)
        return decoded

    def _identify_mask(self) -> None:
        cell, index = self.mask, ""
        if isinstance(cell, tuple) and len(cell) == 2:
            cell, index = cell[0], f"{cell[1]}"
        labels = bool(index) or (
            isinstance(cell, str | os.PathLike) and str(cell).endswith(_LABELS)
        )
        if isinstance(cell, np.ndarray) and cell.dtype.kind in "biu":
            source: bytes | None = array_digest(cell)
        else:
            cell, place, source = _read(cell, self.mask_place, self.max_pixels * _BYTES_A_PIXEL)
            if not labels:
                self.mask, self.mask_place = cell, place
        if source is None:
            self.objects = array_digest(self.load_mask())
            return
        kind = "labels" if labels else "ids" if self.as_ids else "raster"
        self._find_mask(cache_key("mask", _DECODER, kind, index, repr(self._shape), source))

    def _find_mask(self, key: str) -> None:
        if self.cache is None:
            self.objects = bytes.fromhex(key)
            return
        with _lock_of(key):
            self.objects = self.cache.get(key)
            if self.objects is None:
                _decoded[key] = self.load_mask()
                self.objects = array_digest(_decoded[key])
                self.cache.put(key, self.objects)
            else:
                self._mask = _decoded.get(key)

    def load_image(self) -> NDArray[np.uint8]:
        """Decode the image, shape (height, width, 3)."""
        if self._image is None:
            self._image = load_image(self.image, name=self.image_place, max_pixels=self.max_pixels)
            self._shape = self._image.shape[0], self._image.shape[1]
        return self._image

    def load_mask(self) -> NDArray[np.int32]:
        """Decode the mask to instance ids, shape (height, width)."""
        if self._mask is None:
            shape = self._shape if all(self._shape) else self.load_image().shape[:2]
            self._mask = load_mask(
                self.mask,
                shape,
                name=self.mask_place,
                max_pixels=self.max_pixels,
                as_ids=self.as_ids,
            )
        return self._mask

    def release(self) -> None:
        """Drop what was read and decoded."""
        self._image = self._mask = None
        self.image, self.mask = self._cells


def row_sources(row: ImageRow, max_pixels: int, cache: FeatureCache | None) -> list[Source]:
    """List the images of a row with their masks."""
    cells, as_ids = zip(row.images, row.masks, row.places(), strict=True), row.labels is not None
    return [Source(image, mask, *p, max_pixels, cache, as_ids) for image, mask, p in cells]


def _lock_of(key: str) -> threading.Lock:
    """Let only one thread at a time decode a file; the next finds its pixels known."""
    return _LOCKS[int(key[:2], 16)]


def _read(cell: Any, place: str, most: int) -> tuple[Any, str, bytes | None]:
    """Read a file into memory; give its bytes, what messages call it, and their SHA-256.

    A file that was read before and is unchanged stays unread. A cell that is no file of a
    usual size stays as it is; decoding says what is wrong.
    """
    if isinstance(cell, str | os.PathLike):
        now = time.time_ns()
        try:
            found = os.stat(cell)
            if not stat.S_ISREG(found.st_mode) or found.st_size > most:
                return cell, place, None
            times = found.st_mtime_ns, found.st_ctime_ns
            version = str((found.st_dev, found.st_ino, found.st_size, *times))
            known = _digests.get(version)
            if known is not None:
                return cell, place, known
            with open(cell, "rb", buffering=0) as file:
                data = file.read()
        except (OSError, ValueError):
            return cell, place, None
        digest = bytes.fromhex(cache_key(data))
        if now - max(times) > _SETTLED:
            _digests.put(version, digest)
        return data, f"{place} '{cell}'", digest
    if isinstance(cell, bytes):
        return cell, place, bytes.fromhex(cache_key(cell))
    return cell, place, None
