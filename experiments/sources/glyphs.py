"""Letters of open fonts, coloured: one class a font, or one class a script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from experiments.sources.material import Item, slug

SIZE = 84
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
FACES = (
    "ComicNeue-Bold.otf",
    "DotGothic16-Regular.ttf",
    "Humor-Sans.ttf",
    "Jura-Bold.otf",
    "KaushanScript-Regular.otf",
    "Klaudia-Bold.ttf",
    "LeckerliOne-Regular.ttf",
    "Vollkorn-Black.ttf",
    "Zainer-Initials45mm.otf",
    "lobster.otf",
    "okolaksBold.ttf",
)
SCRIPTS = {
    "Armenian": (0x531, 38),
    "Bengali": (0x995, 20),
    "Cherokee": (0x13A0, 40),
    "Cuneiform": (0x12000, 40),
    "Devanagari": (0x915, 36),
    "EgyptianHieroglyphs": (0x13000, 40),
    "Ethiopic": (0x1208, 40),
    "Georgian": (0x10D0, 33),
    "Glagolitic": (0x2C00, 40),
    "Hebrew": (0x5D0, 27),
    "LinearB": (0x10000, 40),
    "Malayalam": (0xD15, 36),
    "Runic": (0x16A0, 40),
    "Tamil": (0xB95, 10),
    "Thai": (0xE01, 40),
    "Tifinagh": (0x2D30, 40),
    "Vai": (0xA500, 40),
    "Yi": (0xA000, 40),
}
"""First code point and number of letters of scripts of the Noto Sans family."""


@dataclass(frozen=True)
class Ink:
    """How the letters of one class are filled: from one colour to another, with an edge."""

    top: tuple[int, int, int]
    bottom: tuple[int, int, int]
    edge: tuple[int, int, int]
    width: int


def random_ink(rng: np.random.Generator) -> Ink:
    """Give one flat colour, or a gradient, with or without an edge."""
    top, bottom, edge = (tuple(int(c) for c in row) for row in rng.integers(0, 256, (3, 3)))
    if rng.random() < 0.4:
        bottom = top
    return Ink(top, bottom, edge, int(rng.choice([0, 0, 3, 5])))  # type: ignore[arg-type]


def letter(path: Path, text: str, ink: Ink) -> Image.Image:
    """Draw one letter.

    Raises
    ------
    ValueError
        If the font has no such letter.
    """
    font = ImageFont.truetype(str(path), SIZE, layout_engine=ImageFont.Layout.BASIC)
    side, middle = 3 * SIZE, (3 * SIZE // 2, 3 * SIZE // 2)
    masks = []
    for width in (0, ink.width):
        mask = Image.new("L", (side, side))
        ImageDraw.Draw(mask).text(middle, text, 255, font, anchor="mm", stroke_width=width)
        masks.append(mask)
    if bytes(font.getmask(text)) == bytes(font.getmask("\U0010ffff")):
        raise ValueError(f"{path.name} has no letter U+{ord(text):04X}")
    share = np.linspace(-0.5, 1.5, side).clip(0, 1)[:, None, None]
    ramp = np.array(ink.top) + share * (np.array(ink.bottom) - np.array(ink.top))
    fill = Image.fromarray(np.broadcast_to(ramp, (side, side, 3)).astype(np.uint8))
    image = Image.new("RGB", (side, side), ink.edge)
    image.paste(fill, mask=masks[0])
    image.putalpha(masks[1])
    return image


def latin(folders: list[Path], rng: np.random.Generator) -> Iterator[Item]:
    """Give letters and digits, a class for each font."""
    paths = {path.name: path for folder in folders for path in sorted(folder.rglob("*.[ot]tf"))}
    for name in FACES:
        ink = random_ink(rng)
        for text in LATIN:
            load = partial(letter, paths.get(name, Path(name)), text, ink)
            yield Item(slug(Path(name).stem), f"u{ord(text):04x}", load)


def scripts(folders: list[Path], rng: np.random.Generator) -> Iterator[Item]:
    """Give the letters of the world's scripts, a class for each script."""
    for script, (first, count) in SCRIPTS.items():
        ink = random_ink(rng)
        path = next(folders[0].rglob(f"NotoSans{script}-Regular.ttf"))
        for point in range(first, first + count):
            yield Item(slug(script), f"u{point:04x}", partial(letter, path, chr(point), ink))
