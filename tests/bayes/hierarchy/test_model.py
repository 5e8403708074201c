"""Points of one learner speak for another on the same data set, as far as the levels say."""

from __future__ import annotations

import numpy as np
import pytest

from ptssp_sklearn.bayes import CurveHierarchy, Learner, MeasurementNoise

N_DRAWS = 3
COCO, KNOWN = Learner("new", "coco"), Learner("known", "coco")


def hierarchy(*, between: float = 1.0, within: float = 0.1) -> CurveHierarchy:
    eye = np.tile(np.eye(4), (N_DRAWS, 1, 1))
    shifts = np.zeros((N_DRAWS, 6, 4))
    shifts[:, 0, 0] = -2.0
    return CurveHierarchy(
        mean=np.tile([-1.0, -0.5, 3.0, 0.5], (N_DRAWS, 1)),
        shifts=shifts,
        learner=np.full((N_DRAWS, 1, 4), 0.3),
        between_datasets=between * eye,
        between_learners=0.05 * eye,
        within=within * eye,
        noise=MeasurementNoise(correlation=0.0),
        names=("known",),
    )


def width(found: object) -> float:
    low, high = found.curve_quantiles([100.0], [0.05, 0.95])[0, 0]  # type: ignore[attr-defined]
    return float(high - low)


def test_a_mixture_has_a_block_a_learner_that_share_the_data_set():
    mixture = hierarchy().mixture([COCO, KNOWN])
    first = mixture.covariances[0]
    assert mixture.means.shape == (1, N_DRAWS, 8)
    np.testing.assert_allclose(first[:4, 4:], np.eye(4))
    np.testing.assert_allclose(first[:4, :4], 1.15 * np.eye(4))
    np.testing.assert_allclose(first[4:, 4:], 1.1 * np.eye(4))
    np.testing.assert_allclose(mixture.means[0, :, 4:] - mixture.means[0, :, :4], 0.3)


def test_a_learner_of_which_nothing_is_said_is_integrated_over():
    mixture = hierarchy().mixture([None, KNOWN])
    assert mixture.means.shape == (1, 6 * N_DRAWS, 8)
    assert mixture.weights.sum() == pytest.approx(1.0)
    alone = hierarchy().mixture([Learner("x", "none")])
    np.testing.assert_allclose(mixture.means[0, :N_DRAWS, :4], alone.means[0])


def test_a_point_of_another_learner_says_less_than_ones_own_and_more_than_nothing():
    levels = hierarchy()
    scores = np.array([[0.7]])
    own = levels.prior([COCO], blocks=np.array([0]))
    other = levels.prior([COCO, KNOWN], blocks=np.array([1]))
    shown = np.array([100.0])
    widths = [
        width(own.distribution(shown, scores)),
        width(other.distribution(shown, scores)),
        width(levels.prior([COCO]).distribution()),
    ]
    assert widths[0] < widths[1] < widths[2]


def test_another_learner_speaks_for_ones_own_the_more_the_more_alike_they_are():
    scores, shown = np.array([[0.8]]), np.array([100.0])
    medians = []
    for within in (0.02, 2.0):
        prior = hierarchy(within=within).prior([COCO, KNOWN], blocks=np.array([1]))
        found = prior.distribution(shown, scores)
        medians.append(found.curve_quantiles(shown, [0.5], measured=False)[0, 0, 0])
    assert medians[0] > medians[1] + 0.03


def test_the_posterior_of_many_blocks_agrees_with_weighting_draws_of_the_prior():
    levels = hierarchy()
    prior = levels.prior([COCO, KNOWN], blocks=np.array([1, 0]))
    sizes, scores = np.array([50.0, 200.0]), np.array([[0.55, 0.5]])
    found = prior.distribution(sizes, scores, n_samples=4000)
    drawn = prior.sample(200_000, np.random.default_rng(1))[0]
    from ptssp_sklearn.curves import from_unbounded, sigmoid_curve

    params = from_unbounded(drawn.reshape(-1, 2, 4))
    curves = np.stack([sigmoid_curve(50.0, params[:, 1]), sigmoid_curve(200.0, params[:, 0])], 1)
    residuals = (scores - curves)[None]
    noise = levels.noise
    weight = np.exp(noise.log_likelihood(residuals, noise.precision(sizes, scores), np.array([2])))
    for asked in (50.0, 1000.0):
        mean = np.average(sigmoid_curve(asked, params[:, 0]), weights=weight[0])
        assert found.curves([asked])[0].mean() == pytest.approx(mean, abs=0.012)


def test_a_standard_error_takes_the_place_of_the_noise():
    levels = hierarchy()
    shown, scores = np.array([100.0]), np.array([[0.7]])
    widths = [
        width(levels.prior([COCO], errors=np.array([error])).distribution(shown, scores))
        for error in (0.005, np.nan, 0.1)
    ]
    assert widths[0] < widths[1] < widths[2]


def test_moved_curves_lie_where_the_map_puts_them():
    levels = hierarchy()
    matrix, offset = np.diag([1.0, 2.0, 1.0, 0.5]), np.array([0.5, 0.0, -1.0, 0.0])
    moved = levels.moved(matrix, offset, levels.noise).mixture([KNOWN])
    old = levels.mixture([KNOWN])
    np.testing.assert_allclose(moved.means[0], old.means[0] @ matrix.T + offset)
    np.testing.assert_allclose(moved.covariances, matrix @ old.covariances @ matrix.T)
