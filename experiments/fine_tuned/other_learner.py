"""One point of another learner on the same data set: how well it speaks for one's own."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.fine_tuned.folds import Models
from ptssp_sklearn.bayes import CurveDistribution

_SOURCE = "RF100-VL"
_LEAST_LEARNERS = 5


def other_learner(points: pd.DataFrame, models: Models, seed: int) -> pd.DataFrame:
    """Predict each learner's score at full size from a point of another.

    Parameters
    ----------
    points : DataFrame
        The ordinary points; those of RF100-VL count, six learners at full size.
    models : dict of LearnerCurveRegressor, by group
        None saw a point of its group.
    seed : int
        Draws the other learner.

    Returns
    -------
    scores : DataFrame
        One row a model and a learner on a data set: model, mae, cover and width.
    """
    rng = np.random.default_rng(seed)
    strict = points[(points["metric"] == "map50_95") & points["source"].str.contains(_SOURCE)]
    medians = _medians(strict)
    rows = []
    for (group, at), found in strict.groupby(["group", "size"]):
        size: float = float(str(at))
        known = found.drop_duplicates("learner")
        if len(known) < _LEAST_LEARNERS:
            continue
        scores = known["score"].to_numpy(dtype=float)
        names = known["learner"].astype(str).tolist()
        for place, (own, score) in enumerate(zip(names, scores, strict=True)):
            beside = (place + int(rng.integers(1, len(names)))) % len(names)
            value = float(scores[beside])
            pilot = [(size, value, names[beside])]
            ask = models[str(group)].predict_distribution
            answers: dict[str, float | CurveDistribution] = {
                "constant median": float(medians.drop(group).median()),
                "the other's score": value,
                "detectors, no point": ask(None, learner=own),
                "detectors, point of the other": ask(None, learner=own, pilot=pilot),
                "detectors, point said to be one's own": ask(
                    None, learner=own, pilot=[pilot[0][:2]]
                ),
            }
            rows += [
                {"model": name, **_judged(answer, size, float(score))}
                for name, answer in answers.items()
            ]
    return pd.DataFrame(rows)


def _medians(points: pd.DataFrame) -> pd.Series:
    """Give each group's median score at its largest size."""
    largest = points["size"] == points.groupby("group")["size"].transform("max")
    return points[largest].groupby("group")["score"].median()


def _judged(answer: float | CurveDistribution, size: float, score: float) -> dict[str, float]:
    if isinstance(answer, float):
        return {"mae": abs(answer - score)}
    middle = answer.curve_quantiles([size], [0.5], measured=False)[0, 0, 0]
    low, high = answer.curve_quantiles([size], [0.05, 0.95])[0, 0]
    inside = float(low <= score <= high)
    return {"mae": abs(middle - score), "cover": inside, "width": high - low}
