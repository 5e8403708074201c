"""Figures of the studies' page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.studies.curve import Curve
from experiments.studies.packages import need
from experiments.studies.results import Result
from experiments.studies.study import Examples
from ptssp_sklearn.curves.sigmoid import sigmoid_curve

_COLUMNS = 4
_EXAMPLES_IN_A_ROW = 6
_POINTS = 100
_TRAINING_TITLES = {
    "train_loss": "training loss",
    "valid_loss": "validation loss",
    "valid_acc": "validation accuracy",
}


def curves_figure(curves: Mapping[str, Curve]) -> Figure:
    """Draw the measured scores of each study and the fitted 4PL."""
    rows = -(-len(curves) // _COLUMNS)
    figure = Figure(figsize=(3 * _COLUMNS, 2.4 * rows), layout="constrained")
    axes = figure.subplots(rows, _COLUMNS, sharey=True, squeeze=False).ravel()
    for ax, (name, curve) in zip(axes, curves.items(), strict=False):
        ax.semilogx(curve.sizes, curve.scores, "o", color="tab:blue")
        if curve.params is not None:
            sizes = np.geomspace(curve.sizes[0] / 2, curve.sizes[-1] * 4, _POINTS)
            ax.plot(sizes, sigmoid_curve(sizes, curve.params), color="tab:orange")
        ax.set(title=name, ylim=(0, 1.02))
        ax.title.set_size(9)
    for ax in axes[len(curves) :]:
        ax.set_axis_off()
    figure.supxlabel("training examples")
    figure.supylabel("score on the test set")
    return figure


def confusion_figure(results: Mapping[str, Result]) -> Figure:
    """Draw the confusion matrix of each result; rows are the truth and add up to one."""
    figure = Figure(figsize=(5 * len(results), 4.4), layout="constrained")
    axes = figure.subplots(1, len(results), squeeze=False)[0]
    for ax, (name, result) in zip(axes, results.items(), strict=True):
        counts = np.array(result.details["confusion"], dtype=float)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        classes = result.details["classes"]
        need("seaborn").heatmap(
            pd.DataFrame(shares, classes, classes), vmin=0, vmax=1, cmap="Blues",
            annot=True, fmt=".1f", annot_kws={"size": 6}, cbar=False, ax=ax,
        )  # fmt: skip
        ax.set(title=name, xlabel="predicted", ylabel="truth")
        ax.tick_params(labelsize=7)
    return figure


def examples_figure(result: Result, data: Examples) -> Figure:
    """Draw test images with the prediction (the truth where it was another)."""
    shown = result.details["examples"]
    rows = -(-len(shown) // _EXAMPLES_IN_A_ROW)
    figure = Figure(figsize=(9, 1.6 * rows), layout="constrained")
    axes = figure.subplots(rows, _EXAMPLES_IN_A_ROW, squeeze=False).ravel()
    for ax in axes:
        ax.set_axis_off()
    for ax, item in zip(axes, shown, strict=False):
        image = np.asarray(data.test[item["test"]][0]).transpose(1, 2, 0) / 2 + 0.5
        ax.imshow(image.clip(0, 1).squeeze(), cmap="gray")
        wrong = item["predicted"] != item["truth"]
        text = f"{item['predicted']}\nnot {item['truth']}" if wrong else item["predicted"]
        ax.set_title(text, fontsize=7, color="tab:red" if wrong else "black")
    return figure


def training_figure(results: Mapping[str, Result]) -> Figure:
    """Draw the losses and the validation accuracy of each training by epoch."""
    rows = [
        {"training": name, "epoch": epoch, **row}
        for name, result in results.items()
        for epoch, row in enumerate(result.history, start=1)
    ]
    frame = pd.DataFrame(rows)
    wanted = [key for key in _TRAINING_TITLES if key in frame]
    figure = Figure(figsize=(4.2 * len(wanted), 3.4), layout="constrained")
    for ax, key in zip(figure.subplots(1, len(wanted), squeeze=False)[0], wanted, strict=True):
        need("seaborn").lineplot(
            frame.dropna(subset=[key]), x="epoch", y=key, hue="training", marker="o", ax=ax
        )
        ax.set_ylabel(_TRAINING_TITLES[key])
        ax.get_legend().set(title=None)
    return figure


def comparison_figure(rows: Sequence[dict[str, Any]], metric: str) -> Figure:
    """Draw a score by size, a colour a regime, a panel a kind of weights and architecture."""
    frame = pd.DataFrame(rows)
    names = list(dict.fromkeys(frame["network"]))
    figure = Figure(figsize=(max(2.6 * len(names), 4.4), 3.2), layout="constrained")
    axes = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for ax, name in zip(axes, names, strict=True):
        need("seaborn").lineplot(
            frame[frame["network"] == name], x="size", y="score", hue="regime", marker="o", ax=ax
        )
        ax.set(title=name, xscale="log", ylim=(0, 1), xlabel="training images", ylabel=metric)
        ax.title.set_size(8)
        ax.get_legend().set(title=None)
    return figure
