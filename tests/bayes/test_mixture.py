from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from ptssp_sklearn.bayes.mixture import Mixture, blend, fit_mixture

RNG = np.random.default_rng(0)
ROOTS = RNG.normal(size=(2, 6, 6)) / 2 + np.eye(6)
JOINT = Mixture(
    np.array([[0.3, 0.7]]), RNG.normal(size=(1, 2, 6)), ROOTS @ ROOTS.transpose(0, 2, 1)
)


def density(mixture: Mixture, row: int, points):
    parts = [
        w * multivariate_normal(m, c).pdf(points)
        for w, m, c in zip(
            mixture.weights[row], mixture.means[row], mixture.covariances, strict=True
        )
    ]
    return np.sum(parts, axis=0)


def test_log_density_is_that_of_scipy_but_for_a_constant():
    points = RNG.normal(size=(1, 50, 6))
    gap = JOINT.log_density(points)[0] - np.log(density(JOINT, 0, points[0]))
    assert np.ptp(gap) < 1e-9


def test_conditioning_is_joint_over_marginal():
    given = RNG.normal(size=(3, 2))
    conditional = JOINT.condition(given)
    marginal = Mixture(JOINT.weights, JOINT.means[..., 4:], JOINT.covariances[:, 4:, 4:])
    points = RNG.normal(size=(20, 4))
    for row in range(3):
        whole = np.hstack([points, np.tile(given[row], (20, 1))])
        expected = density(JOINT, 0, whole) / density(marginal, 0, given[row])
        assert density(conditional, row, points) == pytest.approx(expected)


def test_samples_have_the_moments_of_the_mixture():
    sample = JOINT.sample(40_000, np.random.default_rng(1))[0]
    mean = JOINT.weights[0] @ JOINT.means[0]
    assert sample.mean(axis=0) == pytest.approx(mean, abs=0.06)
    second = np.einsum("k,kij->ij", JOINT.weights[0], JOINT.covariances)
    gap = JOINT.means[0] - mean
    second += np.einsum("k,ki,kj->ij", JOINT.weights[0], gap, gap)
    assert np.cov(sample.T) == pytest.approx(second, abs=0.25)


def test_a_row_is_sampled_the_same_whatever_rows_are_beside_it():
    mixture = JOINT.condition(RNG.normal(size=(3, 2)))
    alone = Mixture(mixture.weights[1:2], mixture.means[1:2], mixture.covariances)
    all_rows = mixture.sample(100, np.random.default_rng(2))
    assert np.array_equal(all_rows[1:2], alone.sample(100, np.random.default_rng(2)))


def test_few_curves_keep_the_usual_spread_and_many_their_own():
    tight = 0.01 * RNG.normal(size=(200, 1, 4))
    few, many = fit_mixture(tight[:2]), fit_mixture(tight)
    assert few.weights.shape == (1, 1)
    assert np.sqrt(np.diag(few.covariances[0])) == pytest.approx([1.3, 0.6, 1.3, 1.3], abs=0.15)
    assert many.weights.shape == (1, 4)
    assert many.weights.sum() == pytest.approx(1)
    assert np.sqrt(np.diag(many.covariances[0])).max() < 0.4


def test_blend_keeps_weights_and_components():
    one = Mixture(np.full((2, 2), 0.5), np.zeros((2, 2, 4)), np.stack([np.eye(4)] * 2))
    other = Mixture(np.ones((2, 1)), np.ones((2, 1, 4)), np.eye(4)[None])
    both = blend(one, other, np.array([0.25, 0.9]))
    assert both.weights[:, -1].tolist() == [0.25, 0.9]
    assert both.weights.sum(axis=1) == pytest.approx([1, 1])
    assert both.take(np.array([1])).weights.tolist() == both.weights[1:].tolist()
