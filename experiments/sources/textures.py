"""Backgrounds made of game floors, and of pages of text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from experiments.sources.material import Item
from experiments.sources.noise import clouds
from experiments.sources.wad import between, flat, palette, read_wad


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


def _word(rng: np.random.Generator) -> str:
    syllables = (consonant + vowel for consonant in "bdklmnprst" for vowel in "aeiou")
    return "".join(rng.choice(list(syllables), int(rng.integers(1, 5))))


def page(path: Path, seed: int, side: int = 256) -> Image.Image:
    """Draw a page of made-up words on uneven paper."""
    rng = np.random.default_rng(seed)
    paper = rng.uniform(200, 255, 3) - 25 * clouds(rng)[:side, :side, None]
    image = Image.fromarray(np.clip(paper, 0, 255).astype(np.uint8))
    size, ink = int(rng.integers(9, 26)), tuple(int(c) for c in rng.integers(0, 110, 3))
    font, draw = ImageFont.truetype(str(path), size), ImageDraw.Draw(image)
    left, height = int(rng.integers(-20, 24)), round(size * rng.uniform(1.15, 1.7))
    for top in range(int(rng.integers(-10, 10)), side, height):
        line = " ".join(_word(rng) for _ in range(24))
        draw.text((left, top), line, ink, font)
    return image.rotate(float(rng.choice([0, 90, 180, 270])))


def pages(folders: list[Path], rng: np.random.Generator) -> Iterator[Item]:
    """Give pages of text, ten for each font."""
    for folder in folders:
        path = sorted(folder.rglob("*-Regular.[ot]tf"))[0]
        for index in range(10):
            name = f"{path.stem}-{index}"
            yield Item("", name, partial(page, path, int(rng.integers(2**31))))
