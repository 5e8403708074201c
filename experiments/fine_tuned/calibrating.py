"""Calibrate models of fine-tuned detectors by curves of data sets that they did not see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.fine_tuned.cases import SHOWN, Case
from experiments.fine_tuned.data import Known
from experiments.fine_tuned.folds import Models
from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.calibration import Ranks, map_of_ranks, rank_measured
from ptssp_sklearn.bayes.quantile_levels import LevelMap
from ptssp_sklearn.regression.hierarchical.learner_regressor import LearnerCurveRegressor, question

RankPairs = dict[tuple[str, str, int], list[tuple[Ranks, Ranks]]]
"""By group, question and number of points."""

N_IMAGES = (4, 8)
"""Labelled images of the rows that answers with images are calibrated by."""


def rank_cases(
    published: Sequence[Case], photographed: Sequence[Case], models: Models, known: Known
) -> RankPairs:
    """Rank what was measured beyond the points shown.

    Parameters
    ----------
    published, photographed : sequence of Case
        Without images, and with them: these are asked about both ways.
    models : dict of LearnerCurveRegressor, by group
    known : Known
    """
    found: RankPairs = {}
    asked: list[tuple[Case, Array | None]] = [(case, None) for case in [*published, *photographed]]
    asked += [(case, _rows(known, case.group)) for case in photographed]
    for case, X in asked:
        for learner in (case.learner, None):
            for shown in SHOWN:
                if len(case.sizes) > shown:
                    key = case.group, question(learner, X), shown
                    ranks = _ranks(models[case.group], case, X, learner, shown)
                    found.setdefault(key, []).append(ranks)
    return found


def _ranks(
    model: LearnerCurveRegressor, case: Case, X: Array | None, learner: str | None, shown: int
) -> tuple[Ranks, Ranks]:
    n_rows = 1 if X is None else len(X)
    believed = model.predict_distribution(X, pilot=case.pilot(shown, n_rows), learner=learner)
    limit = float(case.sizes[shown - 1]) if shown else 0.0
    return rank_measured(believed, case.sizes, np.tile(case.scores, (n_rows, 1)), limit)


def level_maps(ranks: RankPairs, without: str = "") -> dict[str, tuple[LevelMap, ...]]:
    """Find the level maps of each question by number of points: none, one, two, ….

    Parameters
    ----------
    ranks : dict
        What `rank_cases` gives.
    without : str, optional
        A group whose ranks must not count.
    """
    kept = {key: pairs for key, pairs in ranks.items() if key[0] != without}
    maps = {}
    for name in dict.fromkeys(name for _, name, _ in kept):
        own = {key: pairs for key, pairs in kept.items() if key[1] == name}
        n_groups = len({group for group, _, _ in own})
        parts = [
            [pair for (_, _, shown), pairs in own.items() if shown == number for pair in pairs]
            for number in SHOWN
        ]
        maps[name] = tuple(map_of_ranks(part, n_groups) for part in parts)
    return maps


def calibrate_without(models: Models, ranks: RankPairs) -> Models:
    """Calibrate each group's model by the ranks of all other groups."""
    return {group: model.calibrated(level_maps(ranks, group)) for group, model in models.items()}


def _rows(known: Known, group: str) -> Array:
    return np.concatenate([known.rows(group, n, "given") for n in N_IMAGES])
