from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import trapezoid

from ptssp_sklearn.bayes.calibration import calibrate
from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.population import Population
from ptssp_sklearn.bayes.posterior import CurvePrior
from ptssp_sklearn.bayes.quantile_levels import LEVELS, NOMINAL, LevelMap
from ptssp_sklearn.curves.metrics import reached_tables
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from tests.curves import SIZES, population

_, PARAMS = population(500)
CLOUD = CurveDistribution(PARAMS[None], MeasurementNoise(scale=0.02))


def test_quantiles_rise_with_their_level_and_cover_the_samples():
    bands = CLOUD.curve_quantiles(SIZES, [0.05, 0.5, 0.95], measured=False)[0]
    assert (np.diff(bands, axis=1) > 0).all()
    curves = CLOUD.curves(SIZES)[0]
    inside = (curves >= bands[:, 0]) & (curves <= bands[:, 2])
    assert inside.mean() == pytest.approx(0.9, abs=0.01)


def test_a_measured_score_varies_more_than_the_true_one():
    sure = CurveDistribution(np.repeat(PARAMS[:1, None], 500, axis=1), CLOUD.noise)
    true = sure.curve_quantiles(SIZES, [0.05, 0.95], measured=False)
    assert np.ptp(true, axis=2) == pytest.approx(0.0)
    assert (np.ptp(sure.curve_quantiles(SIZES, [0.05, 0.95]), axis=2) > 0.01).all()


def test_the_density_of_a_measured_score_sums_to_one_and_is_highest_where_it_lies():
    scores = np.linspace(-1, 2, 3001)
    found = np.exp([CLOUD.log_density([32.0], np.array([[s]]))[0, 0] for s in scores])
    assert trapezoid(found, scores) == pytest.approx(1.0, abs=0.01)
    low, high = CLOUD.curve_quantiles([32.0], [0.05, 0.95])[0, 0]
    inside = (scores >= low) & (scores <= high)
    assert trapezoid(found[inside], scores[inside]) == pytest.approx(0.9, abs=0.03)


def test_the_central_curve_is_the_mean_curve():
    central = sigmoid_curve(SIZES, CLOUD.central_params())
    assert central == pytest.approx(CLOUD.curves(SIZES).mean(axis=1), abs=0.01)


def test_sizes_are_inf_where_a_target_may_be_out_of_reach():
    target = np.array([np.quantile(PARAMS[:, 3], 0.3)])
    assert CLOUD.reach_probability(target)[0] == pytest.approx(0.7, abs=0.02)
    middle, low, high = CLOUD.required_sizes(target, [0.5, 0.05, 0.95])[0]
    assert low < middle < np.inf
    assert np.isinf(high)
    assert np.isinf(CLOUD.required_sizes(target, 0.75)).all()
    assert np.isinf(CLOUD.required_sizes([0.999], 0.05)).all()
    assert CLOUD.reach_probability(target, size=16) < CLOUD.reach_probability(target, size=200)


def test_one_sample_is_a_curve_without_doubt():
    point = CurveDistribution(np.array([[[0.1, 1.0, 100.0, 0.9]]]), MeasurementNoise())
    sizes = point.required_sizes(0.5, [0.05, 0.5, 0.95])
    assert sizes == pytest.approx(np.full((1, 3), 100.0))


def level_map(power):
    return LevelMap(LEVELS[None], LEVELS[None] ** power)


@given(
    seed=st.integers(0, 2**20),
    n_samples=st.integers(1, 60),
    power=st.floats(0.4, 2.5),
    target=st.floats(0.05, 0.95),
    certainty=st.floats(0.02, 0.98),
)
@settings(deadline=None)
def test_the_number_lies_on_the_curve(seed, n_samples, power, target, certainty):
    _, params = population(n_samples, seed=seed)
    believed = CurveDistribution(params[None], MeasurementNoise(), level_map=level_map(power))
    size = believed.required_sizes(target, certainty)[0, 0]
    if np.isinf(size):
        assert believed.certain_scores([1e15], certainty)[0, 0] < target
        assert believed.reach_probability(np.array([target]))[0] < certainty
        return
    assert believed.reach_probability(np.array([target]), size * (1 + 1e-9))[0] >= certainty - 1e-9
    if size > 0:
        at, before = believed.certain_scores([size, 0.99 * size], certainty)[0]
        assert at == pytest.approx(target, abs=1e-9)
        assert before < target


@given(seed=st.integers(0, 2**20), power=st.floats(0.4, 2.5))
@settings(deadline=None)
def test_numbers_rise_with_certainty_and_target(seed, power):
    _, params = population(40, seed=seed)
    believed = CurveDistribution(params[None], MeasurementNoise(), level_map=level_map(power))
    levels = np.linspace(0.02, 0.98, 25)
    table = believed.repeat(19).required_sizes(np.linspace(0.05, 0.95, 19), levels)
    assert (table[:, 1:] >= table[:, :-1]).all()
    assert (table[1:] >= table[:-1]).all()
    curves = np.stack([believed.certain_scores(SIZES, level)[0] for level in levels])
    assert (np.diff(curves, axis=0) <= 0).all()
    assert (np.diff(curves, axis=1) >= 0).all()


def test_half_of_the_true_curves_reach_the_target_by_the_number():
    _, params = population(400, seed=7)
    true = CurveDistribution(params[:, None], MeasurementNoise()).sizes(0.3)[:, 0]
    for certainty in (0.5, 0.8, 0.9):
        size = CLOUD.required_sizes(0.3, certainty)[0, 0]
        assert np.mean(true <= size) == pytest.approx(certainty, abs=0.06)


def test_calibrated_numbers_suffice_as_often_as_asked_though_beliefs_are_too_low():
    scores, _ = population(120, noise=0.01)
    found = Population.fit(SIZES, scores)
    late = found.mixture.means + np.array([0.0, 0.0, 1.0, 0.0])
    wrong = replace(found.mixture, means=late)
    maps = calibrate(CurvePrior(wrong.rows(120), found.noise), SIZES, scores)
    fresh, _ = population(200, noise=0.01, seed=9)
    targets, true = reached_tables(SIZES, fresh)
    shares = []
    for level_maps in ((NOMINAL, NOMINAL), maps):
        believed = CurvePrior(wrong.rows(200), found.noise, 0, level_maps).distribution()
        sizes = np.stack([believed.required_sizes(t)[:, 0] for t in targets.T], axis=1)
        shares.append(np.mean((true <= sizes)[np.isfinite(true)]))
    assert shares[0] > 0.75
    assert shares[1] == pytest.approx(0.5, abs=0.12)


def test_calibration_mends_beliefs_that_are_too_sure():
    scores, _ = population(120, noise=0.02)
    found = Population.fit(SIZES, scores)
    mixture = found.mixture
    sure = found.prior(120)
    narrow = type(mixture)(sure.mixture.weights, sure.mixture.means, sure.mixture.covariances / 25)
    sure = type(sure)(narrow, found.noise)
    maps = calibrate(sure, SIZES, scores)
    fresh, _ = population(120, noise=0.02, seed=9)
    shares = []
    for level_maps in ((NOMINAL, NOMINAL), maps):
        prior = type(sure)(narrow, found.noise, 0, level_maps)
        band = prior.distribution().curve_quantiles(SIZES, [0.05, 0.95])
        shares.append(np.mean((fresh >= band[..., 0]) & (fresh <= band[..., 1])))
    assert shares[0] < 0.6
    assert shares[1] > shares[0] + 0.1


def test_calibrated_beliefs_stay_nearly_nominal_and_rise():
    scores, _ = population(120, noise=0.02)
    found = Population.fit(SIZES, scores)
    for one in calibrate(found.prior(120), SIZES, scores):
        for levels in (one.curve[0], one.size[0]):
            assert (np.diff(levels) >= 0).all()
        assert np.abs(one.curve[0] - LEVELS).max() < 0.15


def test_a_row_of_a_pilot_without_points_is_calibrated_as_without_a_pilot():
    scores, _ = population(120, noise=0.02)
    found = Population.fit(SIZES, scores)
    maps = (level_map(0.5), level_map(2.0))
    prior = CurvePrior(found.mixture.rows(2), found.noise, 0, maps)
    pilot = np.array([[0.2, 0.3], [np.nan, np.nan]])
    sizes = prior.distribution(np.array([4.0, 16.0]), pilot).required_sizes(0.3, [0.5, 0.8])
    assert np.array_equal(sizes[1], prior.distribution().required_sizes(0.3, [0.5, 0.8])[1])
    assert np.array_equal(
        prior.distribution(np.array([4.0, 16.0]), pilot).level_map.size[0], maps[1].size[0]
    )


def test_few_curves_are_no_ground_for_calibration():
    scores, _ = population(10)
    assert calibrate(Population.fit(SIZES, scores).prior(10), SIZES, scores) == (NOMINAL,)
