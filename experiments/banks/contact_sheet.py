"""A contact sheet of a bank: one image of many datasets, with the outlines of its masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import maximum_filter, minimum_filter
from sklearn.utils import Bunch

Pixels = NDArray[np.uint8]

COLUMNS, MOST, TILE, GAP, STRIP = 8, 40, 128, 6, 15
COLOURS = 256


def contact_sheet(bank: Bunch, path: Path) -> int:
    """Write the sheet as PNG; give the number of datasets on it.

    Parameters
    ----------
    bank : Bunch
        With images and masks; under each image stand the start of the group's name, where
        it is not the dataset's, and the score at the largest measured size.
    path : Path
    """
    rows = choose(np.asarray(bank.groups), MOST)
    width = COLUMNS * (TILE + GAP) + GAP
    height = -(-len(rows) // COLUMNS) * (TILE + STRIP + GAP) + GAP
    sheet = Image.new("RGB", (width, height), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for place, row in enumerate(rows):
        x = GAP + place % COLUMNS * (TILE + GAP)
        y = GAP + place // COLUMNS * (TILE + STRIP + GAP)
        sheet.paste(Image.fromarray(outlined(*example(bank.X.iloc[row]))), (x, y))
        draw.text((x, y + TILE + 1), _label(bank, row), fill="black", font=font)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    return len(rows)


def choose(groups: NDArray[Any], most: int) -> list[int]:
    """Choose rows in turn from every group, and give them group by group."""
    frame = pd.DataFrame({"group": groups, "row": np.arange(len(groups))})
    sizes = frame.groupby("group")["row"].transform("size")
    turn = frame.groupby("group").cumcount()
    spread = (turn * 0.618) % 1.0 if sizes.max() > 1 else (frame["row"] * 0.618) % 1.0
    order = frame.assign(turn=turn, spread=spread).sort_values(["turn", "spread"], kind="stable")
    kept = order.head(most).sort_values(["group", "row"], kind="stable")
    return kept["row"].tolist()


def example(cells: pd.Series) -> tuple[Pixels, NDArray[np.int32]]:
    """Take the first image of a dataset that shows an object, else the first of all."""
    numbers = [name.removeprefix("image_") for name in cells.index if name.startswith("image_")]
    pairs = [
        (cells[f"image_{n}"], cells[f"mask_{n}"])
        for n in numbers
        if cells[f"image_{n}"] is not None and cells[f"mask_{n}"] is not None
    ]
    return next((pair for pair in pairs if pair[1].any()), pairs[0])


def outlined(image: Pixels, mask: NDArray[np.int32]) -> Pixels:
    """Scale an image to a tile and draw a white line with a black edge around each object."""
    smooth = Image.Resampling.NEAREST if TILE % len(image) == 0 else Image.Resampling.BICUBIC
    picture = Image.fromarray(image).convert("RGB").resize((TILE, TILE), smooth)
    ids = Image.fromarray(mask.astype(np.int32))
    instances = np.asarray(ids.resize((TILE, TILE), Image.Resampling.NEAREST))
    lowest, highest = minimum_filter(instances, 3), maximum_filter(instances, 3)
    border = lowest != highest
    pixels = np.array(picture)
    pixels[border & (instances == 0)] = 0
    pixels[border & (instances > 0)] = 255
    return pixels


def _label(bank: Bunch, row: int) -> str:
    score = bank.y.iloc[row].dropna().iloc[-1]
    group = str(bank.groups[row])
    return f"{score:.2f}" if group == str(bank.y.index[row]) else f"{group[:14]} {score:.2f}"
