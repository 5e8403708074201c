"""Calibrate models of fine-tuned detectors by curves of data sets that they did not see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from experiments.fine_tuned.cases import SHOWN, Case
from experiments.fine_tuned.data import Known
from experiments.fine_tuned.folds import Models
from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.calibration import Ranks, map_of_ranks, rank_measured
from ptssp_sklearn.bayes.quantile_levels import LevelMap

RankPairs = dict[tuple[str, int], list[tuple[Ranks, Ranks]]]

N_IMAGES = (4, 8)
"""Labelled images of the rows that answers with images are calibrated by."""


def rank_cases(cases: Sequence[Case], models: Models, known: Known | None = None) -> RankPairs:
    """Rank what was measured beyond the points shown, by group and number of points.

    Parameters
    ----------
    cases : sequence of Case
    models : dict of LearnerCurveRegressor, by group
    known : Known, optional
        Gives rows of labelled images to ask with; by default it is asked without images.
    """
    found: RankPairs = {}
    for case in cases:
        X = None if known is None else _rows(known, case.group)
        n_rows = 1 if X is None else len(X)
        scores = np.tile(case.scores, (n_rows, 1))
        for shown in SHOWN:
            if len(case.sizes) <= shown:
                continue
            believed = models[case.group].predict_distribution(
                X, pilot=table_of(case, shown, n_rows), learner=case.learner
            )
            limit = float(case.sizes[shown - 1]) if shown else 0.0
            ranks = rank_measured(believed, case.sizes, scores, limit)
            found.setdefault((case.group, shown), []).append(ranks)
    return found


def table_of(case: Case, shown: int, n_rows: int) -> pd.DataFrame | None:
    """Give the first points of a case as a pilot of several rows."""
    if not shown:
        return None
    return pd.DataFrame(np.tile(case.scores[:shown], (n_rows, 1)), columns=case.sizes[:shown])


def level_maps(ranks: RankPairs, without: str = "") -> tuple[LevelMap, ...]:
    """Find the level maps by number of points: none, one, two, ….

    Parameters
    ----------
    ranks : dict
        What `rank_cases` gives.
    without : str, optional
        A group whose ranks must not count.
    """
    kept = {key: pairs for key, pairs in ranks.items() if key[0] != without}
    n_groups = len({group for group, _ in kept})
    parts = [
        [pair for (_, shown), pairs in kept.items() if shown == number for pair in pairs]
        for number in SHOWN
    ]
    return tuple(map_of_ranks(part, n_groups) for part in parts)


def calibrate_without(models: Models, ranks: RankPairs, of_images: RankPairs) -> Models:
    """Calibrate each group's model by the ranks of all other groups."""
    return {
        group: model.calibrated(level_maps(ranks, group), level_maps(of_images, group))
        for group, model in models.items()
    }


def _rows(known: Known, group: str) -> Array:
    return np.concatenate([known.rows(group, n, "given") for n in N_IMAGES])
