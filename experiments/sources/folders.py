"""Sources whose folders are their classes: clip art and an icon theme; and game sprites."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from experiments.sources.material import VISIBLE, Item, slug
from experiments.sources.svg import rasterised_file
from experiments.sources.wad import between, palette, picture, read_wad

MOST_PIXELS = 20_000_000
CLIPART_LEFT_OUT = {
    "logos", "special", "unsorted", "flags", "religion", "roadsigns", "computer", "geography",
    "stars", "led", "bodypart",
}  # fmt: skip
WORDS_LEFT_OUT = ("stripper", "sexy", "nude", "pinup", "bikini", "logo")


def with_holes(path: Path) -> Image.Image:
    """Open a picture; raise ValueError if it is huge or has no transparent pixel."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = Image.open(path)
    with image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(f"has {image.width} by {image.height} pixels")
        rgba = image.convert("RGBA")
    if np.asarray(rgba)[..., 3].min() > VISIBLE:
        raise ValueError("has no transparent pixel")
    return rgba


def clipart(folders: list[Path], rng: np.random.Generator) -> Iterator[Item]:
    """Give the clip art, its class the path of its folder."""
    root = folders[0] / "usr/share/openclipart/png"
    for path in sorted(root.rglob("*.png")):
        parts = path.relative_to(root).parts[:-1]
        named = any(word in path.stem.lower() for word in WORDS_LEFT_OUT)
        if not named and not CLIPART_LEFT_OUT.intersection(parts):
            yield Item(slug(" ".join(parts[-2:])), path.stem, partial(with_holes, path))


def icon_theme(folders: list[Path], rng: np.random.Generator) -> Iterator[Item]:
    """Give the scalable icons of a theme, its class the context folder; links left out."""
    for path in sorted(folders[0].rglob("scalable/*/*.svg")):
        if not path.is_symlink():
            yield Item(slug(path.parent.name), path.stem, partial(rasterised_file, path))


def game_sprites(folders: list[Path], rng: np.random.Generator) -> Iterator[Item]:
    """Give the sprites of a WAD, its class the creature or thing (first four letters)."""
    lumps = read_wad(next(folders[0].rglob("freedoom2.wad")))
    rgb = palette(lumps)
    for name, data in between(lumps, "S"):
        yield Item(slug(name[:4]), name, partial(picture, data, rgb))
