"""A store of computed features: in memory or in a folder that several processes share.

It is our own rather than a package such as diskcache: entries are checked by a checksum, hold no
pickle, and the keys of stored features depend on how they are packed.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
import uuid
from collections import OrderedDict
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_OVERHEAD = 200
_CHECKSUM = 32
_SCAN_AFTER = 0.05
_KEEP = 0.9
_ABANDONED = 3600.0


def cache_key(*parts: str | bytes) -> str:
    """Give the key of an entry: SHA-256 of its parts, each with its length."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def array_digest(array: NDArray) -> bytes:
    """Give the SHA-256 of an array: type, shape and values."""
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape} ".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


def pack(values: NDArray[np.float64]) -> bytes:
    """Turn a vector into bytes; in half the space where single precision holds it exactly."""
    with np.errstate(over="ignore"):
        small = values.astype(np.float32)
    exact = np.array_equal(small.astype(np.float64), values, equal_nan=True)
    return b"f" + small.tobytes() if exact else b"d" + values.astype(np.float64).tobytes()


def unpack(data: bytes) -> NDArray[np.float64]:
    """Give back what `pack` was given."""
    return np.frombuffer(data[1:], dtype=data[:1].decode()).astype(np.float64)


class FeatureCache(Protocol):
    """What stores bytes under keys; an entry may be gone at any time."""

    def get(self, key: str) -> bytes | None:
        """Give what was stored under a key, or None."""

    def put(self, key: str, value: bytes) -> None:
        """Store bytes under a key, in place of what was there."""


class MemoryCache:
    """Entries in memory; those not asked for longest go first.

    Parameters
    ----------
    limit : int
        Most bytes kept.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._entries: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            value = self._entries.get(key)
            if value is not None:
                self._entries.move_to_end(key)
            return value

    def put(self, key: str, value: bytes) -> None:
        with self._lock:
            old = self._entries.pop(key, None)
            if old is not None:
                self.size -= len(old) + _OVERHEAD
            self._entries[key] = value
            self.size += len(value) + _OVERHEAD
            while self.size > self.limit:
                _, gone = self._entries.popitem(last=False)
                self.size -= len(gone) + _OVERHEAD


class DiskCache:
    """Entries as files of a folder, safe to share between processes.

    An entry is written to a file of its own and moved to its name, so a process killed in
    the middle of a write leaves only a file that nobody reads, removed later. Every entry
    carries a checksum; a damaged one counts as missing. An entry that cannot be written (a
    full disk) is not kept. Entries not asked for longest go first when the folder grows
    over its limit.

    Parameters
    ----------
    folder : str or Path
        Made where it does not exist.
    limit : int
        Most bytes kept. Processes that write at the same time may exceed it by a twentieth
        each.

    Raises
    ------
    ValueError
        If the folder cannot be made.
    """

    def __init__(self, folder: str | Path, limit: int) -> None:
        self.folder = Path(folder).expanduser()
        self.limit = limit
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(
                f"Got cache_dir={str(folder)!r}, expected a folder that can be written "
                f"({error}). Name another one, or pass cache_dir=None."
            ) from None
        self._known: int | None = None
        self._unscanned = 0
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        path = self._path(key)
        try:
            with open(path, "rb", buffering=0) as file:
                data = file.read()
            checksum, value = data[:_CHECKSUM], data[_CHECKSUM:]
            if hashlib.sha256(key.encode() + value).digest() != checksum:
                os.unlink(path)
                return None
            os.utime(path)
        except OSError:
            return None
        return value

    def put(self, key: str, value: bytes) -> None:
        path = self._path(key)
        folder = os.path.dirname(path)
        partial = os.path.join(folder, f".{uuid.uuid4().hex}.partial")
        data = hashlib.sha256(key.encode() + value).digest() + value
        try:
            if not os.path.isdir(folder):
                os.makedirs(folder, exist_ok=True)
            with open(partial, "wb") as file:
                file.write(data)
            os.replace(partial, path)
        except OSError:
            with suppress(OSError):
                os.unlink(partial)
            return
        self._count(len(data))

    def _path(self, key: str) -> str:
        return os.path.join(self.folder, key[:2], key)

    def _count(self, written: int) -> None:
        """Add up what was written; look at the whole folder once in a while."""
        with self._lock:
            self._unscanned += written
            known = self._known
            due = known is None or self._unscanned > _SCAN_AFTER * self.limit
            if due or (known or 0) + self._unscanned > self.limit:
                self._known, self._unscanned = self._trim(), 0

    def _trim(self) -> int:
        """Remove abandoned files, and the oldest entries where there are too many."""
        entries = []
        for path in self.folder.glob("??/*"):
            with suppress(OSError):
                found = path.stat()
                if not path.name.endswith(".partial"):
                    entries.append((found.st_mtime_ns, found.st_size, path))
                elif time.time() - found.st_mtime > _ABANDONED:
                    path.unlink(missing_ok=True)
        total = sum(size for _, size, _ in entries)
        if total <= self.limit:
            return total
        for _, size, path in sorted(entries):
            if total <= _KEEP * self.limit:
                break
            with suppress(OSError):
                path.unlink(missing_ok=True)
            total -= size
        return total


def open_cache(cache_dir: str | Path | bool | None, cache_size: int | str) -> FeatureCache | None:
    """Give the store an embedder asks for, or None.

    Parameters
    ----------
    cache_dir : str, Path, None or False
        A folder, None for the store in memory that all of this process share, False for
        none.
    cache_size : int or str
        Most bytes kept, such as ``"500MB"``.

    Raises
    ------
    ValueError
        If the folder or the size is not usable.
    """
    limit = parse_size(cache_size)
    if cache_dir is False:
        return None
    if cache_dir is None:
        return _shared(limit)
    if cache_dir is True or not isinstance(cache_dir, str | os.PathLike):
        raise ValueError(
            f"Got cache_dir={cache_dir!r}, expected a folder, None (in memory) or False (off)."
        )
    return _folder(str(cache_dir), limit)


@lru_cache(maxsize=4)
def _shared(limit: int) -> MemoryCache:
    return MemoryCache(limit)


@lru_cache(maxsize=16)
def _folder(folder: str, limit: int) -> DiskCache:
    return DiskCache(folder, limit)


def parse_size(size: Any) -> int:
    """Read a number of bytes, such as ``500_000_000``, ``"500MB"`` or ``"2 GiB"``.

    Raises
    ------
    ValueError
        If it is no positive number of bytes.
    """
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([KMGT]?I?B?)\s*", str(size).upper())
    number = 0
    if match and match[2] in _UNITS and not isinstance(size, bool):
        number = int(float(match[1]) * _UNITS[match[2]])
    if number <= 0:
        raise ValueError(
            f"Got cache_size={size!r}, expected a positive number of bytes such as '500MB' or "
            "'2GB'. Pass cache_dir=False to keep nothing."
        )
    return number
