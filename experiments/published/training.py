"""Train the model ``detectors`` on all ordinary points of its bank.

It is calibrated by curves of fine-tuned learners, each asked of a model that saw neither the
curve nor any other of its data set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from experiments.published.calibrating import level_maps, rank_cases
from experiments.published.cases import find_cases
from experiments.published.folds import FOLD_SWEEPS, fit_without, split
from ptssp_sklearn import load_curve_bank
from ptssp_sklearn.pipeline import pipeline_of_vectors, save_model
from ptssp_sklearn.regression import LearnerCurveRegressor

_BURNT = 4


def train_detectors(path: Path, *, n_sweeps: int, seed: int) -> Path:
    """Fit, calibrate and store the model.

    Parameters
    ----------
    path : Path
        Of the model file.
    n_sweeps : int
        Of the chain; a quarter is the start.
    seed : int
    """
    points = load_curve_bank("detectors").points
    cases = find_cases(points)
    models = fit_without(points, split(points, cases, seed), seed=seed, n_sweeps=FOLD_SWEEPS)
    regressor = LearnerCurveRegressor(
        n_sweeps=n_sweeps, n_burn=n_sweeps // _BURNT, random_state=seed
    )
    tuned = [case for case in cases if case.fine_tuned]
    fitted = regressor.fit(None, points).calibrated(level_maps(rank_cases(tuned, models)))
    save_model(pipeline_of_vectors(fitted), path, about=describe(points))
    return path


def describe(points: pd.DataFrame) -> dict[str, Any]:
    """Say what the model is: stored with it."""
    groups, learners = points["group"].nunique(), points["learner"].nunique()
    return {
        "name": "detectors (published curves, no images)",
        "banks": {"detectors": {"datasets": groups, "learner": f"{learners} detectors"}},
        "metric": "map50_95",
        "shape": "boxes",
        "left_out": [],
        "warning": "this model looks at no image: it knows published scores of "
        f"{learners} detectors on {groups} groups of data sets (mAP50-95 of boxes), and says what "
        "a task like those needs; a measured point sharpens it most.",
    }
