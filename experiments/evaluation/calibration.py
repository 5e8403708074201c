"""Nominal against empirical coverage, without and with a pilot."""

from __future__ import annotations

from experiments.evaluation import figures
from experiments.evaluation.context import CUTPASTE, PROCEDURAL, REAL, SOURCES, Context
from experiments.protocol.forecast import NOMINAL, Forecast
from experiments.protocol.markdown import INTERVALS, Frames, Section, pick, table
from experiments.protocol.measures import coverage
from experiments.protocol.questions import Truth
from experiments.protocol.sheet import Scorer, Sheet

MASKS = "four images + masks"
CASES = {
    "procedural, four images + masks": (PROCEDURAL, PROCEDURAL, MASKS, (0.0, 4.0, 16.0, 64.0)),
    "procedural, population": (PROCEDURAL, PROCEDURAL, None, (0.0, 16.0)),
    "cutpaste, source left out, four images + masks": (SOURCES, CUTPASTE, MASKS, (0.0, 16.0)),
    "yolov8m-seg, population": (REAL, REAL, None, (0.0, 51.0, 101.0)),
}


def measure(context: Context) -> Frames:
    """Count how often intervals of four levels hold the measured score and the true size."""
    sheet = Sheet()
    for asked, (kind, name, condition, limits) in CASES.items():
        truth, folds = context.truth(kind, name), context.study(kind).folds[name]
        for limit in limits:
            answer = context.ask(kind, name, condition, limit)
            pilot = f"≤ {limit:g}" if limit else "none"
            for nominal in NOMINAL:
                labels = {"asked": asked, "pilot": pilot, "nominal": nominal}
                sheet.add(labels, folds, _scorer(truth, answer, nominal, limit))
    return sheet.frames()


def _scorer(truth: Truth, answer: Forecast, nominal: float, limit: float) -> Scorer:
    return lambda rows: coverage(truth.take(rows), answer.take(rows), nominal, limit)


def show(frames: Frames) -> Section:
    """Write the table, and draw nominal against empirical coverage."""
    scores = frames["scores"]
    written = scores.assign(nominal=[f"{level:.0%}" for level in scores.nominal])
    text = table(written, ["asked", "pilot", "nominal"], pick(*INTERVALS))
    picture = "![Nominal and empirical coverage](images/result_calibration.png)"
    drawn = {"result_calibration.png": figures.calibration(scores)}
    return Section(f"{text}\n\n{picture}", drawn)
