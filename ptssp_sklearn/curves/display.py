"""Plots of predicted learning curves (matplotlib)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


class PredictedCurveDisplay:
    """A predicted learning curve with its target marked.

    Parameters
    ----------
    sizes : array-like of shape (n_sizes,), images, ascending
    scores : array-like of shape (n_sizes,), fractions
        The curve.
    target_map : float
        Target score, a fraction.
    required_size : float
        Marked on the curve, images; inf where the target is out of reach.
    metric : str, default="mAP50-95"
        Label of the score axis.
    band : tuple of array-like (sizes, low, high), optional
        Interval of the score at some sizes, images.
    band_label : str, default="interval"
        Its name in the legend.
    pilot : list of (size, score), optional
        Measured points.
    neighbours : curve table, optional
        Measured curves of datasets that look alike.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure, after `plot`

    Examples
    --------
    >>> from ptssp_sklearn.curves import PredictedCurveDisplay
    >>> display = PredictedCurveDisplay(
    ...     [1, 10, 100], [0.1, 0.3, 0.5], target_map=0.4, required_size=32
    ... )
    >>> display.plot().ax_.get_ylabel()
    'mAP50-95'
    """

    def __init__(
        self,
        sizes: ArrayLike,
        scores: ArrayLike,
        *,
        target_map: float,
        required_size: float,
        metric: str = "mAP50-95",
        band: Any = None,
        band_label: str = "interval",
        pilot: Any = (),
        neighbours: pd.DataFrame | None = None,
    ) -> None:
        self.sizes = np.asarray(sizes, dtype=float)
        self.scores = np.asarray(scores, dtype=float)
        self.target_map = target_map
        self.metric = metric
        self.band = band
        self.band_label = band_label
        self.pilot = np.asarray(pilot, dtype=float).reshape(-1, 2)
        self.neighbours = neighbours
        self.required_size = required_size

    def plot(self, ax: Any = None, *, label: str = "predicted") -> PredictedCurveDisplay:
        """Draw the curve on a log axis of sizes.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default a new figure's.
        label : str, default="predicted"
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(7, 4.2), layout="constrained").subplots()
        self._draw_beside(ax)
        ax.plot(self.sizes, self.scores, color="#1f5fa8", lw=2, label=label)
        ax.axhline(self.target_map, color="#b3541e", ls="--", lw=1.2, label="target")
        if self.sizes[0] <= self.required_size <= self.sizes[-1]:
            self._mark(ax)
        ax.set(
            xscale="log",
            xlim=(self.sizes[0], self.sizes[-1]),
            ylim=(0, 1),
            xlabel="training images",
            ylabel=self.metric,
        )
        ax.grid(alpha=0.25)
        ax.legend(loc="upper left", frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_beside(self, ax: Any) -> None:
        """Draw what stands behind the curve: hatched band, thin curves, crosses."""
        if self.band is not None:
            style = {"color": "#1f5fa8", "alpha": 0.15, "hatch": "//", "lw": 0}
            ax.fill_between(*self.band, label=self.band_label, **style)
        if self.neighbours is not None:
            columns = self.neighbours.columns.to_numpy(dtype=float)
            for number, scores in enumerate(self.neighbours.to_numpy(dtype=float)):
                known = np.isfinite(scores)
                label = None if number else "datasets that look alike"
                style = {"color": "0.55", "lw": 0.8, "ls": "-.", "label": label}
                ax.plot(columns[known], scores[known], **style)
        if len(self.pilot):
            ax.plot(*self.pilot.T, "x", color="black", ms=8, mew=2, label="pilot")

    def _mark(self, ax: Any) -> None:
        """Mark the required size where it lies on the curve."""
        images = self.required_size
        score = np.interp(np.log(images), np.log(self.sizes), self.scores)
        ax.plot([images] * 2, [0, score], color="#b3541e", ls=":", lw=1.2)
        ax.plot(images, score, "o", color="#b3541e")
        text = f"{images:,.0f} image" + ("" if images == 1 else "s")
        ax.annotate(text, (images, score), xytext=(8, -14), textcoords="offset points")

    def save(self, path: str | Path) -> None:
        """Write the figure; the file's ending chooses PNG, SVG or PDF.

        Raises
        ------
        ValueError
            If the ending is not a format matplotlib writes.
        """
        kinds = self.figure_.canvas.get_supported_filetypes()
        ending = Path(path).suffix.removeprefix(".").lower()
        if ending not in kinds:
            raise ValueError(
                f"Got the plot file '{path}', expected an ending of {', '.join(sorted(kinds))}."
            )
        self.figure_.savefig(path, dpi=130)
