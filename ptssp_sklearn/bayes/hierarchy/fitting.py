"""Fit a hierarchy of curves to points: draws of a chain, kept."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np
import pandas as pd

from ptssp_sklearn.bayes.hierarchy.levels import Levels, Spreads
from ptssp_sklearn.bayes.hierarchy.model import CurveHierarchy
from ptssp_sklearn.bayes.hierarchy.points import LevelPoints, MetricRelation
from ptssp_sklearn.bayes.hierarchy.sampler import Sampler
from ptssp_sklearn.bayes.noise import MeasurementNoise

N_SWEEPS, N_BURN, N_DRAWS = 3000, 800, 40


def fit_hierarchy(
    points: pd.DataFrame,
    *,
    n_sweeps: int = N_SWEEPS,
    n_burn: int = N_BURN,
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> CurveHierarchy:
    """Learn a hierarchy of curves.

    Parameters
    ----------
    points : DataFrame
        One row a score: group (the data set), learner, pretraining, metric, size (images; 0
        is before any), score (a fraction).
    n_sweeps, n_burn, n_draws : int
        Sweeps in all, those of the start that are not kept from, and draws that are kept.
    seed : int, default=0

    Returns
    -------
    hierarchy : CurveHierarchy

    Raises
    ------
    ValueError
        If a column is missing or there are fewer sweeps than asked draws.
    """
    if n_sweeps - n_burn < n_draws:
        raise ValueError(
            f"Got n_sweeps={n_sweeps} and n_burn={n_burn}, expected at least {n_draws} sweeps "
            "after the start."
        )
    relation = MetricRelation.fit(points)
    data = LevelPoints.of(points, relation)
    sampler = Sampler(data, np.random.default_rng(seed))
    kept = np.linspace(n_burn, n_sweeps - 1, n_draws).round().astype(int)
    draws: list[tuple[Levels, Spreads, MeasurementNoise]] = []
    for number in range(n_sweeps):
        sampler.sweep(tune=number < n_burn)
        if number in kept:
            draws.append((copy(sampler.levels), sampler.spreads, sampler.noise))
    return _hierarchy(draws, data, relation)


def _hierarchy(
    draws: list[tuple[Levels, Spreads, MeasurementNoise]],
    data: LevelPoints,
    relation: MetricRelation,
) -> CurveHierarchy:
    levels, spreads, noises = zip(*draws, strict=True)
    scale = float(np.exp(np.mean([np.log(one.scale) for one in noises])))
    slope = float(np.mean([one.slope for one in noises]))
    return CurveHierarchy(
        mean=np.array([one.mean for one in levels]),
        shifts=np.array([one.shifts for one in levels]),
        learner=np.array([one.learner for one in levels]),
        between_datasets=np.array([one.dataset for one in spreads]),
        between_learners=np.array([one.learner for one in spreads]),
        within=np.array([one.within for one in spreads]),
        noise=replace(noises[0], scale=scale, slope=slope),
        names=tuple(data.names),
        relation=relation,
    )
