"""Doom WAD files: sprites and floors as images."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def read_wad(path: Path) -> list[tuple[str, bytes]]:
    """Give the lumps of a WAD in file order.

    Raises
    ------
    ValueError
        If the file is no WAD.
    """
    data = path.read_bytes()
    magic, count, start = struct.unpack_from("<4sii", data)
    if magic not in (b"IWAD", b"PWAD"):
        raise ValueError(f"Got magic {magic!r} in {path.name}, expected b'IWAD' or b'PWAD'.")
    lumps = []
    for index in range(count):
        offset, size, name = struct.unpack_from("<ii8s", data, start + 16 * index)
        lumps.append((name.rstrip(b"\0").decode("ascii"), data[offset : offset + size]))
    return lumps


def between(lumps: list[tuple[str, bytes]], marker: str) -> list[tuple[str, bytes]]:
    """Give the lumps between ``<marker>_START`` and ``<marker>_END``, without inner markers."""
    names = [name for name, _ in lumps]
    first, last = names.index(f"{marker}_START"), names.index(f"{marker}_END")
    return [lump for lump in lumps[first + 1 : last] if lump[1]]


def palette(lumps: list[tuple[str, bytes]]) -> NDArray[np.uint8]:
    """Give the first palette of PLAYPAL, of shape (256, 3)."""
    return np.frombuffer(dict(lumps)["PLAYPAL"][:768], np.uint8).reshape(256, 3)


def _draw_column(rgba: NDArray[np.uint8], x: int, data: bytes, at: int, rgb: NDArray) -> None:
    while data[at] != 255:
        top, length = data[at], data[at + 1]
        post = np.frombuffer(data, np.uint8, length, at + 3)
        room = max(0, min(length, rgba.shape[0] - top))
        rgba[top : top + room, x, :3] = rgb[post[:room]]
        rgba[top : top + room, x, 3] = 255
        at += length + 4


def picture(data: bytes, rgb: NDArray[np.uint8]) -> Image.Image:
    """Draw a picture lump (columns of posts) with the palette `rgb`.

    Raises
    ------
    ValueError
        If its sides are no picture's.
    """
    width, height = struct.unpack_from("<HH", data)
    if not 0 < width <= 1024 or not 0 < height <= 1024:
        raise ValueError(f"Got a picture of {width} by {height}, expected 1 to 1024 each way.")
    rgba = np.zeros((height, width, 4), np.uint8)
    for x, at in enumerate(struct.unpack_from(f"<{width}i", data, 8)):
        _draw_column(rgba, x, data, at, rgb)
    return Image.fromarray(rgba)


def flat(data: bytes, rgb: NDArray[np.uint8]) -> Image.Image:
    """Draw a floor lump: 64 by 64 palette indices.

    Raises
    ------
    ValueError
        If it is of another length.
    """
    if len(data) != 4096:
        raise ValueError(f"Got a floor of {len(data)} bytes, expected 4096.")
    return Image.fromarray(rgb[np.frombuffer(data, np.uint8).reshape(64, 64)])
