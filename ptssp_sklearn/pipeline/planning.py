"""What to label next: sizes of the rounds in which a target is reached at least cost.

The protocol is that of Mahmood et al. [1]_: in each of a few rounds images are labelled, the
learner is trained and measured; the collection ends when the target is reached, or with
the last round.

References
----------
.. [1] Mahmood, R., Lucas, J., Alvarez, J. M., Fidler, S., Law, M. T. (2022). Optimizing data
   collection for machine learning. NeurIPS 35.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.bayes.metric_relation import METRIC_LABELS
from ptssp_sklearn.curves.sigmoid import whole_images
from ptssp_sklearn.pipeline._simulation import Rollouts, Simulator

_FIRST_LEVELS = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85)
_ROUNDING = 1e-9
_MISSES = (4.0, 2.0, 1.0, 0.5, 0.25, 0.1, 0.02)


@dataclass(frozen=True)
class Costs:
    """What a collection costs, in any one currency.

    Parameters
    ----------
    image : float, default=1.0
        Cost of labelling an image.
    measurement : float, default=0.0
        Cost of a training with its measurement.
    failure : float, default=0.0
        Cost of missing the target.
    """

    image: float = 1.0
    measurement: float = 0.0
    failure: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value < np.inf:
                raise ValueError(f"Got the cost {value:g} of {name}, expected at least 0.")

    def of(self, rollouts: Rollouts) -> float:
        """Give the mean cost of simulated collections."""
        bought = rollouts.final.mean() - rollouts.labelled
        trained = rollouts.on.sum(axis=1).mean()
        missed = (1.0 - rollouts.success) * self.failure
        return float(self.image * bought + self.measurement * trained + missed)


@dataclass(frozen=True)
class CollectionPlan:
    """How to go on collecting.

    Attributes
    ----------
    target_map : float
    next_size : int
        Images to have labelled in all when the learner is measured next.
    expected_size : float
        Images at the end of the collection, the mean of the possible candidates.
    expected_cost : float
        Cost of what is still to be labelled and measured.
    probability : float
        Chance that the target is reached by the end.
    asked_probability : float
    sufficient_size : float
        Images that suffice in one go with the probability asked for, as `required_size` gives
        them; inf where none do. The first round never asks for more.
    best_probability : float
        That the target can be reached at all, with `max_size` images.
    rounds : DataFrame
        One row a round: size (median of the images in all, where the round is needed), needed
        (probability that it is), reached (probability by its end) and expected (score that
        the median curve has with this size).
    metric : {"map50_95", "map50"}
        What the target is of.
    """

    target_map: float
    next_size: int
    expected_size: float
    expected_cost: float
    probability: float
    asked_probability: float
    sufficient_size: float
    best_probability: float
    rounds: pd.DataFrame
    metric: str = "map50_95"

    @property
    def reachable(self) -> bool:
        """Whether the target can be reached with the probability asked for."""
        return self.best_probability >= self.asked_probability

    def sentence(self) -> str:
        """Say the plan in words."""
        goal = f"{METRIC_LABELS[self.metric]} {self.target_map:g}"
        if not len(self.rounds):
            with_images = f"{self.next_size:,} image{'' if self.next_size == 1 else 's'}"
            return f"{goal} is reached already, with {with_images}."
        start = f"Label {self.next_size:,} image{'' if self.next_size == 1 else 's'} in all, then "
        start += f"measure ({self.rounds['expected'].iloc[0]:.2f} is expected)"
        if not self.reachable:
            return (
                f"{goal} is likely out of reach: at best {self.best_probability:.0%}, "
                f"{self.asked_probability:.0%} asked for. {start} to know more."
            )
        return (
            f"{start}; {_rounds(len(self.rounds))} {goal} with {self.probability:.0%} "
            f"and about {self.expected_size:,.0f} images (cost {self.expected_cost:,.4g}); "
            f"in one go {self.sufficient_size:,.0f} suffice with {self.asked_probability:.0%}."
        )

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        plain = {key: value for key, value in vars(self).items() if key != "rounds"}
        rounds = self.rounds.reset_index().to_dict(orient="records")
        if not np.isfinite(self.sufficient_size):
            plain["sufficient_size"] = None
        return plain | {"reachable": self.reachable, "rounds": rounds}


def _rounds(number: int) -> str:
    return "1 round reaches" if number == 1 else f"{number} rounds reach"


def plan_collection(
    distribution: CurveDistribution,
    target_map: float,
    *,
    labelled: int = 0,
    costs: Costs | None = None,
    rounds: int = 3,
    probability: float = 0.9,
    max_size: float = 1e6,
) -> CollectionPlan:
    """Choose the sizes of the rounds by simulating collections.

    Each of 200 curves is taken for the truth in turn. A round's size is a quantile of the
    required size as believed then, its level rising to the last round; the measurement of
    the true curve weighs the believed curves anew. The levels that cost least and reach
    the target often enough are taken.

    Parameters
    ----------
    distribution : CurveDistribution of one row
        What is believed now.
    target_map : float
    labelled : int, default=0
        Images there are already; they cost nothing.
    costs : Costs, optional
    rounds : int, default=3
    probability : float, default=0.9
        With which the target is to be reached.
    max_size : float, default=1e6
        Images that can be had at most.

    Returns
    -------
    plan : CollectionPlan

    Raises
    ------
    ValueError
        If rounds or probability are not usable, or there are `max_size` images already.
    """
    if rounds < 1 or not 0 < probability < 1:
        raise ValueError(
            f"Got rounds={rounds} and probability={probability:g}, expected at least one round "
            "and a fraction in (0, 1)."
        )
    if max_size <= labelled:
        raise ValueError(
            f"Got max_size={max_size:g}, but {labelled} images are labelled already; raise it."
        )
    costs = costs or Costs()
    best = float(distribution.reach_probability(np.array([target_map]), max_size)[0])
    enough = float(whole_images(distribution.required_sizes(target_map, probability))[0, 0])
    simulator = Simulator.of(
        distribution,
        target_map,
        labelled=labelled,
        first_size=enough,
        max_size=max_size,
        rounds=rounds,
    )
    goal = (probability if best >= probability else probability * best) - _ROUNDING
    share = probability / best if best >= probability else probability
    candidates = [simulator.simulate(levels) for levels in _policies(rounds, share)]
    cheap = [(rollouts.success < goal, costs.of(rollouts)) for rollouts in candidates]
    if all(missed for missed, _ in cheap):
        cheap = [(True, -rollouts.success) for rollouts in candidates]
    rollouts = candidates[min(range(len(candidates)), key=cheap.__getitem__)]
    return CollectionPlan(
        target_map=float(target_map),
        next_size=int(rollouts.sizes[0, 0]),
        expected_size=float(rollouts.final.mean()),
        expected_cost=costs.of(rollouts),
        probability=rollouts.success,
        asked_probability=probability,
        sufficient_size=enough,
        best_probability=best,
        rounds=_expected(rollouts.table(), distribution),
    )


def _expected(rounds: pd.DataFrame, distribution: CurveDistribution) -> pd.DataFrame:
    """Add the score that the median curve has at the size of each round."""
    sizes = rounds["size"].to_numpy()
    scores = distribution.certain_scores(np.nan_to_num(sizes, nan=1.0))[0]
    return rounds.assign(expected=np.where(np.isfinite(sizes), scores, np.nan))


def finished_plan(target_map: float, size: int, probability: float) -> CollectionPlan:
    """Plan nothing: the target is measured already."""
    names = ["size", "needed", "reached", "expected"]
    return CollectionPlan(
        target_map=float(target_map),
        next_size=size,
        expected_size=float(size),
        expected_cost=0.0,
        probability=1.0,
        asked_probability=probability,
        sufficient_size=float(size),
        best_probability=1.0,
        rounds=pd.DataFrame(columns=names, index=pd.Index([], name="round")),
    )


def _policies(rounds: int, share: float) -> Iterator[Array]:
    """List levels of the rounds, each no lower than the one before.

    `share` of the collections that can reach the target are to do so.
    """
    lasts = sorted({max(1.0 - (1.0 - share) * miss, 0.5) for miss in _MISSES})
    for last in lasts:
        for first in _FIRST_LEVELS if rounds > 1 else (last,):
            if first <= last:
                yield np.linspace(first, last, rounds)
