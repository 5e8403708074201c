"""Sources, items and cut-outs: what every source yields and how it is written."""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from experiments.sources.packages import Package

LONGEST, SHORTEST = 96, 18
"""Of the longer side of a cut-out, pixels."""

LEAST_AREA = 120
"""Of the solid pixels of a cut-out."""

VISIBLE, SOLID = 24, 127
"""Alpha above which a pixel is seen, and counts as the object."""

PER_CLASS = 40
PER_SOURCE = 600
LEAST_PER_CLASS = 6
MOST_CLASSES = 24
SIDES = (192, 512)
"""Of a background, pixels."""

BOMBS = (Image.DecompressionBombWarning, Image.DecompressionBombError)
BROKEN = (OSError, ValueError, SyntaxError, KeyError, IndexError, struct.error, *BOMBS)


@dataclass(frozen=True)
class Item:
    """One picture to come: its class ('' for a background), its name, how to load it."""

    label: str
    name: str
    load: Callable[[], Image.Image]


Items = Callable[[list[Path], np.random.Generator], Iterator[Item]]


@dataclass(frozen=True)
class Source:
    """One source of cut-outs or backgrounds.

    `items` gets the folders of the unpacked `packages`, in order, and a random generator.
    """

    name: str
    kind: str
    packages: tuple[Package, ...]
    licence: str
    attribution: str
    items: Items


def slug(text: str) -> str:
    """Give `text` in lower case, with a hyphen for each run of other characters."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def trimmed(image: Image.Image, longest: int = LONGEST) -> Image.Image:
    """Cut `image` to the box of its visible pixels and scale it down to `longest`.

    Raises
    ------
    ValueError
        If nothing, too little or only a thin line is visible.
    """
    rgba = image.convert("RGBA")
    alpha = np.asarray(rgba)[..., 3]
    rows, columns = (np.flatnonzero((alpha > VISIBLE).any(axis)) for axis in (1, 0))
    if not rows.size:
        raise ValueError("nothing is visible")
    rgba = rgba.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    scale = min(1.0, longest / max(rgba.size))
    if scale < 1:
        size = [max(1, round(side * scale)) for side in rgba.size]
        rgba = rgba.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")
    solid = np.asarray(rgba)[..., 3] > SOLID
    if max(rgba.size) < SHORTEST or solid.sum() < LEAST_AREA or solid.mean() < 0.06:
        raise ValueError(f"too little is visible: {solid.sum()} solid pixels of {rgba.size}")
    return rgba


def as_background(image: Image.Image) -> Image.Image:
    """Give `image` as RGB, scaled so that its sides are within `SIDES`.

    Raises
    ------
    ValueError
        If it is too long for its height, or too high for its length.
    """
    rgb = image.convert("RGB")
    least, most = SIDES
    scale = min(most / max(rgb.size), max(1.0, least / min(rgb.size)))
    rgb = rgb.resize([round(side * scale) for side in rgb.size], Image.Resampling.LANCZOS)
    if min(rgb.size) < least:
        raise ValueError(f"sides are {rgb.size}, expected {least} or more once within {most}")
    return rgb


def share(counts: list[int]) -> int:
    """Give the largest number per class that keeps the source within its limit."""
    cap = PER_CLASS
    while cap > 1 and sum(min(count, cap) for count in counts) > PER_SOURCE:
        cap -= 1
    return cap


def by_class(items: Iterator[Item], rng: np.random.Generator) -> dict[str, list[Item]]:
    """Group `items` in random order, the largest classes only."""
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        groups[item.label].append(item)
    large = {label: group for label, group in groups.items() if len(group) >= LEAST_PER_CLASS}
    kept = sorted(large, key=lambda label: (-len(large[label]), label))[:MOST_CLASSES]
    return {
        label: [large[label][i] for i in rng.permutation(len(large[label]))]
        for label in sorted(kept)
    }


def converted(
    items: list[Item],
    most: int,
    convert: Callable[[Image.Image], Image.Image],
    report: Callable[[str], None],
) -> list[tuple[str, Image.Image]]:
    """Load items until `most` are good; report and skip the broken ones."""
    good: dict[str, Image.Image] = {}
    for item in items:
        if len(good) == most:
            break
        try:
            name = slug(item.name)
            name = f"{name}-{len(good)}" if name in good else name
            good[name] = convert(item.load())
        except BROKEN as error:
            report(f"{item.label or 'background'}/{item.name}: {error}".replace("\n", " "))
    return sorted(good.items())
