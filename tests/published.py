"""Points of three learners on forty data sets, drawn from a known hierarchy of curves."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from ptssp_sklearn import TrainingSizePipeline, load_curve_bank
from ptssp_sklearn.curves import from_unbounded, sigmoid_curve
from ptssp_sklearn.pipeline import pipeline_of_vectors
from ptssp_sklearn.regression import LearnerCurveRegressor

SIZES = np.array([8.0, 32.0, 128.0, 512.0])
MEAN = np.array([-1.0, -0.4, 3.5, 0.6])
SHIFT = np.array([0.8, 0.0, -0.5, 0.3])
BETWEEN, WITHIN, NOISE = 0.6, 0.1, 0.01


def drawn_points(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for dataset in range(40):
        own = MEAN + BETWEEN * rng.normal(size=4)
        for learner, trained in (("a", "coco"), ("b", "coco"), ("c", "grounding")):
            z = own + WITHIN * rng.normal(size=4) + (SHIFT if trained == "grounding" else 0)
            scores = sigmoid_curve(SIZES, from_unbounded(z)) + NOISE * rng.normal(size=4)
            for size, score in zip(SIZES, np.clip(scores, 0, 1), strict=True):
                rows.append((f"d{dataset}", learner, trained, "map50_95", size, score))
    columns = ["group", "learner", "pretraining", "metric", "size", "score"]
    return pd.DataFrame(rows, columns=columns)


@cache
def curves_alone() -> TrainingSizePipeline:
    """Fit published curves without images, once a process; it must not be changed."""
    settings = {"n_sweeps": 80, "n_burn": 40, "n_draws": 10, "random_state": 0}
    points = load_curve_bank("detectors").points
    pipeline = pipeline_of_vectors(LearnerCurveRegressor(**settings).fit(None, points))
    pipeline.about_ = {"name": "curves alone", "metric": "map50_95", "shape": "boxes"}
    return pipeline
