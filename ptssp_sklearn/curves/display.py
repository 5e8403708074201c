"""Plots of predicted learning curves (matplotlib)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ptssp_sklearn.curves.sigmoid import inverse_sigmoid_curve, sigmoid_curve, whole_images


class PredictedCurveDisplay:
    """A predicted learning curve with its target marked.

    Parameters
    ----------
    params : array-like of shape (4,)
        A, B, C, D.
    target_map : float
        Target score, a fraction.
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
    required_size : float, optional
        Marked size, images; by default where the curve meets the target.

    Attributes
    ----------
    required_size : float
        Whole images, 0 or inf where the target is at the start or out of reach.
    ax_, figure_ : matplotlib Axes and Figure, after `plot`

    Examples
    --------
    >>> from ptssp_sklearn.curves import PredictedCurveDisplay
    >>> display = PredictedCurveDisplay([0.1, 1.0, 100.0, 0.9], target_map=0.5)
    >>> display.required_size
    100.0
    """

    def __init__(
        self,
        params: ArrayLike,
        *,
        target_map: float,
        metric: str = "mAP50-95",
        band: Any = None,
        band_label: str = "interval",
        pilot: Any = (),
        neighbours: pd.DataFrame | None = None,
        required_size: float | None = None,
    ) -> None:
        self.params = np.asarray(params, dtype=float)
        self.target_map = target_map
        self.metric = metric
        self.band = band
        self.band_label = band_label
        self.pilot = np.asarray(pilot, dtype=float).reshape(-1, 2)
        self.neighbours = neighbours
        if required_size is None:
            required_size = float(whole_images(inverse_sigmoid_curve(target_map, self.params)))
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
        sizes = self._sizes()
        self._draw_beside(ax)
        ax.plot(sizes, sigmoid_curve(sizes, self.params), color="#1f5fa8", lw=2, label=label)
        ax.axhline(self.target_map, color="#b3541e", ls="--", lw=1.2, label="target")
        if 0 < self.required_size < np.inf:
            images = self.required_size
            ax.plot([images] * 2, [0, self.target_map], color="#b3541e", ls=":", lw=1.2)
            ax.plot(images, self.target_map, "o", color="#b3541e")
            ax.annotate(
                f"{images:,.0f} images",
                (images, self.target_map),
                xytext=(8, -14),
                textcoords="offset points",
            )
        ax.set(
            xscale="log",
            xlim=(sizes[0], sizes[-1]),
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

    def _sizes(self) -> NDArray[np.float64]:
        wanted = self.required_size if self.required_size < np.inf else 0.0
        last = max(1024.0, 4 * wanted)
        return np.geomspace(1.0, 10 ** np.ceil(np.log10(last)), 200)

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
