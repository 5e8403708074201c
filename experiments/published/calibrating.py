"""Calibrate models of published detectors by curves of data sets that they did not see."""

from __future__ import annotations

from experiments.published.cases import SHOWN, Case
from ptssp_sklearn import TrainingSizePipeline
from ptssp_sklearn.bayes.calibration import Ranks, map_of_ranks, rank_measured
from ptssp_sklearn.bayes.quantile_levels import LevelMap
from ptssp_sklearn.pipeline import pipeline_of_vectors

RankPairs = dict[tuple[str, int], list[tuple[Ranks, Ranks]]]


def rank_cases(cases: list[Case], models: dict[str, TrainingSizePipeline]) -> RankPairs:
    """Rank what was measured beyond the points shown, by group and number of points."""
    found: RankPairs = {}
    for case in cases:
        for shown in SHOWN:
            if len(case.sizes) <= shown:
                continue
            believed = models[case.group].predict_distribution(
                None, pilot=case.shown(shown) or None, learner=case.learner
            )
            limit = float(case.sizes[shown - 1]) if shown else 0.0
            ranks = rank_measured(believed, case.sizes, case.scores[None], limit)
            found.setdefault((case.group, shown), []).append(ranks)
    return found


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


def calibrate_without(
    models: dict[str, TrainingSizePipeline], ranks: RankPairs
) -> dict[str, TrainingSizePipeline]:
    """Calibrate each group's model by the ranks of all other groups."""
    return {
        group: pipeline_of_vectors(model["regress"].calibrated(level_maps(ranks, group)))
        for group, model in models.items()
    }
