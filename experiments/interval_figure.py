"""Draw the picture of docs/guides/interval.md: ``python -m experiments.interval_figure``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from matplotlib.figure import Figure

from ptssp_sklearn import load_pretrained
from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.serving.answer import CERTAINTIES
from ptssp_sklearn.serving.wording import count

PICTURE = Path("docs/images/guide_interval.png")
PILOT = [(16, 0.31), (64, 0.42)]
SIZES = np.geomspace(1.0, 1e5, 301)

_STYLES = {0.5: ("#1f5fa8", "-"), 0.8: ("#2a7f62", "--"), 0.9: ("#8a5a9e", "-.")}
_RED = "#b3541e"


def draw(believed: CurveDistribution, target: float) -> Figure:
    """Draw the curves of three certainties, and the chance to have reached the target.

    Parameters
    ----------
    believed : CurveDistribution of one row
    target : float
        A fraction in (0, 1).
    """
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    numbers = believed.required_sizes(target, CERTAINTIES)[0]
    _draw_curves(left, believed, target, numbers)
    _draw_chances(right, believed, target, numbers)
    for ax in (left, right):
        ax.set(xscale="log", xlim=(SIZES[0], SIZES[-1]), ylim=(0, 1.06), xlabel="training images")
        ax.grid(alpha=0.25)
    return figure


def _draw_curves(ax: Any, believed: CurveDistribution, target: float, numbers: Any) -> None:
    for certainty, size in zip(CERTAINTIES, numbers, strict=True):
        colour, dashes = _STYLES[certainty]
        label = "median curve" if certainty == 0.5 else f"reached with {certainty:.0%}"
        curve = believed.certain_scores(SIZES, certainty)[0]
        ax.plot(SIZES, curve, color=colour, ls=dashes, lw=2, label=label)
        if size <= SIZES[-1]:
            ax.plot(size, target, "o", color=colour)
    ax.plot(*zip(*PILOT, strict=True), "x", color="black", ms=8, mew=2, label="pilot")
    ax.axhline(target, color=_RED, ls=":", lw=1.2, label="target")
    ax.set(ylabel="mAP50-95", title="The score that is reached at least")
    ax.legend(loc="upper left", frameon=False)


def _draw_chances(ax: Any, believed: CurveDistribution, target: float, numbers: Any) -> None:
    asked = np.array([target])
    chances = [believed.reach_probability(asked, size)[0] for size in SIZES]
    ax.plot(SIZES, chances, color="black", lw=1.6)
    for certainty, size in zip(CERTAINTIES, numbers, strict=True):
        colour, dashes = _STYLES[certainty]
        ax.axhline(certainty, color=colour, ls=dashes, lw=0.9)
        if size <= SIZES[-1]:
            ax.plot([size, size], [0, certainty], color=colour, ls=dashes, lw=0.9)
            ax.plot(size, certainty, "o", color=colour)
        text = f"{certainty:.0%}: {count(np.ceil(size))}"
        ax.annotate(text, (1.2, certainty), xytext=(0, -12), textcoords="offset points")
    ever = believed.reach_probability(asked)[0]
    ax.axhline(ever, color=_RED, ls=":", lw=1.2)
    ax.annotate(f"ever: {ever:.0%}", (1.2, ever), xytext=(0, 3), textcoords="offset points")
    ax.set(ylabel=f"chance to have reached mAP {target:g}", title="The same, turned round")


def run(
    target: Annotated[float, typer.Option(help="Target mAP50-95, a fraction.")] = 0.45,
    out: Annotated[Path, typer.Option(help="The picture.")] = PICTURE,
) -> None:
    """Ask the model of detectors with two measured points, and draw its answer."""
    believed = load_pretrained("detectors").predict_distribution(None, pilot=PILOT)
    draw(believed, target).savefig(out, dpi=110)
    typer.echo(f"{out}")


if __name__ == "__main__":
    typer.run(run)
