"""Models that never saw a group: one fit a fold, kept on disk while the data stay the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

import ptssp_sklearn.bayes.hierarchy
from experiments.fine_tuned.cases import Case
from experiments.fine_tuned.data import Known
from ptssp_sklearn.pipeline import load_model, pipeline_of_vectors, save_model
from ptssp_sklearn.regression import LearnerCurveRegressor

KEPT = Path(".cache/fine_tuned")
FOLD_SWEEPS = 400
"""Of the chains of a fold, by default."""

Models = dict[str, LearnerCurveRegressor]


def split(points: pd.DataFrame, cases: list[Case], seed: int) -> list[list[str]]:
    """Share the groups out: each that has a case in a fold of its own, the rest at random."""
    curved = sorted({case.group for case in cases})
    others = sorted(set(points["group"]) - set(curved))
    places = np.random.default_rng(seed).permutation(len(others)) % len(curved)
    return [
        [group, *[other for other, place in zip(others, places, strict=True) if place == number]]
        for number, group in enumerate(curved)
    ]


def fit_without(known: Known, folds: list[list[str]], *, seed: int, n_sweeps: int) -> Models:
    """Fit a model for each group that saw nothing of it.

    Parameters
    ----------
    known : Known
        The ordinary points, and the features.
    folds : list of list of str
        Groups left out together.
    seed : int
    n_sweeps : int
        Of each chain; a quarter of them is the start.

    Returns
    -------
    models : dict of LearnerCurveRegressor, by group
    """
    models: Models = {}
    for left_out in folds:
        models |= dict.fromkeys(left_out, _fit(known.without(left_out), seed, n_sweeps))
    return models


def _fit(known: Known, seed: int, n_sweeps: int) -> LearnerCurveRegressor:
    """Fit, or read the hierarchy, which takes the time, and learn the images anew."""
    path = KEPT / f"{_key(known.points, seed, n_sweeps)}.safetensors"
    if not path.exists():
        regressor = LearnerCurveRegressor(
            n_sweeps=n_sweeps, n_burn=n_sweeps // 4, random_state=seed
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        save_model(pipeline_of_vectors(regressor.fit(None, known.points)), path)
    regressor = load_model(path)["regress"]
    features = known.features if len(known.features) else None
    return regressor.learn_images(features, known.points)


def _key(points: pd.DataFrame, seed: int, n_sweeps: int) -> str:
    code = sorted(Path(ptssp_sklearn.bayes.hierarchy.__file__).parent.glob("*.py"))
    parts = [path.read_text() for path in code]
    parts += [points.to_csv(index=False), f"{seed} {n_sweeps}"]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]
