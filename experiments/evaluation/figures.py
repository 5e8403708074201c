"""The figures of the results page (matplotlib)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

_DPI = 80


def save(figure: Figure, path: Any) -> None:
    """Write a figure as a small PNG without a date."""
    figure.savefig(path, dpi=_DPI, metadata={"Software": None})


def sizes(pairs: pd.DataFrame) -> Figure:
    """Draw predicted against measured required sizes, one panel a condition."""
    names = list(dict.fromkeys(pairs.condition))
    figure, axes = _panels(len(names))
    for ax, name in zip(axes, names, strict=True):
        rows = pairs[pairs.condition == name]
        low, high = rows.true.min() / 2, rows.true.max() * 2
        line = np.array([low, high])
        ax.fill_between(line, line / 2, line * 2, color="#1f5fa8", alpha=0.15, lw=0)
        ax.plot(line, line, color="#1f5fa8", lw=1)
        capped = np.clip(rows.predicted, low, 10 * high)
        ax.plot(rows.true, capped, ".", color="#b3541e", alpha=0.5, ms=5)
        ax.set(xscale="log", yscale="log", title=name, xlabel="measured required size")
    axes[0].set_ylabel("predicted required size")
    return figure


def pilots(steps: pd.DataFrame) -> Figure:
    """Draw the error against the size of the pilot, one panel a bank."""
    names = list(dict.fromkeys(steps.tested))
    figure, axes = _panels(len(names))
    for ax, name in zip(axes, names, strict=True):
        rows = steps[steps.tested == name]
        for model, part in rows.groupby("model", sort=False):
            mean = part.groupby("points").mae.mean()
            ax.plot(mean.index, mean, marker="o", ms=3, label=model)
        ax.set(title=name, xlabel="pilot points", ylim=(0, min(0.4, rows.mae.max() * 1.05)))
        ax.grid(alpha=0.25)
    axes[0].set_ylabel("MAE at the largest sizes")
    axes[-1].legend(fontsize=7, frameon=False)
    return figure


def bank_size(scores: pd.DataFrame) -> Figure:
    """Draw the error against the number of domains."""
    figure, axes = _panels(1)
    for model, part in scores.groupby("model", sort=False):
        by = part.groupby("count").mae
        mean = by.mean()
        axes[0].plot(mean.index, mean, marker="o", ms=4, label=model)
        axes[0].fill_between(mean.index, by.min(), by.max(), alpha=0.15, lw=0)
    axes[0].set(xlabel="domains trained on", ylabel="MAE")
    axes[0].grid(alpha=0.25)
    axes[0].legend(fontsize=8, frameon=False)
    return figure


def calibration(scores: pd.DataFrame) -> Figure:
    """Draw nominal against empirical coverage of curve and size."""
    figure, axes = _panels(2)
    for ax, column, title in zip(
        axes, ("curve_cover", "size_cover"), ("curve", "required size"), strict=True
    ):
        ax.plot([0, 1], [0, 1], color="0.6", lw=1)
        for (asked, pilot), part in scores.groupby(["asked", "pilot"], sort=False):
            mean = part.groupby("nominal")[column].mean()
            ax.plot(mean.index, mean, marker="o", ms=3, lw=1, label=f"{asked}, pilot {pilot}")
        ax.set(xlim=(0.4, 1), ylim=(0.3, 1.02), title=title, xlabel="nominal coverage")
        ax.grid(alpha=0.25)
    axes[0].set_ylabel("empirical coverage")
    axes[1].legend(fontsize=6, frameon=False, loc="lower right")
    return figure


def _panels(count: int) -> tuple[Figure, list[Any]]:
    figure = Figure(figsize=(4.2 * count + 0.6, 4.0), layout="constrained")
    return figure, list(np.atleast_1d(figure.subplots(1, count)))
