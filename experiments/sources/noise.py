"""Generated backgrounds: plain and graded colour, noise, patterns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import cKDTree

from experiments.sources.material import Item

SIDE = 256
COUNT = 40
Field = NDArray[np.float64]
Maker = Callable[[np.random.Generator], Field]


def two_colours(field: Field, rng: np.random.Generator) -> Image.Image:
    """Map a field in [0, 1] onto the line between two random colours."""
    first, second = rng.uniform(0, 255, (2, 3))
    rgb = first + np.clip(field, 0, 1)[..., None] * (second - first)
    return Image.fromarray(rgb.astype(np.uint8))


def _unit(field: Field) -> Field:
    return (field - field.min()) / max(float(np.ptp(field)), 1e-9)


def _grid(angle: float = 0.0) -> tuple[Field, Field]:
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    return (
        x * np.cos(angle) + y * np.sin(angle),
        y * np.cos(angle) - x * np.sin(angle),
    )


def clouds(rng: np.random.Generator) -> Field:
    """Give noise whose amplitude falls as a power of the frequency."""
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.fftfreq(SIDE))
    frequency[0, 0] = 1
    white = np.fft.fft2(rng.normal(size=(SIDE, SIDE)))
    return _unit(np.fft.ifft2(white / frequency ** rng.uniform(0.4, 2)).real)


def stripes(rng: np.random.Generator) -> Field:
    """Give stripes, straight or bent, soft or hard."""
    x, y = _grid(rng.uniform(0, np.pi))
    bend = rng.uniform(0, 0.1) * np.sin(2 * np.pi * rng.uniform(1, 4) * y)
    wave = np.sin(2 * np.pi * rng.uniform(3, 24) * (x + bend))
    return 0.5 + 0.5 * np.clip(wave * rng.uniform(1, 8), -1, 1)


def checks(rng: np.random.Generator) -> Field:
    """Give a turned chequerboard with a little grain."""
    x, y = _grid(rng.uniform(0, np.pi))
    count = rng.uniform(4, 16)
    board = (np.floor(x * count) + np.floor(y * count)) % 2
    return board * rng.uniform(0.3, 1) + rng.normal(0, 0.04, (SIDE, SIDE))


def cells(rng: np.random.Generator) -> Field:
    """Give the distance to the nearest of random points, or the gap to the next."""
    points = rng.uniform(0, SIDE, (int(rng.integers(20, 160)), 2))
    pixels = np.indices((SIDE, SIDE)).reshape(2, -1).T
    near, _ = cKDTree(points).query(pixels, k=2)
    field = near[:, 1] - near[:, 0] if rng.random() < 0.5 else near[:, 0]
    return _unit(field.reshape(SIDE, SIDE))


def dots(rng: np.random.Generator) -> Field:
    """Give a lattice of soft dots."""
    x, y = _grid(rng.uniform(0, np.pi))
    count = 2 * np.pi * rng.uniform(4, 14)
    return 0.5 + 0.5 * np.clip(4 * (np.sin(count * x) * np.sin(count * y) - 0.3), -1, 1)


def gradient(rng: np.random.Generator) -> Field:
    """Give one plain tone, a linear or a radial gradient."""
    x, y = _grid(rng.uniform(0, 2 * np.pi))
    style = rng.integers(3)
    if style == 0:
        return np.full((SIDE, SIDE), 0.5)
    return _unit(x if style == 1 else np.hypot(x - rng.random(), y - rng.random()))


def _painted(make: Maker, seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    return two_colours(make(rng), rng)


def generated(
    makers: tuple[Maker, ...], folders: list[Path], rng: np.random.Generator
) -> Iterator[Item]:
    """Give `COUNT` images, the makers in turn."""
    for index in range(COUNT):
        make = makers[index % len(makers)]
        seed = int(rng.integers(2**31))
        yield Item("", f"{make.__name__}-{index:02d}", partial(_painted, make, seed))
