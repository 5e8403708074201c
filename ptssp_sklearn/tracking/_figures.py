"""Figures of an assessment or a comparison (matplotlib)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from ptssp_sklearn.tracking.evaluation import Assessment

_MOST_CURVES = 12
_BLUE, _RED = "#1f5fa8", "#b3541e"


def assessment_figures(assessment: Assessment) -> dict[str, Any]:
    """Draw curves, predicted against measured sizes, and calibration where there is one.

    Returns
    -------
    figures : dict of str to matplotlib Figure
        ``curves``, ``sizes`` and ``calibration``.
    """
    figures = {"curves": draw_curves(assessment)}
    if len(assessment.sizes):
        figures["sizes"] = draw_sizes(assessment.sizes)
    if len(assessment.calibration):
        figures["calibration"] = draw_calibration(assessment.calibration)
    return figures


def draw_curves(assessment: Assessment) -> Any:
    """Draw measured points and predicted curves, a panel a dataset, at most twelve."""
    rows = np.linspace(0, len(assessment.measured) - 1, _MOST_CURVES).round()
    rows = np.unique(rows.astype(int))
    sizes = assessment.measured.columns.to_numpy(dtype=float)
    grid = np.geomspace(sizes[0], sizes[-1], 100)
    figure, axes = _panels(len(rows))
    for ax, row in zip(axes, rows, strict=False):
        ax.plot(sizes, assessment.measured.iloc[row], "o", ms=3, color="0.4", label="measured")
        curve = sigmoid_curve(grid, assessment.params.iloc[row].to_numpy())
        ax.plot(grid, curve, color=_BLUE, label="predicted")
        ax.set_title(str(assessment.measured.index[row]), fontsize=8)
        ax.set(xscale="log", ylim=(0, 1))
    axes[0].legend(frameon=False, fontsize=7)
    figure.supxlabel("training images")
    figure.supylabel("score")
    return figure


def draw_sizes(sizes: pd.DataFrame) -> Any:
    """Draw predicted against measured required sizes, with the band of a factor of two."""
    figure, (ax,) = _panels(1)
    low, high = sizes["measured"].min() / 2, sizes["measured"].max() * 2
    line = np.array([low, high])
    ax.fill_between(line, line / 2, line * 2, color=_BLUE, alpha=0.15, lw=0, label="within 2x")
    ax.plot(line, line, color=_BLUE, lw=1)
    ax.plot(sizes["measured"], np.clip(sizes["predicted"], low, 10 * high), ".", color=_RED)
    ax.set(xscale="log", yscale="log")
    ax.set(xlabel="measured required size", ylabel="predicted required size")
    ax.legend(frameon=False)
    return figure


def draw_calibration(calibration: pd.DataFrame) -> Any:
    """Draw how often intervals held against what they promise."""
    figure, (ax,) = _panels(1)
    ax.plot([0, 1], [0, 1], color="0.6", lw=1)
    for kind, colour in (("curve", _BLUE), ("size", _RED)):
        ax.plot(calibration["nominal"], calibration[kind], "o-", ms=3, color=colour, label=kind)
    ax.set(xlim=(0.4, 1), ylim=(0, 1.02), xlabel="nominal coverage", ylabel="empirical coverage")
    ax.legend(frameon=False)
    return figure


def draw_comparison(folds: pd.DataFrame, score: str) -> Any:
    """Draw a score of every candidate: its folds as points, their mean as a bar.

    Parameters
    ----------
    folds : DataFrame
        Columns candidate, fold and `score`.
    score : str
    """
    figure, (ax,) = _panels(1)
    groups = [(name, part[score]) for name, part in folds.groupby("candidate", sort=False)]
    for place, (_, values) in enumerate(groups):
        ax.barh(place, values.mean(), color=_BLUE, alpha=0.3)
        ax.plot(values, np.full(len(values), place), ".", color=_BLUE)
    ax.set_yticks(range(len(groups)), [str(name) for name, _ in groups])
    ax.invert_yaxis()
    ax.set_xlabel(score)
    return figure


def _panels(count: int) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure

    columns = min(count, 4)
    lines = -(-count // columns)
    size = (3.0 * columns + 0.6, 2.4 * lines + 0.6) if count > 1 else (5.4, 4.0)
    figure = Figure(figsize=size, layout="constrained")
    axes = list(np.atleast_1d(figure.subplots(lines, columns, squeeze=False)).ravel())
    for ax in axes[count:]:
        ax.remove()
    return figure, axes[:count]
