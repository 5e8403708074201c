"""Rounds of collecting up to a target, with policies that say how many images to have.

References
----------
.. [1] Mahmood, R., Lucas, J., Alvarez, J. M., Fidler, S., Law, M. T. (2022). Optimizing data
   collection for machine learning. NeurIPS 35.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from experiments.protocol.cross_validation import Study
from experiments.protocol.families import fit_power3, power3
from experiments.protocol.forecast import crossings
from experiments.protocol.pilot_baselines import GRID
from experiments.protocol.questions import Truth
from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.pipeline.planning import plan_collection

ROUNDS = (1, 3, 5)
SAFE, FIRST, LAST = 0.8, (0.1, 0.5), 0.95

Policy = Callable[[NDArray, pd.DataFrame, Array, int], Array]
"""Rows, what was measured of them, their targets, rounds left after this -> images to have."""


@dataclass(frozen=True)
class Campaign:
    """Curves to collect for, from a pilot on.

    Parameters
    ----------
    truth : Truth
        With one target a row.
    start : float
        Largest size of the pilot, images.
    """

    truth: Truth
    start: float

    def __post_init__(self) -> None:
        rising = []
        for scores in self.truth.curves:
            known = np.isfinite(scores)
            places = np.log(self.truth.sizes[known])
            rising.append((places, IsotonicRegression().fit_transform(places, scores[known])))
        object.__setattr__(self, "_rising", rising)

    def rows(self) -> NDArray[np.intp]:
        """Give the rows whose target is reached beyond the pilot."""
        return np.flatnonzero(np.nan_to_num(self.truth.needed[:, 0]) > self.start)

    def largest(self, row: int) -> float:
        """Give the largest measured size of a row, images."""
        return float(np.round(np.exp(self._rising[row][0][-1])))  # type: ignore[attr-defined]

    def read(self, row: int, size: float) -> float:
        """Read a score off the measured curve: isotonic on log size, interpolated."""
        return float(np.interp(np.log(size), *self._rising[row]))  # type: ignore[attr-defined]

    def pilot(self, row: int) -> dict[float, float]:
        """Give what is measured at the start."""
        pairs = zip(self.truth.sizes, self.truth.curves[row], strict=True)
        return {size: score for size, score in pairs if size <= self.start and np.isfinite(score)}

    def run(self, rows: NDArray[np.intp], policy: Policy, rounds: int) -> pd.DataFrame:
        """Collect for some rows, each until its target is reached or the rounds are over.

        Returns
        -------
        history : DataFrame
            One row a row and round: ``row``, ``round``, ``collected``, ``reached``, and
            ``cap``, whether the policy asked for all that was measured or more.
        """
        measured = {row: self.pilot(row) for row in rows}
        total = {row: max(measured[row], default=0.0) for row in rows}
        done = {row: {"collected": total[row], "reached": False, "cap": False} for row in rows}
        history = []
        for number in range(1, rounds + 1):
            left = np.array([row for row in rows if not done[row]["reached"]], dtype=np.intp)
            if len(left):
                table = pd.DataFrame([measured[row] for row in left]).sort_index(axis=1)
                target = self.truth.targets[left, 0]
                asked = policy(left, table, target, rounds - number)
                for row, size in zip(left, asked, strict=True):
                    done[row] = self._collect(row, size, total, measured)
            history += [{"row": row, "round": number, **done[row]} for row in rows]
        return pd.DataFrame(history)

    def _collect(
        self, row: int, asked: float, total: dict[int, float], measured: dict[int, dict]
    ) -> dict:
        largest = self.largest(row)
        size = min(max(np.ceil(min(asked, largest)), total[row] + 1), largest)
        score = self.read(row, size)
        total[row], measured[row][size] = size, score
        reached = bool(score >= self.truth.targets[row, 0] - 1e-9)
        return {"collected": size, "reached": reached, "cap": bool(size >= largest)}


def power_law(rows: NDArray, table: pd.DataFrame, target: Array, left: int) -> Array:
    """Ask for the size at which a fitted power law reaches the target."""
    params = fit_power3(table.columns.to_numpy(dtype=float), table.to_numpy())
    curves, places = power3(GRID, params), np.log(GRID)
    pairs = zip(curves, target, strict=True)
    return np.array([crossings(places, curve, np.array([goal]))[0] for curve, goal in pairs])


def oracle(campaign: Campaign) -> Policy:
    """Ask for what is needed: the best that can be done."""
    return lambda rows, table, target, left: campaign.truth.needed[rows, 0]


def ours(
    study: Study, number: int, vectors: Array | None, levels: Callable[[int], float] | None
) -> Policy:
    """Ask for the central size, or for quantiles by the rounds that are left."""

    def ask(rows: NDArray, table: pd.DataFrame, target: Array, left: int) -> Array:
        found = _believed(study, number, vectors, rows, table)
        return found.required_sizes(target, 0.5 if levels is None else levels(left))[:, 0]

    return ask


def planned(study: Study, number: int, vectors: Array | None, largest: float) -> Policy:
    """Ask for the next size of `plan`."""

    def ask(rows: NDArray, table: pd.DataFrame, target: Array, left: int) -> Array:
        found = _believed(study, number, vectors, rows, table)
        labelled = np.nan_to_num(table.notna() * table.columns.to_numpy(dtype=float)).max(axis=1)
        plans = [
            plan_collection(
                found.row(place),
                float(target[place]),
                labelled=int(labelled[place]),
                rounds=left + 1,
                probability=LAST,
                max_size=largest + 1.0,
            )
            for place in range(len(rows))
        ]
        return np.array([plan.next_size for plan in plans], dtype=float)

    return ask


def _believed(
    study: Study, number: int, vectors: Array | None, rows: NDArray, table: pd.DataFrame
) -> CurveDistribution:
    """Ask a fold's model about rows, with what was measured of them."""
    X = None if vectors is None else vectors[rows]
    return study.models[number].predict_distribution(X, pilot=table)


def policies(
    study: Study, name: str, condition: str | None, largest: float
) -> Iterator[tuple[str, bool, Callable]]:
    """List the policies: name, whether it heeds the rounds left, and how to make it for a fold."""
    vectors = None if condition is None else study.banks[name].of(condition)
    who = "population" if condition is None else condition
    yield "power law a - b n^-c", False, lambda number: power_law
    if condition is not None:
        yield "population, central size", False, lambda k: ours(study, k, None, None)
    yield f"{who}, central size", False, lambda k: ours(study, k, vectors, None)
    yield f"{who}, quantile {SAFE:g}", False, lambda k: ours(study, k, vectors, lambda left: SAFE)
    for first in FIRST:
        title = f"{who}, quantile {first:g} rising to {LAST:g}"
        yield title, True, lambda k, first=first: ours(study, k, vectors, rising(first))
    if condition is None:
        yield f"{who}, `plan`", True, lambda k: planned(study, k, vectors, largest)


def rising(first: float) -> Callable[[int], float]:
    """Give the level of a round by the rounds left: evenly from `first`, five before the end."""
    return lambda left: LAST - (LAST - first) * min(left / (ROUNDS[-1] - 1), 1.0)


def simulate(
    study: Study, name: str, campaign: Campaign, make: Callable[[int], Policy], ends: bool
) -> dict[int, pd.DataFrame]:
    """Collect for every row by its fold's policy; give what stands after 1, 3 and 5 rounds."""
    rows, folds = campaign.rows(), study.folds[name]

    def play(rounds: int) -> pd.DataFrame:
        numbers = np.unique(folds[rows])
        return pd.concat(
            [campaign.run(rows[folds[rows] == k], make(int(k)), rounds) for k in numbers]
        )

    return after_rounds(play, ends)


def after_rounds(play: Callable[[int], pd.DataFrame], ends: bool) -> dict[int, pd.DataFrame]:
    """Give what stands after 1, 3 and 5 rounds; a policy that heeds their end plays each.

    Parameters
    ----------
    play : callable
        Number of rounds -> their history, as of `Campaign.run`.
    ends : bool
        Whether the policy heeds the rounds that are left.
    """
    if ends:
        return {rounds: _after(play(rounds), rounds) for rounds in ROUNDS}
    whole = play(max(ROUNDS))
    return {rounds: _after(whole, rounds) for rounds in ROUNDS}


def _after(history: pd.DataFrame, rounds: int) -> pd.DataFrame:
    return history[history["round"] == rounds]
