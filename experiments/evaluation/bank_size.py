"""Error against the number of domains that models are trained on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.evaluation import figures
from experiments.evaluation.context import PROCEDURAL, Context
from experiments.protocol.cross_validation import Study, answer_points, ask_model, fit_model
from experiments.protocol.forecast import Forecast, Question
from experiments.protocol.markdown import COLUMNS, Frames, Section, wide
from experiments.protocol.measures import table_scores
from experiments.protocol.questions import Array, Truth
from experiments.protocol.sheet import Rows, Scorer, Sheet
from experiments.protocol.zero_shot_baselines import OURS, Fold

CONDITION = "four images + masks"
COUNTS = (20, 40, 80)
POINTS = ("ridge regression", "extremely randomised trees", "ridge and trees")


def measure(context: Context) -> Frames:
    """Train on some domains of every fold's training side, and on all of them."""
    study = context.study(PROCEDURAL, CONDITION)
    truth, mean = study.truth(PROCEDURAL), study.mean_curves(PROCEDURAL)
    fold_of = study.folds[PROCEDURAL]
    smallest = min(int((fold_of != number).sum()) for number in range(len(study.models)))
    order = np.random.default_rng(context.seed).permutation(len(fold_of))
    sheet = Sheet()
    for count in [*[c for c in COUNTS if c < smallest], None]:
        parts, places = [], []
        for number, test, question in study.parts(PROCEDURAL, truth):
            train = order[fold_of[order] != number][:count]
            parts.append(_answers(context, study, number, train, test, question))
            places.append(test)
        for name in (*POINTS, OURS):
            answer = Forecast.join([part[name] for part in parts], places)
            labels = {"model": name, "domains": count or "all", "count": count or smallest}
            sheet.add(labels, fold_of, _scorer(truth, answer, mean))
    return sheet.frames()


def _scorer(truth: Truth, answer: Forecast, mean: Array) -> Scorer:
    def score(rows: Rows) -> dict[str, float]:
        return table_scores(truth.curves[rows], answer.curves[rows], mean[rows])

    return score


def _answers(
    context: Context,
    study: Study,
    number: int,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    question: Question,
) -> dict[str, Forecast]:
    """Train all models on some domains; what was trained on all of them is taken as it is."""
    bank = study.banks[PROCEDURAL]
    part, asked = bank.take(train), bank.vectors[0][test]
    whole = len(train) == (study.folds[PROCEDURAL] != number).sum()
    model = study.models[number]
    if not whole:
        model = fit_model([part], context.seed, **context.regressor)
    fold = Fold(bank.sizes, part.vectors[0], part.filled(bank.sizes), asked, context.seed)
    answers = answer_points(question, fold, POINTS)
    return answers | {OURS: ask_model(model, asked, question)}


def show(frames: Frames) -> Section:
    """Write R2 and MAE, one column a number of domains."""
    scores = frames["scores"]
    parts = [
        f"{title}\n\n{wide(scores, 'model', 'domains', name, COLUMNS[name].form)}"
        for title, name in (("R2", "r2"), ("MAE", "mae"))
    ]
    parts.append(_winner(scores))
    parts.append("![Error against the number of domains](images/result_bank_size.png)")
    return Section("\n\n".join(parts), {"result_bank_size.png": figures.bank_size(scores)})


def _winner(scores: pd.DataFrame) -> str:
    mean = scores.assign(domains=scores.domains.astype(str)).pivot_table(
        index="domains", columns="model", values="mae", sort=False
    )
    ours = mean[OURS]
    best = mean.drop(columns=OURS).min(axis=1)
    won = [label for label in mean.index if ours[label] <= best[label]]
    lost = [label for label in mean.index if ours[label] > best[label]]
    words = {"has the least MAE": won, "has not": lost}
    said = [f"it {verb} with {', '.join(names)}" for verb, names in words.items() if names]
    return f"Of the domains trained on, the {OURS} against all three: " + "; ".join(said) + "."
