"""Icon sets drawn as SVG, coloured here; and flags cut to a shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from experiments.sources.material import Item, slug
from experiments.sources.svg import coloured, rasterised, rasterised_file

THINGS = (
    "arrow", "armor", "axe", "bag", "ball", "bird", "bomb", "book", "boot", "bottle", "bridge",
    "card", "crown", "dice", "dragon", "egg", "eye", "face", "fish", "flower", "gate", "gun",
    "hammer", "hand", "hat", "heart", "helmet", "house", "key", "leaf", "mask", "mushroom",
    "ring", "shell", "shield", "skull", "spider", "star", "sword", "tower", "tree",
)  # fmt: skip
PARK_LEFT_OUT = {"Brand", "Arrows", "Edit", "Abstract", "Base", "Operate", "Components", "Others"}
FLAG_WIDTH = 160
Colour = tuple[int, int, int]


def _colour(rng: np.random.Generator) -> Colour:
    return _as_colour(rng.integers(0, 256, 3))


def _as_colour(values: NDArray[np.int64]) -> Colour:
    red, green, blue = values.tolist()
    return red, green, blue


def _game_icon(body: str, colour: Colour) -> Image.Image:
    start = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512">'
    return rasterised(coloured(f"{start}{body}</svg>", colour))


def game_icons(folders: list[Path], rng: np.random.Generator) -> Iterator[Item]:
    """Give the icons whose name holds one of `THINGS`; one colour a class, a little varied."""
    path = next(folders[0].rglob("icons.json"))
    icons = json.loads(path.read_text(encoding="utf-8"))["icons"]
    hues = {thing: np.array(_colour(rng)) for thing in THINGS}
    for name, icon in sorted(icons.items()):
        for thing in THINGS:
            if thing in name.split("-"):
                near = np.clip(hues[thing] + rng.integers(-25, 26, 3), 0, 255)
                colour = _as_colour(near)
                yield Item(thing, name, partial(_game_icon, icon["body"], colour))
                break


def filled_script(script: str, colours: list[str]) -> str:
    """Give the SVG that a script puts together from texts and ``props``.

    Raises
    ------
    ValueError
        If the script puts together none.
    """
    values = {f"colors[{i}]": colour for i, colour in enumerate(colours)}
    values |= {"size": "48", "strokeWidth": "4", "id": "a"}
    values |= {"strokeLinecap": "round", "strokeLinejoin": "round"}
    found = re.search(r"return (?=')(.*?);\n", script, re.DOTALL)
    if found is None:
        raise ValueError("holds no drawing")
    parts = re.findall(r"'((?:[^'\\]|\\.)*)'|props\.([\w\[\]]+)", found.group(1))
    return "".join(values[prop] if prop else text for text, prop in parts)


def _park_icon(path: Path, colours: list[str]) -> Image.Image:
    return rasterised(filled_script(path.read_text(encoding="utf-8"), colours))


def park_icons(folders: list[Path], rng: np.random.Generator) -> Iterator[Item]:
    """Give outlined, filled icons, a class for each category."""
    root = folders[0] / "package"
    for icon in json.loads((root / "icons.json").read_text(encoding="utf-8")):
        if icon["category"] not in PARK_LEFT_OUT:
            stem = "".join(part[:1].upper() + part[1:] for part in icon["name"].split("-"))
            fill, inner = ("#{:02x}{:02x}{:02x}".format(*_colour(rng)) for _ in range(2))
            load = partial(
                _park_icon, root / f"lib/icons/{stem}.js", ["#222222", fill, "#ffffff", inner]
            )
            yield Item(slug(icon["category"]), icon["name"], load)


def round_cut(image: Image.Image) -> Image.Image:
    """Cut a picture to a disc as wide as its shorter side."""
    side = min(image.size)
    left, top = ((length - side) // 2 for length in image.size)
    disc = image.convert("RGB").crop((left, top, left + side, top + side))
    mask = Image.new("L", (4 * side, 4 * side))
    ImageDraw.Draw(mask).ellipse((0, 0, 4 * side - 1, 4 * side - 1), fill=255)
    disc.putalpha(mask.resize((side, side)))
    return disc


def waved(image: Image.Image, phase: float) -> Image.Image:
    """Shift the columns of a picture along a sine, and shade them as a flag in the wind."""
    rgba = np.asarray(image.convert("RGBA"))
    height, width = rgba.shape[:2]
    angle = 2 * np.pi * np.arange(width) / width + phase
    shift = np.round(0.07 * height * (1 + np.sin(angle))).astype(int)
    shade = (0.9 + 0.1 * np.cos(angle))[:, None]
    out = np.zeros((height + int(shift.max()), width, 4), np.uint8)
    for x in range(width):
        out[shift[x] : shift[x] + height, x, :3] = rgba[:, x, :3] * shade[x]
        out[shift[x] : shift[x] + height, x, 3] = rgba[:, x, 3]
    return Image.fromarray(out)


def _flag(path: Path, cut: str, phase: float) -> Image.Image:
    image = rasterised_file(path, FLAG_WIDTH)
    return round_cut(image) if cut == "round" else waved(image, phase)


def flags(folders: list[Path], rng: np.random.Generator) -> Iterator[Item]:
    """Give the flags, a class for each continent and cut."""
    root = folders[0] / "package"
    for country in json.loads((root / "country.json").read_text(encoding="utf-8")):
        if country.get("continent"):
            cut = ("round", "waved")[int(rng.integers(2))]
            path, phase = root / country["flag_4x3"], rng.uniform(0, 2 * np.pi)
            label = slug(f"{country['continent']} {cut}")
            yield Item(label, country["code"], partial(_flag, path, cut, phase))
