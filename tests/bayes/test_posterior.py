from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptssp_sklearn import load_curve_bank
from ptssp_sklearn.bayes.mixture import Mixture
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.population import Population
from ptssp_sklearn.bayes.posterior import CurvePrior, sample_posterior
from ptssp_sklearn.curves.sigmoid import from_unbounded, sigmoid_curve
from tests.curves import SIZES, population

PRIOR = CurvePrior(
    Mixture(
        np.ones((1, 1)), np.array([[[-3.0, 0.1, 3.0, 0.5]]]), np.diag([0.3, 0.1, 1, 0.6])[None]
    ),
    MeasurementNoise(),
)


def curves(points):
    return sigmoid_curve(SIZES, from_unbounded(points))


def importance(prior, scores, n=200_000):
    """Give the posterior mean curve by plain importance sampling."""
    points = prior.mixture.sample(n, np.random.default_rng(5))
    residuals = np.where(np.isfinite(scores)[:, None], scores[:, None] - curves(points), 0.0)
    precision = prior.noise.precision(SIZES, scores)
    log_weights = prior.noise.log_likelihood(residuals, precision, np.isfinite(scores).sum(axis=1))
    weights = np.exp(log_weights - log_weights.max())[0]
    return weights @ curves(points)[0] / weights.sum()


@pytest.mark.parametrize("n_known", [1, 3, 8])
def test_agrees_with_importance_sampling(n_known):
    scores, _ = population(1, seed=3)
    scores[:, n_known:] = np.nan
    found = curves(sample_posterior(PRIOR, SIZES, scores, n_samples=4000)).mean(axis=(0, 1))
    assert found == pytest.approx(importance(PRIOR, scores), abs=0.012)


def test_nothing_measured_leaves_the_prior():
    scores = np.full((1, len(SIZES)), np.nan)
    sample = sample_posterior(PRIOR, SIZES, scores, n_samples=500)
    assert np.array_equal(sample, PRIOR.mixture.sample(500, np.random.default_rng(0)))


def test_a_row_does_not_depend_on_the_rows_beside_it():
    scores, _ = population(3)
    scores[0, 2:] = np.nan
    together = replace(PRIOR, mixture=PRIOR.mixture.rows(3))
    sample = sample_posterior(together, SIZES, scores, n_samples=200)
    for row in range(3):
        alone = sample_posterior(PRIOR, SIZES, scores[row : row + 1], n_samples=200)
        assert sample[row] == pytest.approx(alone[0])


def test_more_points_bring_the_curve_nearer_and_narrow_the_band():
    scores, params = population(40, seed=1)
    prior = replace(PRIOR, mixture=PRIOR.mixture.rows(40))
    truth = sigmoid_curve([256.0], params)
    errors, widths = [], []
    for n_known in (1, 3, 5, 7):
        found = prior.distribution(SIZES[:n_known], scores[:, :n_known])
        errors.append(np.abs(found.curves([256.0]).mean(axis=1) - truth).mean())
        band = found.curve_quantiles([256.0], [0.05, 0.95], measured=False)
        widths.append(np.mean(band[..., 1] - band[..., 0]))
    assert errors == sorted(errors, reverse=True)
    assert widths == sorted(widths, reverse=True)


def test_an_outlier_moves_the_answer_less_than_it_would_a_fit():
    scores, _ = population(1, seed=2, noise=0.0)
    clean = PRIOR.distribution(SIZES, scores).curves([128.0]).mean()
    scores[0, 5] -= 0.4
    moved = PRIOR.distribution(SIZES, scores).curves([128.0]).mean()
    assert abs(moved - clean) < 0.1


def test_the_population_and_its_noise_are_learned():
    scores, params = population(150, noise=0.02)
    found = Population.fit(SIZES, scores)
    assert found.noise.scale == pytest.approx(0.02, rel=0.4)
    mean = found.prior().distribution().curves(SIZES).mean(axis=(0, 1))
    assert mean == pytest.approx(sigmoid_curve(SIZES, params).mean(axis=0), abs=0.03)
    assert found.samples.shape == (150, 64, 4)


def test_what_was_not_measured_of_a_curve_is_left_open():
    scores, _ = population(60)
    scores[:30, 4:] = np.nan
    spread = Population.fit(SIZES, scores).samples[..., 3].std(axis=1)
    assert spread[:30].mean() > 2 * spread[30:].mean()


def test_exact_curves_are_believed_at_all_sizes_and_late_starters_less_at_small_ones():
    scores, _ = population(60, noise=0.005)
    assert Population.fit(SIZES, scores).noise.discount == 0.0
    bank = load_curve_bank("yolov8m-seg")
    found = Population.fit(bank.y.columns.to_numpy(float), bank.y.to_numpy())
    assert found.noise.discount > 0.0
