from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.quantile_levels import LEVELS, LevelMap
from ptssp_sklearn.pipeline.planning import Costs, plan_collection


def belief(plateau: float = 0.9, spread: float = 1.0, n: int = 1000) -> CurveDistribution:
    """Curves of one plateau whose half-way size is unknown."""
    half = np.exp(4.0 + spread * np.random.default_rng(0).normal(size=n))
    params = np.column_stack([np.full(n, 0.05), np.ones(n), half, np.full(n, plateau)])
    return CurveDistribution(params[None], MeasurementNoise(scale=0.01))


@pytest.mark.parametrize("rounds", [1, 3, 5])
def test_the_target_is_reached_as_often_as_asked(rounds):
    plan = plan_collection(belief(), 0.6, rounds=rounds, probability=0.9)
    assert plan.probability >= 0.9
    assert plan.reachable
    assert len(plan.rounds) == rounds
    assert (plan.rounds["reached"].diff().dropna() >= 0).all()
    assert (plan.rounds["needed"].diff().dropna() <= 0).all()
    assert plan.rounds["size"].iloc[0] == plan.next_size
    expected = belief().certain_scores(plan.rounds["size"])[0]
    assert plan.rounds["expected"].tolist() == expected.tolist()


@pytest.mark.parametrize("probability", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("rounds", [1, 3])
def test_the_first_round_is_never_above_the_number_of_its_certainty(probability, power, rounds):
    level_map = LevelMap(LEVELS[None], LEVELS[None] ** power)
    believed = replace(belief(spread=1.5), level_map=level_map)
    costs = Costs(measurement=1e6)
    plan = plan_collection(believed, 0.6, rounds=rounds, probability=probability, costs=costs)
    size = np.ceil(believed.required_sizes(0.6, probability)[0, 0])
    assert plan.next_size <= size
    assert plan.sufficient_size == size
    if rounds == 1:
        assert plan.next_size >= 0.9 * size
        assert plan.probability == pytest.approx(probability, abs=0.006)


def test_more_rounds_cost_fewer_images_and_start_lower():
    one, five = (plan_collection(belief(), 0.6, rounds=r) for r in (1, 5))
    assert five.expected_size < one.expected_size
    assert five.next_size < one.next_size


def test_dear_measurements_make_larger_steps():
    cheap = plan_collection(belief(), 0.6, rounds=5)
    dear = plan_collection(belief(), 0.6, rounds=5, costs=Costs(measurement=1e4))
    assert dear.next_size > cheap.next_size
    assert dear.expected_cost > cheap.expected_cost


def test_labelled_images_are_free_and_never_undercut():
    bare = plan_collection(belief(spread=0.3), 0.6)
    plan = plan_collection(belief(spread=0.3), 0.6, labelled=50)
    assert plan.next_size > 50
    assert plan.expected_cost < bare.expected_cost
    many = plan_collection(belief(spread=0.3), 0.6, labelled=5000)
    assert many.next_size == 5001


def test_targets_likely_out_of_reach_are_said():
    mixed = belief()
    mixed.params[0, ::2, 3] = 0.5
    plan = plan_collection(mixed, 0.6)
    assert not plan.reachable
    assert plan.best_probability == 0.5
    assert "likely out of reach: at best 50%, 90% asked for" in plan.sentence()
    hopeless = plan_collection(belief(plateau=0.4), 0.6, max_size=500)
    assert hopeless.best_probability == 0
    assert hopeless.next_size <= 500


def test_same_seed_same_plan():
    first, again = (plan_collection(belief(), 0.6).to_json() for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rounds": 0}, "rounds=0"),
        ({"probability": 1.0}, "probability=1"),
        ({"labelled": 600, "max_size": 500}, "max_size=500"),
    ],
)
def test_wrong_questions_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        plan_collection(belief(), 0.6, **wrong)


def test_negative_costs_are_refused():
    with pytest.raises(ValueError, match="cost -1 of image"):
        Costs(-1.0)
