"""Train the model ``detectors`` on all ordinary points of both banks.

It is calibrated by curves of fine-tuned learners, each asked of a model that saw neither the
curve nor any other of its data set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from experiments.fine_tuned.calibrating import level_maps, rank_cases
from experiments.fine_tuned.card import write_card
from experiments.fine_tuned.cases import find_cases
from experiments.fine_tuned.data import BANKS, IMAGE_LEARNER, Known, load_known, parted
from experiments.fine_tuned.folds import FOLD_SWEEPS, fit_without, split
from ptssp_sklearn import ImageEmbedder, TrainingSizePipeline
from ptssp_sklearn.pipeline import save_model
from ptssp_sklearn.regression import LearnerCurveRegressor

BACKBONE = "quick_statistics"
_BURNT = 4


def train_detectors(path: Path, card: Path, *, n_sweeps: int, seed: int) -> Path:
    """Fit, calibrate and store the model, and write its card.

    Parameters
    ----------
    path : Path
        Of the model file.
    card : Path
        Of the page.
    n_sweeps : int
        Of the chain; a quarter is the start.
    seed : int
    """
    known = load_known()
    tuned = [case for case in find_cases(known.points) if case.fine_tuned]
    published, photographed = parted(tuned, known)
    folds = split(known.points, published, seed)
    models = fit_without(known, folds, seed=seed, n_sweeps=FOLD_SWEEPS)
    regressor = LearnerCurveRegressor(
        n_sweeps=n_sweeps, n_burn=n_sweeps // _BURNT, random_state=seed
    )
    fitted = regressor.fit(known.features, known.points).calibrated(
        level_maps(rank_cases(published, photographed, models, known))
    )
    steps = [("embed", _embedder(known)), ("regress", fitted)]
    save_model(TrainingSizePipeline(steps), path, about=describe(known))
    write_card(known, card)
    return path


def describe(known: Known) -> dict[str, Any]:
    """Say what the model is: stored with it."""
    points, n_photographed = known.points, known.features.index.nunique()
    groups, learners = points["group"].nunique(), points["learner"].nunique()
    return {
        "name": "detectors (published curves, photographs)",
        "banks": {
            BANKS[0]: {"datasets": groups - n_photographed, "learner": f"{learners} detectors"},
            BANKS[1]: {"datasets": n_photographed, "learner": IMAGE_LEARNER},
        },
        "metric": "map50_95",
        "shape": "boxes",
        "left_out": [],
        "warning": f"this model knows scores of {learners} detectors on {groups} data sets "
        f"(mAP50-95 of boxes) and images of {n_photographed} of them; a measured point sharpens "
        "it most.",
    }


def _embedder(known: Known) -> ImageEmbedder:
    """Give a fitted embedder of the features, and refuse features of another."""
    embedder = ImageEmbedder(BACKBONE, missing="nan").fit(np.zeros((1, 4, 8, 8, 3), np.uint8))
    if list(embedder.get_feature_names_out()) != list(known.features.columns):
        raise ValueError(
            f"Got features of another version than {BACKBONE!r} makes, expected those of "
            "`python -m experiments.photographs features`."
        )
    return embedder
