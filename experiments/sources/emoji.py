"""Emoji of several designs, in the sub-groups of the Unicode emoji list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from experiments.sources.material import Item, slug
from experiments.sources.svg import rasterised_file

SKIN_TONES = {"1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff"}
LEFT_OUT = re.compile(r"flag|arrow|sign|symbol|keycap|alphanum|skin|punctuation|geometric|zodiac")


def emoji_groups(path: Path) -> Iterator[tuple[str, str]]:
    """Give (sub-group, code points as 'xxxx-yyyy') of each emoji without a skin tone."""
    group = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# subgroup:"):
            group = slug(line.partition(":")[2])
        elif "; fully-qualified" in line and not LEFT_OUT.search(group):
            points = line.partition(";")[0].lower().split()
            if not SKIN_TONES.intersection(points):
                yield group, "-".join(points)


def _emoji_list(folder: Path) -> Path:
    return folder / "usr/share/unicode/emoji/emoji-test.txt"


def _drawn(path: Path) -> Image.Image:
    if path.suffix == ".svg":
        return rasterised_file(path)
    return Image.open(path)


def emoji_files(folders: list[Path], rng: np.random.Generator) -> Iterator[Item]:
    """Give the emoji that are one file each, named by their code points."""
    files = {p.stem: p for p in sorted(folders[0].rglob("*")) if p.suffix in {".svg", ".webp"}}
    for group, points in emoji_groups(_emoji_list(folders[1])):
        for name in (points, points.replace("-fe0f", "")):
            if name in files:
                yield Item(group, name, partial(_drawn, files[name]))
                break


def glyph(font: ImageFont.FreeTypeFont, text: str) -> Image.Image:
    """Draw one glyph of a colour bitmap font."""
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("RGBA", (int(right - left) + 4, int(bottom - top) + 4))
    at = (2 - left, 2 - top)
    ImageDraw.Draw(image).text(at, text, font=font, embedded_color=True)
    return image


def emoji_font(folders: list[Path], rng: np.random.Generator) -> Iterator[Item]:
    """Give the emoji of a colour bitmap font that are one code point each."""
    font = ImageFont.truetype(str(next(folders[0].rglob("*.ttf"))), 109)
    for group, points in emoji_groups(_emoji_list(folders[1])):
        single = points.replace("-fe0f", "")
        if "-" not in single:
            yield Item(group, single, partial(glyph, font, chr(int(single, 16))))
