"""What memory embedding many images takes: ``python -m experiments.bench.memory``."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import typer
from PIL import Image

from experiments.bench.page import machine, peak_memory, write_section
from ptssp_sklearn import ImageEmbedder

SIDE, PER_ROW = 640, 4


def photographs(folder: Path, n: int) -> list[list[str]]:
    """Lay n JPEG files, no two of the same pixels; give them as rows."""
    import skimage.data

    photo = Image.fromarray(skimage.data.astronaut()).resize((2 * SIDE, 2 * SIDE))
    places = np.random.default_rng(0).choice(SIDE * SIDE, n, replace=False)
    paths = []
    for i, place in enumerate(places):
        top, left = divmod(int(place), SIDE)
        paths.append(str(folder / f"{i}.jpg"))
        photo.crop((left, top, left + SIDE, top + SIDE)).save(paths[-1], quality=90)
    return [paths[i : i + PER_ROW] for i in range(0, n, PER_ROW)]


def main(images: int = 10_000) -> None:
    """Embed images and write by how much the memory grew."""
    with tempfile.TemporaryDirectory() as folder:
        rows = photographs(Path(folder), images)
        embedder = ImageEmbedder("efficientnet_lite0", cache_dir=f"{folder}/cache", progress=False)
        embedder.fit(rows).transform(rows[:1])
        before, start = peak_memory(), time.perf_counter()
        vectors = embedder.transform(rows)
        seconds, grown = time.perf_counter() - start, peak_memory() - before
    write_section(
        "memory",
        f"""`python -m experiments.bench.memory`: {images:,} JPEG files of {SIDE} x {SIDE} pixels,
{PER_ROW} a row, by `efficientnet_lite0` with a folder as cache: {grown:.2f} GB above the
model, of which the vectors are {vectors.nbytes / 1e9:.2f} GB; {seconds:.0f} s.

{machine("torch", "pillow")}""",
    )


if __name__ == "__main__":
    typer.run(main)
