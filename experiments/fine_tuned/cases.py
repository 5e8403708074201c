"""Curves of whole data sets left out, what is asked of them, and how an answer is judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.curves.metrics import reached_sizes, size_errors

CERTAINTIES = (0.5, 0.8, 0.9)
SHOWN = (0, 1, 2, 3)
"""Measured points, the first of a curve by size, beyond which it is asked about."""

_LEAST_SIZES = 3


@dataclass(frozen=True)
class Case:
    """A published curve.

    Parameters
    ----------
    group, learner, pretraining : str
    sizes : ndarray of shape (n_sizes,), images, ascending
    scores : ndarray of shape (n_sizes,), mAP50-95
    """

    group: str
    learner: str
    pretraining: str
    sizes: Array
    scores: Array

    @property
    def fine_tuned(self) -> bool:
        """Whether the learner knew other images before: tables set training from scratch apart."""
        return self.pretraining != "none"

    def pilot(self, shown: int, n_rows: int = 1) -> pd.DataFrame | None:
        """Give the first measured points as a pilot of equal rows; None where there are none."""
        if not shown:
            return None
        return pd.DataFrame(np.tile(self.scores[:shown], (n_rows, 1)), columns=self.sizes[:shown])

    def targets(self) -> tuple[Array, Array]:
        """Give targets at 50, 75 and 90 % of the final score, and where they were reached."""
        return reached_sizes(self.sizes, self.scores)


@dataclass(frozen=True)
class Answer:
    """What a model says of a case.

    Parameters
    ----------
    scores : ndarray of shape (n_asked,)
        At the sizes beyond what was shown.
    needed : ndarray of shape (n_targets, n_certainties), images
        By `CERTAINTIES`; one column for all where a model gives one number.
    band : ndarray of shape (2, n_asked), optional
        Ends of the 90 % interval of the score one would measure.
    """

    scores: Array
    needed: Array
    band: Array | None = None

    @classmethod
    def of(cls, believed: CurveDistribution, sizes: Array, targets: Array) -> Answer:
        """Read off a distribution: the median curve, and the sizes that suffice."""
        needed = believed.repeat(len(targets)).required_sizes(targets, CERTAINTIES)
        band = believed.curve_quantiles(sizes, [0.05, 0.95])[0].T
        return cls(believed.certain_scores(sizes)[0], needed, band)


def find_cases(points: pd.DataFrame) -> list[Case]:
    """Find the curves of at least three sizes; size 0 is no training."""
    points = points[(points["metric"] == "map50_95") & (points["size"] > 0)]
    found = []
    for (group, learner, trained), rows in points.groupby(["group", "learner", "pretraining"]):
        curve = rows.groupby("size")["score"].mean()
        if len(curve) >= _LEAST_SIZES:
            sizes = curve.index.to_numpy(dtype=float)
            names = (str(group), str(learner), str(trained))
            found.append(Case(*names, sizes, curve.to_numpy(dtype=float)))
    return found


def judge(case: Case, n_shown: int, answer: Answer) -> dict[str, float | str | int]:
    """Score an answer beyond the points that were shown.

    Returns
    -------
    scores : dict
        mae; cover and width of the band; within_2x, log10_size and suffices_50, _80, _90
        over the targets that were not reached within the points shown, NaN where there are
        none.
    """
    asked = case.scores[n_shown:]
    row: dict[str, float | str | int] = {
        "group": case.group,
        "learner": case.learner,
        "pretraining": case.pretraining,
        "shown": n_shown,
        "mae": float(np.abs(answer.scores - asked).mean()),
    }
    if answer.band is not None:
        low, high = answer.band
        row["cover"] = float(((asked >= low) & (asked <= high)).mean())
        row["width"] = float((high - low).mean())
    _, true = case.targets()
    limit = case.sizes[n_shown - 1] if n_shown else 0.0
    open_ = np.isfinite(true) & (np.nan_to_num(true) > limit)
    if open_.any():
        needed, goal = answer.needed[open_], true[open_]
        errors = size_errors(goal, needed[:, 0])
        row["log10_size"] = float(errors.mean())
        row["within_2x"] = float((errors <= np.log10(2)).mean())
        for place, certainty in enumerate(CERTAINTIES):
            column = needed[:, min(place, needed.shape[1] - 1)]
            row[f"suffices_{certainty:.0%}".rstrip("%")] = float((goal <= column).mean())
    return row
