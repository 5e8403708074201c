"""Figures of a bank: all curves, the spread of A, B, C, D, and what the 4PL fits badly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from sklearn.utils import Bunch

from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.sigmoid import PARAM_NAMES, sigmoid_curve

matplotlib.use("Agg")
FEW_GROUPS = 24
BLUE, ORANGE, GREY = "#1f5a91", "#b3541e", "#b8bec5"
STYLES = ("-", "--", ":", "-.", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 3)))
MEANING = {
    "A": "A: start",
    "B": "B: slope",
    "C": "C: half-way size, images",
    "D": "D: plateau",
}


def metric_name(bank: Bunch) -> str:
    """Name the score as papers write it: mAP50-95."""
    return str(bank.metric).replace("map", "mAP").replace("_", "-")


def curves_figure(bank: Bunch, path: Path) -> None:
    """Draw all curves: a panel a group if they are few, else one panel with quartiles."""
    names, counts = np.unique(bank.groups, return_counts=True)
    if not (1 < len(names) <= FEW_GROUPS and counts.max() > 1):
        figure, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
        _draw_all(ax, bank.y)
        axes = np.array([[ax]])
    else:
        columns = min(4, len(names))
        shape = -(-len(names) // columns), columns
        figure, axes = plt.subplots(
            *shape, figsize=(2.3 * columns + 0.6, 1.75 * shape[0] + 0.6), sharex=True,
            sharey=True, squeeze=False, layout="constrained",
        )  # fmt: skip
        for ax, name in zip(axes.flat, names, strict=False):
            _draw_group(ax, bank.y, bank.y[bank.groups == name], str(name))
        for ax in axes.flat[len(names) :]:
            ax.set_visible(False)
    for ax in axes.flat:
        _size_axis(ax, bank.y.columns.to_numpy(float))
        ax.set_ylim(0, 1)
    figure.supxlabel("training images", fontsize=9)
    figure.supylabel(metric_name(bank), fontsize=9)
    _save(figure, path)


def _draw_all(ax: Any, curves: pd.DataFrame) -> None:
    _lines(ax, curves, color=GREY, linewidth=0.6)
    quartiles = curves.quantile([0.25, 0.5, 0.75])
    common = curves.notna().mean() > 0.5
    for share, row in quartiles.loc[:, common].iterrows():
        middle = share == 0.5
        label = "median" if middle else "quartiles" if share == 0.25 else None
        ax.plot(row.index.astype(float), row, color=BLUE, linewidth=2.2 if middle else 1.4,
                linestyle="-" if middle else "--", label=label)  # fmt: skip
    ax.legend(frameon=False, loc="upper left", fontsize=8)


def _draw_group(ax: Any, curves: pd.DataFrame, mine: pd.DataFrame, name: str) -> None:
    _lines(ax, curves, color=GREY, linewidth=0.35, alpha=0.6)
    _lines(ax, mine, color=BLUE, linewidth=1.1)
    ax.set_title(f"{name} ({len(mine)})", fontsize=8, loc="left", pad=3)


def _lines(ax: Any, curves: pd.DataFrame, **style: Any) -> None:
    for _, row in curves.iterrows():
        known = row.dropna()
        ax.plot(known.index.astype(float), known, **style)


def parameters_figure(params: dict[str, Array], path: Path) -> None:
    """Draw how A, B, C and D are spread in each bank: the share of curves below a value."""
    figure, axes = plt.subplots(1, 4, figsize=(9.2, 2.7), sharey=True, layout="constrained")
    for index, (ax, name) in enumerate(zip(axes, PARAM_NAMES, strict=True)):
        for place, (bank, values) in enumerate(params.items()):
            ax.ecdf(values[:, index], linestyle=STYLES[place % len(STYLES)], linewidth=1.6,
                    color=plt.get_cmap("viridis")(0.85 * place / max(len(params) - 1, 1)),
                    label=f"{bank} ({len(values)})")  # fmt: skip
        ax.set_xlabel(MEANING[name], fontsize=9)
        ax.tick_params(labelsize=8)
        ax.grid(alpha=0.25)
        pooled = np.concatenate([values[:, index] for values in params.values()])
        if name in "BC":
            ax.set_xscale("log", base=2)
            low, high = np.quantile(pooled, [0.03, 0.97])
            ax.set_xlim(low / 1.5, high * 1.5)
            _plain_ticks(ax, low / 1.5, high * 1.5, 5)
        else:
            ax.set_xlim(0, 1)
    axes[0].set_ylabel("share of curves", fontsize=9)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center",
                  ncols=4, frameon=False, fontsize=8)  # fmt: skip
    _save(figure, path)


def misfits_figure(bank: Bunch, params: Array, rows: list[int], path: Path) -> None:
    """Draw the chosen curves with their 4PL fits."""
    columns = min(3, len(rows))
    figure, axes = plt.subplots(
        -(-len(rows) // columns), columns, figsize=(2.9 * columns, 2.0 * -(-len(rows) // columns)),
        squeeze=False, layout="constrained",
    )  # fmt: skip
    for ax, row in zip(axes.flat, rows, strict=False):
        known = bank.y.iloc[row].dropna()
        sizes = known.index.to_numpy(float)
        dense = np.geomspace(sizes[0], sizes[-1], 200)
        ax.plot(dense, sigmoid_curve(dense, params[row]), "--", color=ORANGE, label="4PL")
        ax.plot(sizes, known, "o", color=BLUE, markersize=3.5, label="measured")
        ax.set_title(str(bank.y.index[row]), fontsize=8, loc="left", pad=3)
        _size_axis(ax, sizes)
    for ax in axes.flat[len(rows) :]:
        ax.set_visible(False)
    axes[0, 0].legend(frameon=False, fontsize=7)
    _save(figure, path)


def _size_axis(ax: Any, sizes: Array) -> None:
    ax.set_xscale("log", base=2)
    _plain_ticks(ax, sizes.min(), sizes.max(), 6)
    ax.tick_params(labelsize=7)
    ax.grid(alpha=0.25)


def _plain_ticks(ax: Any, low: float, high: float, most: int) -> None:
    """Put ticks at powers of two, at most so many, with plain numbers."""
    first, last = int(np.ceil(np.log2(low))), int(np.floor(np.log2(high)))
    step = max(1, -(-(last - first + 1) // most))
    ax.xaxis.set_major_locator(FixedLocator(list(2.0 ** np.arange(first, last + 1, step))))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_locator(NullLocator())


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
