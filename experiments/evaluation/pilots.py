"""Tables with a pilot: how much a few measured points add, on banks and on real curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from experiments.evaluation import figures
from experiments.evaluation.context import CUTPASTE, PROCEDURAL, REAL, SOURCES, Context
from experiments.protocol.forecast import Forecast, Question
from experiments.protocol.markdown import (
    COLUMNS,
    INTERVALS,
    SHARP,
    SUFFICES,
    Column,
    Frames,
    Section,
    pick,
    table,
    wide,
)
from experiments.protocol.measures import scores_beyond
from experiments.protocol.pilot_baselines import PILOT_ONLY
from experiments.protocol.questions import CONDITIONS, Truth
from experiments.protocol.sheet import Scorer, Sheet
from ptssp_sklearn.curves.metrics import curve_mae

LIMITS = (4.0, 16.0, 64.0)
REAL_LIMITS = (0.0, 31.0, 51.0, 101.0, 201.0)
REAL_STEPS = (0.0, 10.0, 31.0, 51.0, 101.0, 201.0)
BANKS = {
    "procedural, the domain left out": (PROCEDURAL, PROCEDURAL),
    "cutpaste, a whole source left out": (SOURCES, CUTPASTE),
}
CONSTANT, POPULATION = "constant median", "population prior"
FAILED = {"failed": Column("no answer", ".0%")}


def measure(context: Context) -> Frames:
    """Score banks with images beyond pilots of a few sizes, and on one set of large sizes."""
    sheet = Sheet()
    steps: list[dict] = []
    for tested, (kind, name) in BANKS.items():
        sizes = context.load(name).sizes
        for limit in LIMITS:
            answers = _answers(context, kind, name, limit, tuple(CONDITIONS))
            _score(sheet, context, (kind, name), answers, tested, limit)
        beyond = sizes[-(len(sizes) // 4 + 2)]
        limits = [0.0, *sizes[sizes <= beyond]]
        steps += _stepwise(context, kind, name, limits, beyond, tested, tuple(CONDITIONS))
    return sheet.frames() | {"steps": pd.DataFrame(steps)}


def show(frames: Frames) -> Section:
    """Write the tables of banks with images."""
    section = _show(frames)
    page = {"result_pilots.png": figures.pilots(frames["steps"])}
    picture = "![Error against the size of the pilot](images/result_pilots.png)"
    return Section(f"{section}\n\n{picture}", page)


def measure_real(context: Context) -> Frames:
    """Score the curves of YOLOv8m-seg, without images, whole datasets left out."""
    tested = f"{REAL}, the dataset left out"
    sheet = Sheet()
    for limit in REAL_LIMITS:
        answers = _answers(context, REAL, REAL, limit, ())
        _score(sheet, context, (REAL, REAL), answers, tested, limit)
    steps = _stepwise(context, REAL, REAL, REAL_STEPS, max(REAL_STEPS), tested, ())
    return sheet.frames() | {"steps": pd.DataFrame(steps)}


def show_real(frames: Frames) -> Section:
    """Write the tables of the real curves."""
    return Section(_show(frames))


def _show(frames: Frames) -> str:
    columns = pick(*SHARP, *SUFFICES, *INTERVALS) | FAILED
    parts = []
    for tested, rows in frames["scores"].groupby("tested", sort=False):
        parts.append(f"**{tested}**\n\n{table(rows, ['pilot', 'model'], columns)}")
        steps = frames["steps"][frames["steps"].tested == tested]
        beyond = f"{steps.beyond.iloc[0]:g}"
        parts.append(
            f"Error against the number of pilot points, {tested}: MAE over the same sizes in "
            f"every column, those beyond {beyond} images. The first column has no pilot.\n\n"
            + wide(steps, "model", "points", "mae", COLUMNS["mae"].form)
        )
    return "\n\n".join(parts)


def _answers(
    context: Context, kind: str, name: str, limit: float, conditions: Sequence[str]
) -> Iterator[tuple[str, Forecast]]:
    """Ask everyone: who knows a constant, who knows the pilot, who knows both."""
    study, truth = context.study(kind), context.truth(kind, name)
    yield CONSTANT, study.ask_constant(name)
    if limit:
        question = Question.of(truth, limit)
        for model, forecast in PILOT_ONLY.items():
            yield model, forecast(question)
    yield POPULATION, context.ask(kind, name, None)
    for condition in conditions:
        yield f"{condition}, prior only", context.ask(kind, name, condition)
    if limit:
        yield f"{POPULATION} + pilot", context.ask(kind, name, None, limit)
        for condition in conditions:
            yield f"{condition} + pilot", context.ask(kind, name, condition, limit)


def _score(
    sheet: Sheet,
    context: Context,
    bank: tuple[str, str],
    answers: Iterator[tuple[str, Forecast]],
    tested: str,
    limit: float,
) -> None:
    """Score answers about a bank, given as the kind of its study and its name."""
    truth, folds = context.truth(*bank), context.study(bank[0]).folds[bank[1]]
    pilot = f"≤ {limit:g} images" if limit else "none"
    for model, answer in answers:
        labels = {"tested": tested, "pilot": pilot, "model": model}
        sheet.add(labels, folds, _scorer(truth, answer, limit))


def _scorer(truth: Truth, answer: Forecast, limit: float) -> Scorer:
    return lambda rows: scores_beyond(truth.take(rows), answer.take(rows), limit)


def _stepwise(
    context: Context,
    kind: str,
    name: str,
    limits: Sequence[float],
    beyond: float,
    tested: str,
    conditions: Sequence[str],
) -> Iterator[dict]:
    """Score more and more pilot points on the same sizes."""
    truth = context.truth(kind, name)
    measured = np.where(truth.sizes > beyond, truth.curves, np.nan)
    kept = np.isfinite(measured).any(axis=1)
    for limit in limits:
        answers = {POPULATION: context.ask(kind, name, None, limit)}
        answers |= {c: context.ask(kind, name, c, limit) for c in conditions}
        if limit:
            question = Question.of(truth, limit)
            answers |= {model: forecast(question) for model, forecast in PILOT_ONLY.items()}
        for model, answer in answers.items():
            yield {
                "tested": tested,
                "model": model,
                "beyond": beyond,
                "pilot": limit,
                "points": int((truth.sizes <= limit).sum()),
                "mae": curve_mae(measured[kept], answer.curves[kept]),
            }
