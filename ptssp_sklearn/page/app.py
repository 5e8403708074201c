"""The page: what the command line answers, for people who would rather look than type.

`main` is one run of the page; Streamlit calls it again at every change. No model code lives
here: images are embedded once, and what follows is asked of the library.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st

from ptssp_sklearn.bayes.metric_relation import METRIC_LABELS
from ptssp_sklearn.page.chart import curve_chart, curve_table, long_table, numbers_table
from ptssp_sklearn.page.models import Chosen, choose_model, choose_score
from ptssp_sklearn.page.pilot import pilot_points
from ptssp_sklearn.page.select import select, selected
from ptssp_sklearn.page.session import Refused, beside, remember
from ptssp_sklearn.page.text import LANGUAGES, Words, plain
from ptssp_sklearn.page.uploads import Task
from ptssp_sklearn.page.widgets import (
    choose_pilot,
    choose_task,
    offer_files,
    show_gallery,
    show_recipe,
)
from ptssp_sklearn.pipeline.validation import looks_at_images, needs_images
from ptssp_sklearn.serving.answer import Answer, answer_about
from ptssp_sklearn.serving.forecast import Forecast, Seen, embed, forecast_for

_TWO_COLUMNS = (3, 2)
_INTERVALS = (0.5, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Asked:
    """All that a user has given but the target."""

    chosen: Chosen
    task: Task | None
    pilot: list[tuple[float, float]]
    coverage: float

    @property
    def key(self) -> tuple[Any, ...]:
        return self.chosen.key, None if self.task is None else self.task.key

    @property
    def question(self) -> tuple[Any, ...]:
        """Name what is asked without a pilot: the key, whose score, and which."""
        return self.key, *self.chosen.choice.about.items()


@dataclass(frozen=True)
class Found:
    """The answer, and what the page draws of it; `before` and `old` without the pilot."""

    answer: Answer
    forecast: Forecast
    table: pd.DataFrame
    alike: pd.DataFrame | None
    before: Answer | None = None
    old: pd.DataFrame | None = None


def main() -> None:
    """Run the page once."""
    st.set_page_config(page_title="ptssp", layout="wide")
    st.session_state.setdefault("target", 0.4)
    words = _header()
    top = st.container()
    left, right = st.columns(_TWO_COLUMNS, gap="large")
    try:
        asked = _inputs(right, words)
        if asked is None:
            top.info(words("start"))
    except Refused:
        asked = None
        top.info(words("waits"))
    with left:
        _answer(asked, words)


@st.fragment
def _answer(asked: Asked | None, words: Words) -> None:
    """Answer, and follow the slider: a move of it runs this fragment and nothing else."""
    said = st.container()
    st.slider(words("target"), 0.01, 0.99, step=0.01, key="target")
    if asked is None:
        return
    with suppress(Refused):
        with said, beside(words, "bad_answer"):
            found = _find(asked, words)
            _say(found, words)
        _show(found, words)
        offer_files(found.answer, found.table, words)
        show_recipe(found.answer, asked.chosen.choice, asked.task, words)


def _header() -> Words:
    title, switch = st.columns([3, 1], vertical_alignment="bottom")
    language = switch.radio(
        "Language / Язык",
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        horizontal=True,
        key="language",
    )
    metric = selected("metric", [None, *METRIC_LABELS]) or "map50_95"
    words = Words(language, METRIC_LABELS[metric])
    title.title(words("title"), anchor=False)
    return words


def _inputs(place: Any, words: Words) -> Asked | None:
    """Ask for everything; None where images are still to come.

    All widgets come before anything is decoded: one that is not reached loses what it holds.
    """
    with place:
        images, pilot, model = st.container(), st.container(), st.container()
    with pilot:
        read_table = choose_pilot(words)
    with model:
        load = choose_model(words)
        coverage = select(words("interval"), _INTERVALS, words.percent, key="interval", first=2)
        st.caption(words("private"))
    with images:
        read_task = choose_task(words)
    with model:
        chosen = choose_score(words, load())
    with images:
        task = _task(words, chosen, read_task)
    with pilot, beside(words, "bad_pilot"):
        points = pilot_points(read_table())
    if task is None and _waits(chosen.model, points):
        return None
    return Asked(chosen, task, points, coverage)


def _waits(model: Any, points: Any) -> bool:
    """Tell whether nothing can be said before there are images."""
    return needs_images(model) or (looks_at_images(model) and not points)


def _task(words: Words, chosen: Chosen, read: Callable[[], Task | None]) -> Task | None:
    if not looks_at_images(chosen.model):
        st.info(words("no_images"))
        return None
    task = read()
    if task is not None:
        show_gallery(task, words)
    return task


def _find(asked: Asked, words: Words) -> Found:
    forecast, before = _forecasts(asked, words)
    target, coverage = st.session_state["target"], asked.coverage
    key = (asked.question, coverage)
    table = remember("curve", (key, *asked.pilot), lambda: curve_table(forecast, coverage))
    alike = remember("alike", asked.key, lambda: long_table(forecast.alike))
    found = Found(answer_about(forecast, target, coverage), forecast, table, alike)
    if before is None:
        return found
    old = remember("curve_before", key, lambda: curve_table(before, coverage))
    return replace(found, before=answer_about(before, target, coverage), old=old)


def _show(found: Found, words: Words) -> None:
    st.subheader(words("curve"), anchor=False)
    chart = curve_chart(found.answer, found.table, words, before=found.old, alike=found.alike)
    st.vega_lite_chart(chart, alt=words("alt"), key="chart")
    if found.forecast.alike is not None:
        names = "; ".join(found.forecast.most_alike)
        st.caption(plain(words("alike", name=names)))


def _forecasts(asked: Asked, words: Words) -> tuple[Forecast, Forecast | None]:
    """Give what the model believes, and what it did before the pilot, where there is one."""
    model = asked.chosen.model

    def look() -> Any:
        with st.spinner(words("looking")):
            return embed(model, None if asked.task is None else asked.task.table)

    features = remember("features", asked.key, look)
    table = None if asked.task is None else asked.task.table
    seen = Seen.of(table)
    about, key = asked.chosen.choice.about, asked.question
    before = remember("before", key, lambda: forecast_for(model, features, seen=seen, **about))
    if not asked.pilot:
        return before, None
    key = (*key, *asked.pilot)

    def believe() -> Forecast:
        return forecast_for(model, features, pilot=asked.pilot, seen=seen, **about)

    return remember("forecast", key, believe), before


def _say(found: Found, words: Words) -> None:
    answer = found.answer
    st.subheader(plain(words.sentence(answer)), anchor=False)
    st.table(numbers_table(answer, words))
    for line in words.lines(answer):
        st.markdown(plain(line))
    if not answer.reachable:
        st.warning(words.advice(answer))
        score = answer.forecast.best_reachable[0.5]
        if score is not None:
            label = words("set_target", score=words.score(score))
            st.button(label, on_click=_set_target, args=(score,), key="lower")
    for note in [*words.strange(answer), *map(plain, answer.forecast.remarks)]:
        st.warning(note)
    if answer.forecast.warning:
        st.caption(plain(words("warning", text=answer.forecast.warning)))
    if found.before is not None:
        st.caption(plain(words("before", text=words.sentence(found.before))))


def _set_target(score: float) -> None:
    st.session_state["target"] = score
