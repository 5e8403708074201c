"""Backgrounds made of the tiles of games and packs of textures."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from experiments.sources.material import Item
from experiments.sources.wad import between, flat, palette, read_wad

MOSAICS = 60


def mosaic(tile: Image.Image, side: int = 256, scale: int = 1) -> Image.Image:
    """Repeat a tile, enlarged `scale` times, over a square."""
    size = [length * scale for length in tile.size]
    array = np.asarray(tile.convert("RGB").resize(size, Image.Resampling.NEAREST))
    times = -(-side // size[1]), -(-side // size[0])
    return Image.fromarray(np.tile(array, (*times, 1))[:side, :side])


def _floor(data: bytes, rgb: np.ndarray, scale: int) -> Image.Image:
    return mosaic(flat(data, rgb), scale=scale)


def game_floors(folders: list[Path], rng: np.random.Generator) -> Iterator[Item]:
    """Give the floors of a WAD, repeated."""
    lumps = read_wad(next(folders[0].rglob("freedoom2.wad")))
    rgb = palette(lumps)
    for name, data in between(lumps, "F"):
        yield Item("", name, partial(_floor, data, rgb, int(rng.integers(1, 4))))


def data_url(path: Path) -> bytes:
    """Give the bytes of the first base64 data URL in a script."""
    found = re.search(r"data:[^;,]*;base64,([A-Za-z0-9+/=]+)", path.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"Got no base64 data URL in {path.name}.")
    return base64.b64decode(found.group(1))


def embedded(path: Path) -> Image.Image:
    """Open the picture that a script holds as a data URL."""
    return Image.open(io.BytesIO(data_url(path)))
