"""Tables without a pilot: the bank `procedural`, and banks of real art and a second renderer."""

from __future__ import annotations

import pandas as pd

from experiments.evaluation import figures
from experiments.evaluation.context import (
    CUTPASTE,
    DOMAINS,
    PROCEDURAL,
    SECOND,
    SOURCES,
    Context,
)
from experiments.protocol.forecast import Forecast
from experiments.protocol.markdown import (
    INTERVALS,
    SUFFICES,
    Frames,
    Section,
    cell,
    pick,
    table,
)
from experiments.protocol.measures import asked, scores_beyond, table_scores
from experiments.protocol.questions import CONDITIONS, Array, Truth
from experiments.protocol.sheet import Rows, Scorer, Sheet
from experiments.protocol.zero_shot_baselines import CANDIDATES, OURS

SHIPPED = f"{OURS}, many draws"
"""As it is shipped; without the addition, trained on draws of `ALONE_IN` alone."""

ALONE_IN = "four images + masks"
CONSTANTS = ("mean curve", "median curve", "power law of the mean")
ACROSS = ("mean curve", "ridge regression", "extremely randomised trees", "ridge and trees")
TESTED = {
    "cutpaste, a whole source left out": (SOURCES, CUTPASTE),
    "cutpaste, the domain left out": (DOMAINS, CUTPASTE),
    "procedural-2, the domain left out": (SOURCES, SECOND),
}
MEASURES = ("r2", "mae", "spearman", "log10_size", "within_2x", *SUFFICES, *INTERVALS)


def measure(context: Context) -> Frames:
    """Predict every domain of `procedural` from folds without it."""
    study, sheet, scatter = context.study(PROCEDURAL), Sheet(), []
    truth, mean = context.truth(PROCEDURAL, PROCEDURAL), study.mean_curves(PROCEDURAL)
    for condition in CONDITIONS:
        answers = study.ask_candidates(PROCEDURAL, tuple(CANDIDATES), condition)
        if condition == ALONE_IN:
            alone = context.study(PROCEDURAL, condition)
            answers[OURS] = alone.ask(PROCEDURAL, condition, truth=truth)
        answers[SHIPPED] = context.ask(PROCEDURAL, PROCEDURAL, condition)
        for name, answer in answers.items():
            labels = {"condition": condition, "model": name}
            sheet.add(labels, study.folds[PROCEDURAL], _scorer(name, truth, answer, mean))
        scatter.append(_pairs(truth, answers[SHIPPED], condition))
    return sheet.frames() | {"scatter": pd.concat(scatter)}


def show(frames: Frames) -> Section:
    """Write the table of `procedural`, and draw predicted against measured sizes."""
    parts = []
    for condition, rows in frames["scores"].groupby("condition", sort=False):
        parts.append(f"**{condition}**\n\n{table(rows, ['model'], pick(*MEASURES))}")
    scatter = frames["scatter"]
    first = scatter[scatter.seed == scatter.seed.min()]
    parts.append("![Predicted against measured required sizes](images/result_sizes.png)")
    return Section("\n\n".join(parts), {"result_sizes.png": figures.sizes(first)})


def measure_across(context: Context) -> Frames:
    """Train on all banks with images but the groups that are tested."""
    sheet = Sheet()
    for tested, (kind, name) in TESTED.items():
        study = context.study(kind)
        truth, mean = context.truth(kind, name), study.mean_curves(name)
        for condition in CONDITIONS:
            answers = study.ask_candidates(name, ACROSS, condition)
            answers[SHIPPED] = context.ask(kind, name, condition)
            for model, answer in answers.items():
                labels = {"tested": tested, "condition": condition, "model": model}
                sheet.add(labels, study.folds[name], _scorer(model, truth, answer, mean))
    return sheet.frames()


def show_across(frames: Frames) -> Section:
    """Write a table a bank that was tested."""
    parts = []
    for tested, rows in frames["scores"].groupby("tested", sort=False):
        counts = f"{cell(rows.n_test, '.0f')} domains"
        text = table(rows, ["condition", "model"], pick(*MEASURES))
        parts.append(f"**{tested}** ({counts})\n\n{text}")
    return Section("\n\n".join(parts))


def _scorer(name: str, truth: Truth, answer: Forecast, mean: Array) -> Scorer:
    def score(rows: Rows) -> dict[str, float]:
        true, own = truth.take(rows), answer.take(rows)
        whole = table_scores(true.curves, own.curves, mean[rows], ranks=name not in CONSTANTS)
        return {**scores_beyond(true, own), **whole}

    return score


def _pairs(truth: Truth, answer: Forecast, condition: str) -> pd.DataFrame:
    known = asked(truth, 0.0)
    pairs = {"true": truth.needed[known], "predicted": answer.needed[known]}
    return pd.DataFrame({"condition": condition, **pairs})
