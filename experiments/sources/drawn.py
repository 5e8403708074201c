"""Generated cut-outs: filled outlines, and ragged patches of photographed materials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from experiments.sources import noise
from experiments.sources.material import Item
from experiments.sources.photos import SCIKIT_IMAGE, crop

SIDE = 112
FINE = 4
COUNT = 40
ANGLES = np.linspace(0, 2 * np.pi, 720, endpoint=False)
Outline = Callable[[np.random.Generator], NDArray[np.float64]]


def _polar(radius: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([radius * np.cos(ANGLES), radius * np.sin(ANGLES)], 1)


def blob(rng: np.random.Generator) -> NDArray[np.float64]:
    """Give a smooth closed curve."""
    waves = [a * np.cos(k * ANGLES + p) for k, (a, p) in enumerate(rng.uniform(0, 1, (5, 2)), 2)]
    return _polar(1 + 0.22 * np.sum([wave / k for k, wave in enumerate(waves, 1)], 0))


def star(rng: np.random.Generator) -> NDArray[np.float64]:
    """Give a star of four to nine points."""
    wave = np.abs((ANGLES * rng.integers(4, 10) / np.pi) % 2 - 1)
    return _polar(rng.uniform(0.3, 0.6) + 0.5 * wave)


def flower(rng: np.random.Generator) -> NDArray[np.float64]:
    """Give a flower of four to nine petals."""
    return _polar(rng.uniform(0.3, 0.6) + np.abs(np.cos(ANGLES * rng.integers(4, 10) / 2)))


def gear(rng: np.random.Generator) -> NDArray[np.float64]:
    """Give a wheel with eight to sixteen teeth."""
    wave = np.cos(ANGLES * rng.integers(8, 17))
    return _polar(1 + rng.uniform(0.08, 0.18) * np.clip(4 * wave, -1, 1))


def polygon(rng: np.random.Generator) -> NDArray[np.float64]:
    """Give a regular polygon of three to seven sides."""
    count = int(rng.integers(3, 8))
    return _polar(1 / np.cos((ANGLES % (2 * np.pi / count)) - np.pi / count))


def leaf(rng: np.random.Generator) -> NDArray[np.float64]:
    """Give a pointed leaf."""
    width = rng.uniform(0.25, 0.5)
    return np.stack([np.cos(ANGLES), width * np.sin(ANGLES) * np.abs(np.sin(ANGLES / 2))], 1)


def heart(rng: np.random.Generator) -> NDArray[np.float64]:
    """Give a heart, more or less tall."""
    y = 13 * np.cos(ANGLES) - 5 * np.cos(2 * ANGLES) - 2 * np.cos(3 * ANGLES) - np.cos(4 * ANGLES)
    return np.stack([np.sin(ANGLES) ** 3, -y / 16 * rng.uniform(0.8, 1.2)], 1)


def crescent(rng: np.random.Generator) -> NDArray[np.float64]:
    """Give a moon."""
    inner = np.where(np.cos(ANGLES) > 0, rng.uniform(0.3, 0.7), 1.0)
    return np.stack([-inner * np.abs(np.cos(ANGLES)), np.sin(ANGLES)], 1)


def cross(rng: np.random.Generator) -> NDArray[np.float64]:
    """Give a cross with arms of equal length."""
    arm = rng.uniform(0.2, 0.4)
    corner = np.array([[1, -arm], [1, arm], [arm, arm]])
    quarter = np.array([[0, 1], [-1, 0]])
    return np.concatenate([corner @ np.linalg.matrix_power(quarter, k) for k in range(4)])


def arrow(rng: np.random.Generator) -> NDArray[np.float64]:
    """Give an arrow."""
    shaft, head, neck = rng.uniform([0.12, 0.4, -0.1], [0.3, 0.7, 0.4])
    half = np.array([[-1, -shaft], [neck, -shaft], [neck, -head], [1, 0]])
    return np.concatenate([half, (half * [1, -1])[-2::-1]])


OUTLINES = (blob, star, flower, gear, polygon, leaf, heart, crescent, cross, arrow)
FILLS = (noise.gradient, noise.clouds, noise.stripes, noise.checks, noise.cells, noise.dots)


def mask_of(points: NDArray[np.float64], rng: np.random.Generator) -> Image.Image:
    """Draw an outline, turned at random, as a smooth mask."""
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = points @ turn.T
    turned -= (turned.max(0) + turned.min(0)) / 2
    scale = SIDE * FINE * rng.uniform(0.3, 0.48) / np.abs(turned).max()
    big = Image.new("L", (SIDE * FINE, SIDE * FINE))
    corners = [(float(x), float(y)) for x, y in turned * scale + SIDE * FINE / 2]
    ImageDraw.Draw(big).polygon(corners, fill=255)
    return big.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _shape(outline: Outline, seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    mask = mask_of(outline(rng), rng)
    fill = FILLS[int(rng.integers(len(FILLS)))]
    image = noise.two_colours(fill(rng), rng).resize((SIDE, SIDE))
    image.putalpha(mask)
    return image


def shapes(folders: list[Path], rng: np.random.Generator) -> Iterator[Item]:
    """Give `COUNT` filled shapes of each outline."""
    for outline in OUTLINES:
        for index in range(COUNT):
            load = partial(_shape, outline, int(rng.integers(2**31)))
            yield Item(outline.__name__, f"{index:02d}", load)


def _patch(path: Path, seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    image = crop(path, seed).resize((SIDE * 2, SIDE * 2)).crop((0, 0, SIDE, SIDE))
    image.putalpha(mask_of(blob(rng), rng))
    return image


def patches(folders: list[Path], rng: np.random.Generator) -> Iterator[Item]:
    """Give `COUNT` patches of each photograph, its material the class."""
    paths = {path.name: path for path in folders[0].rglob("*")}
    for name in SCIKIT_IMAGE:
        for index in range(COUNT):
            load = partial(_patch, paths.get(name, Path(name)), int(rng.integers(2**31)))
            yield Item(Path(name).stem.replace("_", "-"), f"{index:02d}", load)
