from __future__ import annotations

import numpy as np
import pytest

from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from tests.curves import SIZES, population


def test_scale_and_slope_are_recovered_from_residuals():
    rng = np.random.default_rng(0)
    _, params = population(400)
    fitted = sigmoid_curve(SIZES, params)
    truth = MeasurementNoise(scale=0.03, slope=-0.3, correlation=0.0)
    heavy = rng.standard_t(4, size=fitted.shape)
    scores = fitted + heavy * truth.scales(SIZES, fitted)
    n = len(SIZES)
    found = MeasurementNoise().refit(SIZES, scores, fitted)
    assert found.scale == pytest.approx(0.03 * np.sqrt(n / (n - 3)), rel=0.15)
    assert found.slope == pytest.approx(-0.3, abs=0.1)


def test_too_few_points_keep_the_noise_as_it_was():
    noise = MeasurementNoise(scale=0.05)
    scores = np.full((3, len(SIZES)), np.nan)
    scores[:, :4] = 0.5
    assert noise.refit(SIZES, scores, np.full(scores.shape, 0.4)) == noise


def test_sizes_that_lie_close_together_tell_of_a_scale_only():
    sizes = np.linspace(32.0, 40.0, 6)
    fitted = np.full((400, 6), 0.5)
    truth = MeasurementNoise(scale=0.03, slope=-0.3, correlation=0.0)
    heavy = np.random.default_rng(0).standard_t(4, size=fitted.shape)
    found = truth.refit(sizes, fitted + heavy * truth.scales(sizes, fitted), fitted)
    assert found.slope == 0.0
    assert found.scale == pytest.approx(0.03 * np.sqrt(2), rel=0.1)


def test_precision_is_the_inverse_over_the_known_points():
    scores = np.array([[0.5, np.nan, 0.6, 0.7]])
    noise = MeasurementNoise(correlation=0.5)
    sizes = np.array([4.0, 8, 16, 32])
    known = np.isfinite(scores[0])
    part = noise.precision(sizes[known], scores[:, known])[0]
    assert np.allclose(noise.precision(sizes, scores)[0][np.ix_(known, known)], part)
    scale = noise.scales(sizes[known], scores[0, known])
    covariance = np.linalg.inv(part)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(scale)
    assert covariance[0, 1] / (scale[0] * scale[1]) == pytest.approx(0.5 * 4 / 16)


def test_small_sizes_say_less_under_a_discount():
    scores, sizes = np.full((1, 3), 0.5), np.array([4.0, 16, 64])
    plain = MeasurementNoise(correlation=0.0).precision(sizes, scores)[0]
    faded = MeasurementNoise(correlation=0.0, discount=1.0).precision(sizes, scores)[0]
    assert np.diag(faded) / np.diag(plain) == pytest.approx([1 / 256, 1 / 16, 1])


def test_a_large_residual_costs_less_than_under_a_gaussian():
    noise, sizes = MeasurementNoise(), np.array([16.0])
    precision = noise.precision(sizes, np.array([[0.5]]))
    gaps = np.array([[[0.02], [0.2], [0.4]]])
    log_density = noise.log_likelihood(gaps, precision, np.array([1]))[0]
    assert (np.diff(log_density) < 0).all()
    assert log_density[1] - log_density[2] < 5


def test_drawn_measurements_stay_fractions_and_have_the_scale():
    noise = MeasurementNoise(scale=0.02, slope=0.0)
    drawn = noise.draw(SIZES, np.full((1, 4000, len(SIZES)), 0.5), np.random.default_rng(0))
    assert ((drawn >= 0) & (drawn <= 1)).all()
    assert np.abs(drawn - 0.5).mean() == pytest.approx(0.02, rel=0.1)
