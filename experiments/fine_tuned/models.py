"""What is compared on the published curves: each a function of a case and the points shown."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from experiments.fine_tuned.cases import Answer, Case
from experiments.fine_tuned.folds import Models
from experiments.protocol.families import fit_power3, power3
from experiments.protocol.forecast import crossings
from ptssp_sklearn import SigmoidCurveFitter
from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves import sigmoid_curve
from ptssp_sklearn.regression import LearnerCurveRegressor

Model = Callable[[Case, int], Answer | None]

GRID = np.geomspace(0.5, 1e6, 1201)
"""Sizes at which curves without a closed inverse are read off, images."""


def baselines(cases: list[Case]) -> dict[str, Model]:
    """Give what knows the pilot only, and the constant median curve of the other groups."""
    return {
        "constant median": lambda case, shown: _constant(cases, case, shown),
        "last value": _last_value,
        "power law a - b n^-c": _power_law,
        "4PL of the pilot alone": _logistic,
    }


def detectors(models: Models) -> dict[str, Model]:
    """Give the model of detectors, the learner named and not."""
    return {
        "detectors, learner named": lambda case, shown: ask(
            models[case.group], case, shown, learner=case.learner
        )[0],
        "detectors, learner unknown": lambda case, shown: ask(models[case.group], case, shown)[0],
    }


def ask(
    model: LearnerCurveRegressor,
    case: Case,
    shown: int,
    *,
    learner: str | None = None,
    X: Array | None = None,
) -> list[Answer]:
    """Ask a model about a case, with each row of features of its images, or once without any."""
    n_rows = 1 if X is None else len(X)
    believed = model.predict_distribution(X, pilot=case.pilot(shown, n_rows), learner=learner)
    targets = case.targets()[0]
    return [Answer.of(believed.row(k), case.sizes[shown:], targets) for k in range(n_rows)]


def of_curve(case: Case, shown: int, curve: Array) -> Answer:
    """Read an answer off a curve on `GRID`."""
    log_grid = np.log(GRID)
    scores = np.interp(np.log(case.sizes[shown:]), log_grid, curve)
    return Answer(scores, crossings(log_grid, curve, case.targets()[0])[:, None])


def _constant(cases: list[Case], case: Case, shown: int) -> Answer:
    log_grid = np.log(GRID)
    others = [
        np.interp(log_grid, np.log(one.sizes), one.scores, left=np.nan, right=np.nan)
        for one in cases
        if one.group != case.group
    ]
    median = pd.DataFrame(others).median().interpolate(limit_direction="both").to_numpy()
    return of_curve(case, shown, median)


def _last_value(case: Case, shown: int) -> Answer | None:
    if not shown:
        return None
    return of_curve(case, shown, np.full(len(GRID), case.scores[shown - 1]))


def _power_law(case: Case, shown: int) -> Answer | None:
    if shown < 2:
        return None
    params = fit_power3(case.sizes[:shown], case.scores[None, :shown])
    return of_curve(case, shown, np.clip(power3(GRID, params), 0.0, 1.0)[0])


def _logistic(case: Case, shown: int) -> Answer | None:
    if not shown:
        return None
    table = pd.DataFrame([case.scores[:shown]], columns=case.sizes[:shown])
    params = SigmoidCurveFitter().fit_transform(table)
    return of_curve(case, shown, sigmoid_curve(GRID, params)[0])
