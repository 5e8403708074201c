"""Tilting: the mean curve is where it should be, the rest changes as little as can be."""

from __future__ import annotations

import numpy as np
import pytest

from ptssp_sklearn.bayes.exponential_tilting import (
    TILT_SIZES,
    find_slopes,
    mean_scores,
    pick_tilted,
    scores_of,
    tilt,
)
from ptssp_sklearn.bayes.mixture import Mixture
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.posterior import CurvePrior
from ptssp_sklearn.curves.sigmoid import from_unbounded, sigmoid_curve

SPREAD = np.diag([1.0, 0.1, 1.0, 1.0])


def mixture(n_rows: int = 1) -> Mixture:
    centre = np.array([-2.0, 0.0, 3.0, 0.5])
    return Mixture(np.ones((n_rows, 1)), np.tile(centre, (n_rows, 1, 1)), SPREAD[None])


def mean_curve(prior: CurvePrior) -> np.ndarray:
    return prior.distribution(n_samples=1000).curves(TILT_SIZES).mean(axis=1)


@pytest.mark.parametrize("move", [-0.1, 0.0, 0.1])
def test_the_mean_curve_moves_to_the_goal(move):
    untilted = CurvePrior(mixture(), MeasurementNoise(), seed=1)
    goal = mean_curve(untilted) + move
    slopes = find_slopes(untilted.mixture, goal, seed=1)
    tilted = CurvePrior(untilted.mixture, MeasurementNoise(), seed=1, slopes=slopes)
    assert mean_curve(tilted) == pytest.approx(goal, abs=0.03)
    assert (np.abs(slopes).max() < 0.5) == (move == 0.0)


def test_a_goal_out_of_reach_is_approached_and_stays_finite():
    slopes = find_slopes(mixture(), np.full((1, 5), 1.0), seed=0)
    assert np.isfinite(slopes).all()
    prior = CurvePrior(mixture(), MeasurementNoise(), slopes=slopes)
    plain = CurvePrior(mixture(), MeasurementNoise())
    assert (mean_curve(prior) > mean_curve(plain)).all()
    assert (mean_curve(prior) < 1.0).all()


def test_the_tilted_density_is_that_of_the_samples():
    rng = np.random.default_rng(0)
    points = mixture().sample(20_000, rng)
    slopes = np.array([[0.0, 3.0, 0.0, -2.0, 4.0]])
    picked = scores_of(pick_tilted(points, slopes, 20_000))[0]
    weights = np.exp(tilt(points, slopes))[0]
    expected = np.average(scores_of(points)[0], axis=0, weights=weights)
    assert picked.mean(axis=0) == pytest.approx(expected, abs=1e-3)
    with_tilt = CurvePrior(mixture(), MeasurementNoise(), slopes=slopes).log_density(points)
    assert with_tilt - mixture().log_density(points) == pytest.approx(tilt(points, slopes))


def test_a_row_depends_on_no_other_row():
    goals = np.linspace(0.1, 0.9, 100)[:, None] * np.ones(5)
    together = find_slopes(mixture(100), goals, seed=3)
    for row in (0, 50, 99):
        alone = find_slopes(mixture(), goals[row : row + 1], seed=3)
        assert alone[0] == pytest.approx(together[row], abs=1e-6)


def test_a_pilot_weighs_against_the_tilt():
    sizes = np.array([64.0, 256.0])
    slopes = find_slopes(mixture(), np.full((1, 5), 0.3), seed=0)
    prior = CurvePrior(mixture(), MeasurementNoise(), slopes=slopes)
    measured = np.array([[0.8, 0.85]])
    found = prior.distribution(sizes, measured).curves(sizes).mean(axis=1)
    before = prior.distribution().curves(sizes).mean(axis=1)
    assert (np.abs(found - measured) < 0.6 * np.abs(before - measured)).all()


def test_the_mean_curve_of_a_mixture():
    goal = sigmoid_curve(TILT_SIZES, from_unbounded(mixture().means[0]))
    narrow = Mixture(mixture().weights, mixture().means, 1e-6 * SPREAD[None])
    assert mean_scores(narrow, seed=0) == pytest.approx(goal, abs=1e-3)
