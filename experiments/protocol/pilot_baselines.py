"""What knows the pilot only: last value, power law, 4PL, and the unbounded `curve_fit`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.optimize import OptimizeWarning, curve_fit

from experiments.protocol.families import fit_power3, power3
from experiments.protocol.forecast import Forecast, Question
from ptssp_sklearn import SigmoidCurveFitter
from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.sigmoid import sigmoid_curve

GRID = np.geomspace(1.0, 1e6, 1201)
"""Sizes at which curves without a closed inverse are read off, images."""

_MOST_CALLS = 5000


def last_value(question: Question) -> Forecast:
    """Let every curve stay at its last measured score."""
    last = last_scores(question)[:, None]
    reached = question.pilot_sizes[-1]
    return Forecast(
        curves=np.repeat(last, len(question.sizes), axis=1),
        needed=np.where(question.targets <= last, reached, np.inf),
    )


def power_law(question: Question) -> Forecast:
    """Fit a - b n^-c by least squares with a in [0, 1] and b, c >= 0."""
    params = fit_power3(question.pilot_sizes, question.pilot_scores)
    return Forecast.of_points(question, GRID, np.clip(power3(GRID, params), 0.0, 1.0))


def logistic(question: Question) -> Forecast:
    """Fit the 4PL by `SigmoidCurveFitter`."""
    params = SigmoidCurveFitter().fit_transform(question.pilot())
    return Forecast.of_points(question, GRID, sigmoid_curve(GRID, params))


def unbounded(question: Question) -> Forecast:
    """Fit the 4PL by `scipy.optimize.curve_fit` without bounds, as published.

    Where it fails, or its curve is not finite, the last value is taken and counted.
    """
    curves = np.repeat(last_scores(question)[:, None], len(GRID), axis=1)
    failed = np.ones(len(question), dtype=bool)
    for row, scores in enumerate(question.pilot_scores):
        known = np.isfinite(scores)
        found = _fit_unbounded(question.pilot_sizes[known], scores[known])
        if found is not None:
            curves[row], failed[row] = found, False
    return replace(Forecast.of_points(question, GRID, curves), failed=failed)


def last_scores(question: Question) -> Array:
    """Give the last measured score of every row."""
    filled = pd.DataFrame(question.pilot_scores).ffill(axis=1)
    return filled.iloc[:, -1].to_numpy(dtype=float)


PILOT_ONLY: dict[str, Callable[[Question], Forecast]] = {
    "last value": last_value,
    "power law a - b n^-c": power_law,
    "4PL": logistic,
    "4PL, unbounded curve_fit": unbounded,
}


def _fit_unbounded(sizes: Array, scores: Array) -> Array | None:
    if len(sizes) < 4:
        return None
    start = [scores[0], 1.0, np.exp(np.log(sizes).mean()), scores[-1]]
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", OptimizeWarning)
            best, _ = curve_fit(_four, sizes, scores, p0=start, maxfev=_MOST_CALLS)
            curve = np.clip(_four(GRID, *best), 0.0, 1.0)
    except (RuntimeError, ValueError):
        return None
    return curve if np.isfinite(curve).all() else None


def _four(n: Array, a: float, b: float, c: float, d: float) -> Array:
    return d + (a - d) / (1 + (n / c) ** b)
