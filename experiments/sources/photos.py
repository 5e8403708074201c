"""Backgrounds cut from photographs that come with scientific packages."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from experiments.sources.material import Item

SCIKIT_IMAGE = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "cell.png",
    "chelsea.png",
    "clock_motion.png",
    "coffee.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "retina.jpg",
    "rocket.jpg",
    "text.png",
)
SCIKIT_LEARN = ("china.jpg", "flower.jpg")
WALLPAPERS = (
    "Picture_0B_by_freespace.jpg",
    "Picture_1A_by_freespace.jpg",
    "Wine_by_Jakkub_Mede.jpg",
    "aitzgorri_by_Aitzol_Berasategi.jpg",
    "life_by_Aitzol_Berasategi.jpg",
    "picosdeeuropa_by_Aitzol_Berasategi.jpg",
    "seeding_by_Clements_Engelhardt.jpg",
    "sunset_by_Aitzol_Berasategi.jpg",
    "umang_by_Abhishek_Mudgal.jpg",
)


def crop(path: Path, seed: int) -> Image.Image:
    """Cut a random square of 224 to 448 px, or all there is, out of a photograph."""
    rng = np.random.default_rng(seed)
    image = Image.open(path).convert("RGB")
    image.thumbnail((1200, 1200))
    side = min(*image.size, int(rng.integers(224, 449)))
    left, top = (int(rng.integers(0, length - side + 1)) for length in image.size)
    return image.crop((left, top, left + side, top + side))


def crops(
    names: tuple[str, ...], times: int, folders: list[Path], rng: np.random.Generator
) -> Iterator[Item]:
    """Give `times` crops of each named photograph in the packages."""
    paths = {path.name: path for folder in folders for path in folder.rglob("*")}
    for name in names:
        for index in range(times):
            path, seed = paths.get(name, Path(name)), int(rng.integers(2**31))
            yield Item("", f"{name}-{index}", partial(crop, path, seed))
