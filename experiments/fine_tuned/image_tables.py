"""Tables of the photographs: asked with labelled images and without, beside simple baselines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from experiments.fine_tuned.cases import Answer, Case, judge
from experiments.fine_tuned.data import Known
from experiments.fine_tuned.folds import Models
from experiments.fine_tuned.models import GRID, ask, baselines, of_curve
from experiments.protocol.markdown import Column, table
from experiments.protocol.zero_shot_baselines import Fold, ridge, trees
from ptssp_sklearn._typing import Array
from ptssp_sklearn.regression.hierarchical.image_memory import OF_OBJECTS

CONDITIONS = {
    "four labelled images": (4, "given"),
    "eight labelled images": (8, "given"),
    "four images, boxes only": (4, "boxes"),
    "four images without labels": (4, "none"),
}
LIMITS = (4, 16, 64)
"""Largest measured size of a pilot, images."""

_LEARNT_FROM = (4, 8)
_LEAST = 5
"""Other data sets that a regression at one size needs."""


def judge_photographs(
    cases: list[Case], models: Models, known: Known, columns: dict[str, Column], seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ask about every photographed data set, itself left out.

    Returns
    -------
    zero_shot, piloted : DataFrame
        One row a condition (or limit of the pilot) and a model: means over the data sets.
    """
    asked = [
        row | {"asked with": name, "model": model}
        for name, (n, labels) in CONDITIONS.items()
        for model, answers in _zero_shot(cases, models, known, n, labels, seed)
        for row in _judged(cases, answers, 0)
    ]
    measured = [
        row | {"pilot": f"up to {limit} images", "model": model}
        for limit in LIMITS
        for model, answers in _piloted(cases, models, known, limit)
        for row in _judged(cases, answers, limit)
    ]
    zero_shot = _means(pd.DataFrame(asked), ["asked with", "model"], columns)
    piloted = _means(pd.DataFrame(measured), ["pilot", "model"], columns)
    return zero_shot.assign(seed=seed), piloted.assign(seed=seed)


def write_photographs(
    zero_shot: pd.DataFrame, piloted: pd.DataFrame, columns: dict[str, Column]
) -> str:
    """Write both tables as Markdown."""
    ranked = columns | {"spearman": Column("Spearman", ".2f")}
    return (
        "**Nothing measured**\n\n"
        + table(zero_shot, ["asked with", "model"], ranked)
        + "\n\n**Beyond a pilot**, four labelled images\n\n"
        + table(piloted, ["pilot", "model"], columns)
    )


Answers = Callable[[Case, int], list[Answer]]


def _zero_shot(
    cases: list[Case], models: Models, known: Known, n_images: int, labels: str, seed: int
) -> Iterator[tuple[str, Answers]]:
    def learnt(method: Callable[[Fold], Array]) -> Answers:
        return lambda case, shown: _by_features(cases, case, known, n_images, labels, method, seed)

    yield "constant median", _simple(cases, "constant median")
    if labels != "none":
        yield "ridge regression", learnt(ridge)
        yield "extremely randomised trees", learnt(trees)
    yield from _ours(models, known, n_images, labels)


def _piloted(
    cases: list[Case], models: Models, known: Known, limit: int
) -> Iterator[tuple[str, Answers]]:
    for name in baselines(cases):
        yield name, _simple(cases, name)
    yield from _ours(models, known, 4, "given")


def _simple(cases: list[Case], name: str) -> Answers:
    """Ask a baseline, which may have no answer."""
    model = baselines(cases)[name]
    return lambda case, shown: [one for one in [model(case, shown)] if one is not None]


def _ours(
    models: Models, known: Known, n_images: int, labels: str
) -> Iterator[tuple[str, Answers]]:
    def asked(named: bool, seen: bool) -> Answers:
        def answers(case: Case, shown: int) -> list[Answer]:
            X = known.rows(case.group, n_images, labels) if seen else None
            learner = case.learner if named else None
            return ask(models[case.group], case, shown, learner=learner, X=X)

        return answers

    yield "detectors, no image", asked(named=True, seen=False)
    yield "detectors", asked(named=True, seen=True)
    yield "detectors, learner unknown", asked(named=False, seen=True)


def _by_features(
    cases: list[Case],
    case: Case,
    known: Known,
    n_images: int,
    labels: str,
    method: Callable[[Fold], Array],
    seed: int,
) -> list[Answer]:
    """Predict each size by a regression on the same features; sizes between are interpolated."""
    of_objects = known.features.columns.str.startswith(OF_OBJECTS)
    rows = known.rows(case.group, n_images, labels)[:, of_objects]
    others = [other for other in cases if other.group != case.group]
    sizes = [size for size in case.sizes if sum(size in one.sizes for one in others) >= _LEAST]
    scores = np.empty((len(rows), len(sizes)))
    for place, size in enumerate(sizes):
        X, y = [], []
        for other in others:
            here = np.flatnonzero(other.sizes == size)
            if len(here):
                own = np.concatenate([known.rows(other.group, n, "given") for n in _LEARNT_FROM])
                X.append(own[:, of_objects])
                y.append(np.repeat(other.scores[here[0]], len(own)))
        fold = Fold(np.array([size]), np.concatenate(X), np.concatenate(y)[:, None], rows, seed)
        scores[:, place] = method(fold).reshape(len(rows))
    grid = np.log(GRID)
    return [of_curve(case, 0, np.interp(grid, np.log(sizes), row)) for row in scores]


def _judged(cases: list[Case], answers: Answers, limit: int) -> Iterator[dict[str, Any]]:
    """Give the mean judgement over the draws of each data set that goes beyond the limit."""
    for case in cases:
        shown = int((case.sizes <= limit).sum())
        if shown == len(case.sizes) or (limit and not shown):
            continue
        found = answers(case, shown)
        if found:
            rows = pd.DataFrame([judge(case, shown, answer) for answer in found])
            means = {str(name): one for name, one in rows.mean(numeric_only=True).items()}
            predicted = float(np.mean([answer.scores.mean() for answer in found]))
            yield means | {"predicted": predicted, "measured": float(case.scores[shown:].mean())}


def _means(judged: pd.DataFrame, labels: list[str], columns: dict[str, Column]) -> pd.DataFrame:
    groups = judged.groupby(labels, sort=False)
    means = groups[[name for name in columns if name in judged]].mean()
    ranks = groups[["predicted", "measured"]].apply(
        lambda rows: rows["predicted"].corr(rows["measured"], method="spearman")
    )
    return means.assign(spearman=ranks).reset_index()
