"""Collecting in rounds: an oracle never fails, and what is collected is paid for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.evaluation.campaigns import Campaign, oracle, power_law
from experiments.evaluation.rounds import outcome
from experiments.protocol.questions import Truth
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from tests.curve_banks import SIZES, made_up


@pytest.fixture
def campaign() -> Campaign:
    bank = made_up(noise=0.0)
    return Campaign(Truth.of(bank.sizes, bank.curves, (0.75,)), 4.0)


@pytest.mark.parametrize("rounds", [1, 5])
def test_an_oracle_never_fails_and_pays_nothing_more(campaign, rounds):
    history = campaign.run(campaign.rows(), oracle(campaign), rounds)
    last = history[history["round"] == rounds]
    found = outcome(campaign, {rounds: last})
    assert found[f"fail_{rounds}"] == 0
    assert found[f"cost_{rounds}"] == 0


def test_who_asks_for_too_little_fails_and_who_asks_for_all_pays(campaign):
    rows = campaign.rows()
    shy = campaign.run(rows, lambda rows, table, target, left: np.ones(len(rows)), 3)
    assert not shy[shy.collected < 6].reached.any()
    assert shy.groupby("row").collected.apply(lambda c: (np.diff(c) >= 0).all()).all()
    greedy = campaign.run(rows, lambda rows, table, target, left: np.full(len(rows), np.inf), 1)
    assert greedy.reached.all()
    assert greedy.cap.all()
    assert (greedy.collected == SIZES[-1]).all()


def test_a_policy_sees_what_was_collected_and_how_many_rounds_are_left(campaign):
    seen = []

    def policy(rows, table, target, left):
        seen.append((table.notna().sum(axis=1).max(), left))
        return np.full(len(rows), 5.0)

    campaign.run(campaign.rows(), policy, 3)
    assert seen == [(2, 2), (3, 1), (4, 0)]


def test_targets_reached_inside_the_pilot_are_left_out(campaign):
    assert (campaign.truth.needed[campaign.rows(), 0] > 4).all()


def test_the_power_law_asks_for_the_size_of_its_own_curve():
    pilot = np.array([4.0, 8.0, 16.0, 32.0, 64.0])
    scores = 0.8 - 0.9 * pilot**-0.5
    table = pd.DataFrame([scores], columns=pilot)
    asked = power_law(np.array([0]), table, np.array([0.75]), 0)
    assert asked == pytest.approx((0.9 / 0.05) ** 2, rel=0.1)


def test_scores_between_sizes_are_interpolated():
    curve = sigmoid_curve(SIZES, [[0, 1, 20, 0.8]])
    campaign = Campaign(Truth.of(SIZES, curve, (0.9,)), 4.0)
    assert campaign.read(0, 16.0) == pytest.approx(curve[0, 3])
    assert curve[0, 3] < campaign.read(0, 23.0) < curve[0, 4]
    assert campaign.read(0, 1e9) == curve[0, -1]
