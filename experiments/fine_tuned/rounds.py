"""Collecting in rounds on the published curves, by the protocol of LOC.

From what was measured with at most so many images, a policy says how many to have next; a
failure is a target missed after the last round, the cost what was collected beyond need [1]_.

References
----------
.. [1] Mahmood, R., Lucas, J., Alvarez, J. M., Fidler, S., Law, M. T. (2022). Optimizing data
   collection for machine learning. NeurIPS 35.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.evaluation.campaigns import (
    LAST,
    SAFE,
    Campaign,
    Policy,
    after_rounds,
    power_law,
    rising,
)
from experiments.evaluation.rounds import outcome
from experiments.fine_tuned.cases import Case
from experiments.fine_tuned.folds import Models
from experiments.protocol.questions import Truth
from ptssp_sklearn._typing import Array

GOALS, STARTS = (0.75, 0.9), (16.0, 64.0)
FIRST = 0.5


def collect_in_rounds(cases: list[Case], models: Models, seed: int) -> pd.DataFrame:
    """Collect for every curve that reaches its target beyond the start, by every policy.

    Parameters
    ----------
    cases : list of Case
    models : dict of LearnerCurveRegressor
        By group; each never saw its group.
    seed : int
        Noted in each row.

    Returns
    -------
    table : DataFrame
        One row a start, target and policy: curves, fail_1 …, cost_1 ….
    """
    found = []
    for goal in GOALS:
        truth = _truth(cases, goal)
        for start in STARTS:
            campaign = Campaign(truth, start)
            for name, heeds_end, policy in _policies(cases, models):
                played = _play(campaign, policy, heeds_end)
                labels = {"start": f"≤ {start:g}", "target": f"{goal:.0%}", "policy": name}
                found.append({**labels, **outcome(campaign, played), "seed": seed})
    return pd.DataFrame(found)


def _truth(cases: list[Case], goal: float) -> Truth:
    curves = [pd.Series(case.scores, case.sizes) for case in cases]
    table = pd.DataFrame(curves).sort_index(axis=1)
    return Truth.of(table.columns.to_numpy(dtype=float), table.to_numpy(), (goal,))


def _play(campaign: Campaign, policy: Policy, heeds_end: bool) -> dict[int, pd.DataFrame]:
    rows = campaign.rows()
    return after_rounds(lambda rounds: campaign.run(rows, policy, rounds), heeds_end)


def _policies(cases: list[Case], models: Models) -> Iterator[tuple[str, bool, Policy]]:
    yield "power law a - b n^-c", False, _power_law_or_double
    yield "detectors, 50 %", False, _asked(cases, models, lambda left: 0.5)
    yield "detectors, 80 %", False, _asked(cases, models, lambda left: SAFE)
    name = f"detectors, {FIRST:.0%} rising to {LAST:.0%} in the last round"
    yield name.replace("%", " %"), True, _asked(cases, models, rising(FIRST))


def _power_law_or_double(rows: NDArray, table: pd.DataFrame, target: Array, left: int) -> Array:
    """Fit a power law where three points are known; before, double what there is."""
    asked = 2.0 * np.nan_to_num(table.notna() * table.columns.to_numpy(dtype=float)).max(axis=1)
    asked = np.maximum(asked, 1.0)
    full = (table.notna().sum(axis=1) >= 3).to_numpy()
    if full.any():
        asked[full] = power_law(rows[full], table[full], target[full], left)
    return asked


def _asked(
    cases: list[Case],
    models: Models,
    certainty: Callable[[int], float],
) -> Policy:
    """Ask for the size that suffices with a certainty, which may hang on the rounds left."""

    def policy(rows: NDArray, table: pd.DataFrame, target: Array, left: int) -> Array:
        found = []
        for place, row in enumerate(rows):
            case, measured = cases[row], table.iloc[place].dropna()
            believed = models[case.group].predict_distribution(
                None, pilot=list(measured.items()) or None, learner=case.learner
            )
            level = certainty(left)
            found.append(believed.required_sizes(target[[place]], level)[0, 0])
        return np.array(found)

    return policy
