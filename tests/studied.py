"""Results of studies that no training made."""

from __future__ import annotations

from dataclasses import replace

from experiments.studies.catalogue import CATALOGUE
from experiments.studies.results import Result


def result(study: str = "mnist-mlp", score: float = 0.5, **changes) -> Result:
    """Give a result of a study with one score throughout."""
    setup = CATALOGUE[study].stand_in
    scores = dict.fromkeys(("accuracy", "precision", "recall", "f1", "iou", "map50_95"), score)
    blank = Result("paper boats", setup.settings(), 1.0, 100, 0, scores, 3, 1.5, machine="here")
    return replace(blank, **changes)
