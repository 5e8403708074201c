"""What published detectors need: quantiles of their scores by the number of training images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.protocol.markdown import markdown_table

EDGES = (0.0, 18.0, 56.0, 178.0, 562.0, 1778.0, np.inf)
MIDDLES = (10, 30, 100, 300, 1000, 3000)
"""Images that bins of half a decade to either side are named after."""

QUANTILES = (0.1, 0.5, 0.9)

_BLUE, _GREY = "#1f5fa8", "#8a8f98"
_TEXT = """# What published detectors need

Scores of fine-tuned detectors in the bank `detectors` (mAP50-95 of boxes; trained before on
ImageNet, COCO, Objects365 or more), by the number of training images, a mean a data set. Half of
the data sets lie above the middle column. It is a rule of thumb, with its spread: data sets differ
far more than sizes do, and those with few images are not those with many, so read down no column.
Within a data set a doubling of the images gains about 0.04 where the detector was trained on COCO
and 0.014 where it was trained on millions of boxes with texts.

{table}

![Scores of published detectors by training images, a dot a data set](images/needs.png)

For a task of your own [ask the model](guides/yolo.md), which knows these points, and better measure
one of your own.

`python -m experiments.detectors needs`
"""


def write_needs(points: pd.DataFrame, page: Path) -> None:
    """Write the page and its picture.

    Parameters
    ----------
    points : DataFrame
        Those of the bank ``detectors``.
    page : Path
    """
    means = level_by_size(points)
    rows = []
    for middle, own in means.groupby("middle"):
        found = np.quantile(own["score"], QUANTILES)
        rows.append([f"about {middle:,}", str(len(own)), *[f"{one:.2f}" for one in found]])
    heads = ["training images", "data sets", "10 % have less", "median", "10 % have more"]
    page.write_text(_TEXT.format(table=markdown_table(heads, rows)))
    (page.parent / "images").mkdir(exist_ok=True)
    draw(means).savefig(page.parent / "images" / "needs.png", dpi=110)


def level_by_size(points: pd.DataFrame) -> pd.DataFrame:
    """Give the mean score of each data set in each bin of sizes.

    Returns
    -------
    means : DataFrame
        Columns middle (images), group, size and score.
    """
    kept = (points["metric"] == "map50_95") & (points["size"] > 0)
    tuned = points[kept & (points["pretraining"] != "none")]
    bins = pd.cut(tuned["size"], list(EDGES), labels=list(MIDDLES)).astype(int)
    groups = tuned.assign(middle=bins).groupby(["middle", "group"])
    return groups[["size", "score"]].mean().reset_index()


def draw(means: pd.DataFrame) -> Figure:
    """Draw a dot a data set, and the quantiles of each bin."""
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    ax = figure.subplots()
    ax.plot(means["size"], means["score"], "o", color=_GREY, ms=4, alpha=0.5, label="a data set")
    scores = means.groupby("middle")["score"]
    low, middle, high = (scores.quantile(one) for one in QUANTILES)
    ax.fill_between(low.index, low, high, color=_BLUE, alpha=0.15, label="80 % of them")
    ax.plot(middle.index, middle, color=_BLUE, lw=2, label="median")
    ax.set(xscale="log", ylim=(0, 1), xlabel="training images", ylabel="mAP50-95 of boxes")
    ax.legend(loc="upper left", frameon=False)
    ax.grid(alpha=0.25)
    return figure
