"""The page's interactive learning curve as a Vega-Lite specification with its tables.

Whatever follows the slider is in the tables, so that a browser moves the marks and does not
build the chart again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ptssp_sklearn.page.text import Words
from ptssp_sklearn.serving.answer import Answer
from ptssp_sklearn.serving.forecast import Forecast

SIZES: NDArray[np.float64] = np.unique(np.round(np.geomspace(1, 1e6, 121)))
"""Sizes at which the page computes curves, images."""

Spec = dict[str, Any]

_BLUE, _RED, _GREY = "#1f5fa8", "#a4451a", "#6b6b6b"
_LINES = {"predicted": (_BLUE, [1, 0]), "without_pilot": (_GREY, [7, 4]), "alike": (_GREY, [2, 2])}
_LEGEND = {"title": None, "orient": "bottom", "direction": "vertical", "labelLimit": 320}


def curve_table(forecast: Forecast, coverage: float) -> pd.DataFrame:
    """Compute the median curve and its interval at `SIZES`.

    Returns
    -------
    table : DataFrame
        Columns size (images), score, low and high (fractions).
    """
    low, high = forecast.band(SIZES, coverage).T
    curve = forecast.curve(SIZES)
    return pd.DataFrame({"size": SIZES, "score": curve, "low": low, "high": high})


def curve_chart(
    answer: Answer,
    table: pd.DataFrame,
    words: Words,
    *,
    before: pd.DataFrame | None = None,
    alike: pd.DataFrame | None = None,
) -> Spec:
    """Draw an answer.

    Parameters
    ----------
    answer : Answer
    table : DataFrame
        Of `curve_table`.
    words : Words
    before : DataFrame, optional
        The same without the pilot.
    alike : DataFrame, optional
        Of `long_table`: measured curves of datasets that look alike.

    Returns
    -------
    spec : dict
        Vega-Lite, its ``datasets`` as DataFrames.
    """
    last = _last_size(answer)
    names = {key: words("alike_legend" if key == "alike" else key) for key in _LINES}
    lines = {"predicted": table, "without_pilot": before, "alike": alike}
    given = {key: part for key, part in lines.items() if part is not None}
    tables = {
        key: part[part["size"].between(1, last)].assign(line=names[key])
        for key, part in given.items()
    }
    marks = _Marks(words, last, [names[key] for key in given], [_LINES[key] for key in given])
    band = words("band", coverage=words.percent(answer.coverage))
    tables["predicted"] = tables["predicted"].assign(band=band)
    layers = [marks.band(band)]
    layers += [marks.line(key) for key in reversed(given)]
    layers += marks.target()
    tables |= _target_tables(answer, words, last)
    if answer.forecast.pilot:
        points = pd.DataFrame(answer.forecast.pilot, columns=["size", "score"])
        tables["pilot"] = points.assign(point=words("measured"))
        layers.append(marks.pilot())
    layers += marks.hover()
    return {"layer": layers, "datasets": tables, "height": 400, "width": "container"}


def numbers_table(answer: Answer, words: Words) -> pd.DataFrame:
    """Lay out the images that suffice with each certainty."""
    columns = [words.percent(level) for level in answer.sizes]
    cells = [words.count(size) for size in answer.sizes.values()]
    return pd.DataFrame([cells], columns=columns, index=[words("numbers")])


def _last_size(answer: Answer) -> float:
    """Give the end of the axis: a power of ten beyond what is marked."""
    marked = [size for size, _ in answer.forecast.pilot]
    if np.isfinite(answer.required_size):
        marked.append(4 * answer.required_size)
    return float(min(10 ** np.ceil(np.log10(max([1024.0, *marked]))), SIZES[-1]))


def long_table(curves: pd.DataFrame | None) -> pd.DataFrame | None:
    """Write a curve table in the columns dataset, size (images) and score (fractions)."""
    if curves is None:
        return None
    known = curves[~curves.index.duplicated()].rename_axis(index="dataset").reset_index()
    long = known.melt(id_vars="dataset", var_name="size", value_name="score").dropna()
    return long.astype({"size": float, "score": float}).sort_values(["dataset", "size"])


def _target_tables(answer: Answer, words: Words, last: float) -> dict[str, pd.DataFrame]:
    goal, size = answer.target_map, answer.required_size
    text = words("target_line", score=words.score(goal))
    target = pd.DataFrame({"size": [1.0], "score": [goal], "text": [text]})
    required = pd.DataFrame({"size": [size], "score": [answer.score], "text": [words.count(size)]})
    return {"target": target, "required": required if size <= last else required.iloc[:0]}


class _Marks:
    """The layers; lines differ in dashes as well as in colour."""

    def __init__(self, words: Words, last: float, names: list[str], styles: list[Any]) -> None:
        self.words = words
        self.x = {
            "field": "size",
            "type": "quantitative",
            "title": words("size"),
            "scale": {"type": "log", "domain": [1, last], "nice": False},
            "axis": {"format": "~s", "tickCount": 6, "labelOverlap": True},
        }
        colours, dashes = zip(*styles, strict=True)
        self.style = {
            "stroke": _scale("line", names, list(colours)),
            "strokeDash": _scale("line", names, list(dashes)),
        }

    def band(self, name: str) -> Spec:
        fill = _scale("band", [name], [_BLUE])
        mark = {"type": "area", "opacity": 0.16, "interpolate": "monotone", "clip": True}
        return self._layer("predicted", mark, y=self._y("low"), y2={"field": "high"}, fill=fill)

    def line(self, key: str) -> Spec:
        mark: Spec = {"type": "line", "clip": True, "strokeWidth": 2.5, "interpolate": "monotone"}
        if key != "alike":
            return self._layer(key, mark, **self.style)
        mark |= {"strokeWidth": 1, "opacity": 0.7, "interpolate": "linear"}
        name = {"field": "dataset", "type": "nominal", "title": self.words("dataset")}
        tips = [name, *self._tips("score")]
        return self._layer(key, mark, **self.style, detail={"field": "dataset"}, tooltip=tips)

    def target(self) -> list[Spec]:
        rule = {"type": "rule", "color": _RED, "strokeWidth": 1.5}
        text = {"type": "text", "color": _RED, "fontWeight": "bold", "align": "left", "clip": True}
        dot = {"type": "point", "filled": True, "shape": "diamond", "size": 110, "opacity": 1}
        across = self._layer("target", rule | {"strokeDash": [9, 3]})
        del across["encoding"]["x"]
        down = self._layer("required", rule | {"strokeDash": [2, 3]}, y2={"datum": 0})
        return [
            across,
            self._layer("target", text | {"dx": 6, "dy": -8}, text={"field": "text"}),
            down,
            self._layer("required", dot | {"color": _RED}, tooltip=self._tips("score")),
            self._layer("required", text | {"dx": 8, "dy": 13}, text={"field": "text"}),
        ]

    def pilot(self) -> Spec:
        mark = {"type": "point", "filled": True, "color": "black", "stroke": "white", "size": 140}
        shape = _scale("point", [self.words("measured")], ["cross"])
        mark |= {"opacity": 1, "strokeWidth": 1, "clip": True}
        return self._layer("pilot", mark, shape=shape, tooltip=self._tips("score"))

    def hover(self) -> list[Spec]:
        """Show the numbers of the curve nearest to the pointer."""
        select = {"type": "point", "nearest": True, "on": "pointermove", "clear": "pointerout"}
        tips = self._tips("score", "low", "high")
        catch = self._layer("predicted", {"type": "point", "opacity": 0, "size": 200}, tooltip=tips)
        catch["params"] = [{"name": "near", "select": select | {"fields": ["size"]}}]
        seen = {"condition": {"param": "near", "empty": False, "value": 1}, "value": 0}
        dot = {"type": "point", "filled": True, "color": _BLUE, "size": 80}
        return [catch, self._layer("predicted", dot, opacity=seen)]

    def _layer(self, data: str, mark: Spec, **channels: Any) -> Spec:
        encoding = {"x": self.x, "y": self._y("score")} | channels
        return {"data": {"name": data}, "mark": mark, "encoding": encoding}

    def _y(self, field: str) -> Spec:
        return {
            "field": field,
            "type": "quantitative",
            "title": self.words("score"),
            "scale": {"domain": [0, 1]},
        }

    def _tips(self, *scores: str) -> list[Spec]:
        forms = {"size": ",.0f"} | dict.fromkeys(scores, ".3f")
        return [
            {"field": name, "type": "quantitative", "title": self.words(name), "format": form}
            for name, form in forms.items()
        ]


def _scale(field: str, domain: list[str], values: list[Any]) -> Spec:
    scale = {"domain": domain, "range": values}
    return {"field": field, "type": "nominal", "scale": scale, "legend": _LEGEND}
