"""What curves were drawn from is found again from their noisy points."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ptssp_sklearn.bayes import CurveHierarchy, Learner, fit_hierarchy
from ptssp_sklearn.bayes.hierarchy.levels import Spreads, draw_levels
from ptssp_sklearn.bayes.hierarchy.points import LevelPoints, MetricRelation
from ptssp_sklearn.curves import from_unbounded, sigmoid_curve
from tests.published import BETWEEN, MEAN, NOISE, SHIFT, SIZES, drawn_points


@pytest.fixture(scope="module")
def points() -> pd.DataFrame:
    return drawn_points()


@pytest.fixture(scope="module")
def fitted(points: pd.DataFrame) -> CurveHierarchy:
    return fit_hierarchy(points, n_sweeps=300, n_burn=120, n_draws=20)


def test_the_mean_curve_of_each_pretraining_is_found_again(fitted):
    for name, trained, shift in (("a", "coco", 0.0), ("c", "grounding", 1.0)):
        prior = fitted.prior([Learner(name, trained)])
        found = prior.distribution().curves(SIZES)[0]
        truth = sigmoid_curve(SIZES, from_unbounded(MEAN + shift * SHIFT))
        np.testing.assert_allclose(np.median(found, axis=0), truth, atol=0.09)


def test_data_sets_differ_more_than_learners_on_one(fitted):
    between = np.diagonal(fitted.between_datasets, axis1=1, axis2=2).mean(axis=0)
    within = np.diagonal(fitted.within, axis1=1, axis2=2).mean(axis=0)
    assert np.all(between > 2 * within)
    # forty data sets, drawn towards the usual spread by the weight of seven
    expected = (7 * 1.5**2 + 40 * BETWEEN**2) / 47
    assert between[0] == pytest.approx(expected, rel=0.35)


def test_the_noise_is_found_again(fitted):
    assert fitted.noise.full_scale(np.array([64.0]))[0] == pytest.approx(NOISE, rel=0.5)


def test_the_same_seed_gives_the_same_hierarchy_and_another_does_not(points):
    few = points[points["group"].isin([f"d{i}" for i in range(6)])]
    settings = {"n_sweeps": 12, "n_burn": 4, "n_draws": 4}
    first, again, other = (fit_hierarchy(few, seed=seed, **settings) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.mean, again.mean)
    assert not np.allclose(first.mean, other.mean)
    assert len({tuple(row) for row in first.mean}) == 4


def test_too_few_sweeps_are_refused(points):
    with pytest.raises(ValueError, match="expected at least 40 sweeps"):
        fit_hierarchy(points, n_sweeps=50, n_burn=20, n_draws=40)


def test_the_levels_given_the_coordinates_are_those_of_the_joint_gaussian(points):
    data = LevelPoints.of(points, MetricRelation())
    rng = np.random.default_rng(0)
    z = rng.normal(size=(data.n_pairs, 4))
    spreads = Spreads(0.5 * np.eye(4), 0.2 * np.eye(4), 0.1 * np.eye(4))
    drawn = [draw_levels(z, data, spreads, rng) for _ in range(1500)]
    found = np.array([[one.mean[0], *one.learner[:, 0], *one.dataset[:3, 0]] for one in drawn])
    mean, covariance = joint_gaussian(z[:, 0], data)
    np.testing.assert_allclose(found.mean(axis=0), mean, atol=0.06)
    np.testing.assert_allclose(found.std(axis=0), covariance**0.5, rtol=0.1)


def joint_gaussian(z: np.ndarray, data: LevelPoints) -> tuple[np.ndarray, np.ndarray]:
    """Solve one coordinate's regression as a whole: mean, shifts, learners, data sets."""
    from ptssp_sklearn.bayes.hierarchy.levels import MEAN_SPREAD, SHIFT_SPREAD, USUAL_MEAN

    n, n_learners, n_datasets = 1 + 5, len(data.names), data.n_datasets
    size = n + n_learners + n_datasets
    precision, pull = np.zeros((size, size)), np.zeros(size)

    def add(weights: dict[int, float], goal: float, variance: float) -> None:
        row = np.zeros(size)
        for place, weight in weights.items():
            row[place] = weight
        precision[:] += np.outer(row, row) / variance
        pull[:] += row * goal / variance

    add({0: 1.0}, USUAL_MEAN[0], MEAN_SPREAD[0] ** 2)
    for place in range(5):
        add({1 + place: 1.0}, 0.0, SHIFT_SPREAD[0] ** 2)
    for number, trained in enumerate(data.kind):
        add({n + number: 1.0, 1 + trained: -1.0}, 0.0, 0.2)
    for number in range(n_datasets):
        add({n + n_learners + number: 1.0, 0: -1.0}, 0.0, 0.5)
    for value, dataset, learner in zip(z, data.dataset, data.learner, strict=True):
        add({n + learner: 1.0, n + n_learners + dataset: 1.0}, value, 0.1)
    covariance = np.linalg.inv(precision)
    kept = [0, *range(n, n + n_learners), *range(n + n_learners, n + n_learners + 3)]
    return (covariance @ pull)[kept], np.diag(covariance)[kept]
