from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import trapezoid

from ptssp_sklearn.bayes.calibration import calibrate
from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.population import Population
from ptssp_sklearn.bayes.quantile_levels import LEVELS, NOMINAL
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
    low, high = CLOUD.size_quantiles(target, [0.05, 0.95])[0]
    assert np.isfinite(low)
    assert np.isinf(high)
    assert np.isfinite(CLOUD.typical_sizes(target)).all()
    assert np.isinf(CLOUD.typical_sizes(np.array([0.999]))).all()
    assert CLOUD.reach_probability(target, size=16) < CLOUD.reach_probability(target, size=200)


def test_one_sample_is_a_curve_without_doubt():
    point = CurveDistribution(np.array([[[0.1, 1.0, 100.0, 0.9]]]), MeasurementNoise())
    assert point.typical_sizes(np.array([0.5]))[0] == pytest.approx(100.0)


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


def test_few_curves_are_no_ground_for_calibration():
    scores, _ = population(10)
    assert calibrate(Population.fit(SIZES, scores).prior(10), SIZES, scores) == (NOMINAL, NOMINAL)
