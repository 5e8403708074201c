"""Draws of a bank: its rows with fewer images and without masks, embedded once."""

from __future__ import annotations

import hashlib
import inspect
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import Bunch

from ptssp_sklearn import ImageEmbedder
from ptssp_sklearn.banks import load_curve_bank
from ptssp_sklearn.embedding.statistics import unet
from ptssp_sklearn.images.table import image_table

CACHE = Path(".cache")
KEPT = Path(__file__).parents[1] / "measurements" / "draws.npz"
"""The standard draws of the shipped banks by today's embedder: two hours of one core."""

_IMAGES_FOR_DRAWS_APART = 16
_NETWORKS = "rehearsal"
"""In the names of features that small networks are trained for."""


@dataclass(frozen=True)
class Draw:
    """Some of the images of every row, with or without their masks.

    Parameters
    ----------
    images : tuple of int
        Numbers of the columns ``image_1 …``.
    masks : bool
    """

    images: tuple[int, ...]
    masks: bool

    @property
    def n_images(self) -> int:
        return len(self.images)

    def of(self, X: pd.DataFrame) -> pd.DataFrame:
        """Take the draw of every row, as an image table of its own; masks are of instances."""
        kinds = ("image", "mask") if self.masks else ("image",)
        columns = {
            f"{kind}_{place}": X[f"{kind}_{number}"]
            for kind in kinds
            for place, number in enumerate(self.images, 1)
        }
        table = pd.DataFrame(columns, index=X.index)
        return table.assign(labels="masks") if self.masks else table


FOUR_WITH_MASKS = Draw((1, 2, 3, 4), masks=True)


def standard_draws(n_images: int = 8) -> list[Draw]:
    """List the draws models are trained on: rows of eight images, four, two and one.

    The first four or eight images come first among their kind: they are the test draws. Of
    four there are four draws, apart from each other where there are 16 images.

    Parameters
    ----------
    n_images : int, default=8
        Images the bank has of every row, at least eight.
    """
    every = tuple(range(1, n_images + 1))
    apart, mixed = [every[8:12], every[12:16]], [every[:8:2], every[1:8:2]]
    further = apart if n_images >= _IMAGES_FOR_DRAWS_APART else mixed
    parts = [every[:8], every[:4], every[:2], every[:1], every[4:8], *further]
    return [Draw(part, masks) for masks in (True, False) for part in parts]


def count_images(bank: Bunch) -> int:
    """Count the images a bank has of every row; 0 where it has none."""
    columns = () if bank.X is None else bank.X.columns
    return sum(str(name).startswith("image_") for name in columns)


def bank_draws(bank: Bunch) -> list[Draw]:
    """List the standard draws of a bank with images."""
    return standard_draws(count_images(bank))


def embed_draws(
    bank: Bunch,
    draws: list[Draw],
    *,
    backbone: str = "statistics",
    n_jobs: int = 2,
    folder: Path = CACHE,
) -> list[NDArray[np.float64]]:
    """Embed every draw; what was embedded before is read back.

    Vectors are looked for in `folder`, then in the repository's own `KEPT`. Both name them by
    what the embedder makes of a small fixed row, so that those of another embedder are not
    found.

    Returns
    -------
    vectors : list of ndarray of shape (n_rows, n_features), one a draw
    """
    folder.mkdir(parents=True, exist_ok=True)
    answer = []
    for draw in draws:
        name = _name(bank.name, draw, backbone)
        file = folder / f"{name}.npy"
        if not file.is_file() and len(_kept().get(name, ())) == len(bank.X):
            np.save(file, _kept()[name])
        if not file.is_file():
            start = time.monotonic()
            table = draw.of(bank.X)
            embedder = ImageEmbedder(backbone, missing="nan", n_jobs=n_jobs)
            vectors = embedder.fit_transform(table)
            np.save(file, vectors.astype(np.float32))
            print(f"embedded {draw} of {bank.name} in {time.monotonic() - start:.0f} s", flush=True)
        answer.append(np.load(file).astype(np.float64))
    return answer


def keep_draws(names: Sequence[str], *, out: Path = KEPT, **options: Any) -> None:
    """Embed the standard draws of shipped banks, and write them where they are found again.

    Parameters
    ----------
    names : sequence of str
    out : Path
        Replaced.
    **options
        As of `embed_draws`.
    """
    kept: dict[str, Any] = {}
    for name in names:
        bank = load_curve_bank(name)
        draws = bank_draws(bank)
        for draw, vectors in zip(draws, embed_draws(bank, draws, **options), strict=True):
            kept[_name(name, draw)] = vectors.astype(np.float32)
    np.savez_compressed(out, **kept)


@cache
def _kept() -> dict[str, NDArray[np.float32]]:
    if not KEPT.is_file():
        return {}
    with np.load(KEPT) as stored:
        return dict(stored)


@cache
def _probe() -> bytes:
    """Embed a small fixed row: what changes its vector makes stored vectors stale.

    What small networks find differs by about a hundredth from processor to processor, so their
    source speaks for them.
    """
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (3, 24, 24, 3), dtype=np.uint8)
    masks = np.zeros((3, 24, 24), np.int32)
    masks[:, 4:12, 4:12], masks[:, 14:20, 10:22] = 1, 2
    embedder = ImageEmbedder()
    vector = embedder.fit_transform(image_table([(images, masks)]))[0]
    named = zip(embedder.get_feature_names_out(), vector.round(4) + 0.0, strict=True)
    told = [f"{name} {value:.4f}" for name, value in named if _NETWORKS not in name]
    return "\n".join([*told, inspect.getsource(unet)]).encode()


def _name(bank: str, draw: Draw, backbone: str = "statistics") -> str:
    what = f"{draw}" if backbone == "statistics" else f"{draw} {backbone}"
    return f"{bank}-{hashlib.sha256(what.encode() + _probe()).hexdigest()[:16]}"


if __name__ == "__main__":
    keep_draws(("procedural", "cutpaste", "procedural-2"))
