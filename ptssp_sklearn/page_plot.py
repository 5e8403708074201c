"""The page's interactive learning curve (Altair): log axis, band, target, hover."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ptssp_sklearn.answer import Answer
from ptssp_sklearn.outlook import Outlook
from ptssp_sklearn.page_text import Words
from ptssp_sklearn.sigmoid import sigmoid_curve

SIZES: NDArray[np.float64] = np.unique(np.round(np.geomspace(1, 1e6, 121)))
"""Sizes at which the page computes curves, images."""

_BLUE, _RED, _GREY = "#1f5fa8", "#a4451a", "#757575"


def curve_table(outlook: Outlook, coverage: float) -> pd.DataFrame:
    """Compute the curve and its interval at `SIZES`.

    Returns
    -------
    table : DataFrame
        Columns size, score, low and high.
    """
    low, high = outlook.band(SIZES, coverage).T
    score = sigmoid_curve(SIZES, outlook.params)
    return pd.DataFrame({"size": SIZES, "score": score, "low": low, "high": high})


def curve_chart(
    answer: Answer,
    table: pd.DataFrame,
    words: Words,
    *,
    before: pd.DataFrame | None = None,
    alike: pd.DataFrame | None = None,
) -> alt.LayerChart:
    """Draw an answer.

    Parameters
    ----------
    answer : Answer
    table : DataFrame
        Of `curve_table`.
    words : Words
    before : DataFrame, optional
        The same without the pilot.
    alike : curve table, optional
        Measured curves of datasets that look alike.
    """
    last = _last_size(answer)
    axes = _Axes(words, last)
    shown = table[table["size"] <= last]
    layers = [axes.band(shown, answer.coverage)]
    if alike is not None:
        layers.append(axes.alike(alike))
    if before is not None:
        layers.append(axes.line(before[before["size"] <= last], "without_pilot", _GREY, [6, 4]))
    layers.append(axes.line(shown, "predicted", _BLUE, [1, 0]))
    layers += axes.target(answer)
    if answer.pilot:
        layers.append(axes.pilot(answer.pilot))
    layers += axes.hover(shown)
    chart = alt.layer(*layers).resolve_scale(strokeDash="independent", shape="independent")
    return chart.properties(height=380, width="container")


def _last_size(answer: Answer) -> float:
    """Give the end of the axis: a power of ten beyond what is marked."""
    marked = [size for size, _ in answer.pilot]
    if np.isfinite(answer.required_size):
        marked.append(4 * answer.required_size)
    return float(min(10 ** np.ceil(np.log10(max([1024.0, *marked]))), SIZES[-1]))


class _Axes:
    """Layers that share the axes."""

    def __init__(self, words: Words, last: float) -> None:
        self.words = words
        self.x = alt.X(
            "size:Q",
            title=words("size"),
            scale=alt.Scale(type="log", domain=[1, last], nice=False),
            axis=alt.Axis(format="~s", tickCount=6, labelOverlap=True),
        )
        self.y = alt.Y("score:Q", title=words("score"), scale=alt.Scale(domain=[0, 1]))
        self.last = last

    def band(self, table: pd.DataFrame, coverage: float) -> Any:
        low = alt.Y("low:Q", title=self.words("score"), scale=alt.Scale(domain=[0, 1]))
        named = table.assign(line=self.words("band", coverage=self.words.percent(coverage)))
        area = alt.Chart(named).mark_area(opacity=0.15, interpolate="monotone", clip=True)
        fill = alt.Color(
            "line:N", scale=alt.Scale(range=[_BLUE]), legend=alt.Legend(title=None, orient="top")
        )
        return area.encode(x=self.x, y=low, y2="high:Q", fill=fill)

    def line(self, table: pd.DataFrame, name: str, colour: str, dash: list[int]) -> Any:
        named = table.assign(line=self.words(name))
        line = alt.Chart(named).mark_line(
            color=colour, strokeWidth=2.5, interpolate="monotone", clip=True
        )
        return line.encode(x=self.x, y=self.y, strokeDash=_legend(dash))

    def alike(self, curves: pd.DataFrame) -> Any:
        known = curves[~curves.index.duplicated()]
        long = known.rename_axis(index="dataset").reset_index()
        long = long.melt(id_vars="dataset", var_name="size", value_name="score").dropna()
        long = long.astype({"size": float, "score": float})
        long = long[long["size"].between(1, self.last)].assign(line=self.words("alike_legend"))
        line = alt.Chart(long).mark_line(
            color=_GREY, strokeWidth=1, opacity=0.55, clip=True, point={"size": 12, "color": _GREY}
        )
        return line.encode(
            x=self.x,
            y=self.y,
            detail="dataset:N",
            strokeDash=_legend([2, 2]),
            tooltip=[self._tip("dataset:N", "dataset"), *self._tips("score")],
        )

    def target(self, answer: Answer) -> list[Any]:
        words, goal = self.words, answer.target_map
        place = pd.DataFrame(
            {
                "score": [goal],
                "size": [1.0],
                "text": [words("target_line", score=words.score(goal))],
            }
        )
        base = alt.Chart(place)
        rule = base.mark_rule(color=_RED, strokeDash=[8, 3], strokeWidth=1.5).encode(y=self.y)
        name = base.mark_text(color=_RED, align="left", dx=6, dy=-7, fontWeight="bold")
        layers = [rule, name.encode(x=self.x, y=self.y, text="text:N")]
        if not 0 < answer.required_size <= self.last:
            return layers
        size = max(answer.required_size, 1.0)
        point = pd.DataFrame({"size": [size], "score": [goal], "text": [words.number(size)]})
        base = alt.Chart(point).encode(x=self.x)
        down = base.mark_rule(color=_RED, strokeDash=[2, 3], strokeWidth=1.5)
        dot = base.mark_point(color=_RED, filled=True, size=90, shape="diamond", opacity=1)
        label = base.mark_text(color=_RED, align="left", dx=8, dy=12, fontWeight="bold")
        layers.append(down.encode(y=self.y, y2=alt.datum(0)))
        layers.append(dot.encode(y=self.y, tooltip=self._tips("score")))
        layers.append(label.encode(y=self.y, text="text:N"))
        return layers

    def pilot(self, points: list[tuple[float, float]]) -> Any:
        table = pd.DataFrame(points, columns=["size", "score"]).assign(line=self.words("measured"))
        cross = alt.Chart(table).mark_point(
            color="black", filled=True, stroke="white", strokeWidth=1, size=130, opacity=1
        )
        shape = alt.Shape(
            "line:N", scale=alt.Scale(range=["cross"]), legend=alt.Legend(title=None, orient="top")
        )
        return cross.encode(x=self.x, y=self.y, shape=shape, tooltip=self._tips("score"))

    def hover(self, table: pd.DataFrame) -> list[Any]:
        """Show the numbers of the curve nearest to the pointer."""
        near = alt.selection_point(
            name="near", nearest=True, on="pointermove", clear="pointerout", fields=["size"],
            empty=False,
        )  # fmt: skip
        base = alt.Chart(table).encode(x=self.x, y=self.y)
        tips = self._tips("score", "low", "high")
        catch = base.mark_point(opacity=0, size=200).encode(tooltip=tips).add_params(near)
        seen = alt.condition(near, alt.value(1), alt.value(0))
        return [catch, base.mark_point(color=_BLUE, filled=True, size=70).encode(opacity=seen)]

    def _tips(self, *scores: str) -> list[alt.Tooltip]:
        return [
            self._tip("size:Q", "size", ",.0f"),
            *[self._tip(f"{name}:Q", name, ".3f") for name in scores],
        ]

    def _tip(self, field: str, name: str, form: str | None = None) -> alt.Tooltip:
        title = self.words(name)
        return (
            alt.Tooltip(field, title=title)
            if form is None
            else alt.Tooltip(field, title=title, format=form)
        )


def _legend(dash: list[int]) -> alt.StrokeDash:
    legend = alt.Legend(title=None, orient="top", symbolStrokeWidth=2)
    return alt.StrokeDash("line:N", scale=alt.Scale(range=[dash]), legend=legend)
