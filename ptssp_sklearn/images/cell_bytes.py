"""The bytes of a cell's file, and the digest that names them; what is unchanged stays unread."""

from __future__ import annotations

import os
import stat
import time
from typing import Any

from ptssp_sklearn.images.cache import MemoryCache, cache_key

_SETTLED = 2 * 10**9
"""A file changed less than this before, ns, might change again and show the same times."""
_digests = MemoryCache(20_000_000)
"""SHA-256 of the bytes of files that were read, by what tells that they are unchanged."""


def name_cell(place: str, cell: Any) -> str:
    """Give what messages call a cell: its place, and its file where it is one."""
    if isinstance(cell, tuple) and cell:
        cell = cell[0]
    return f"{place} '{cell}'" if isinstance(cell, str | os.PathLike) else place


def read_cell(cell: Any, place: str, most: int) -> tuple[Any, str, bytes | None]:
    """Read a file into memory; give its bytes, what messages call it, and their SHA-256.

    A file that was read before and is unchanged stays unread. A cell that is no file of a
    usual size stays as it is; decoding says what is wrong.

    Parameters
    ----------
    cell : cell of the image table
    place : str
        What messages call it.
    most : int
        Size of a file from which it is not read as a whole, bytes.
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
        return data, name_cell(place, cell), digest
    if isinstance(cell, bytes):
        return cell, place, bytes.fromhex(cache_key(cell))
    return cell, place, None
