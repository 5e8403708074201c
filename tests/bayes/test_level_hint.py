from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from ptssp_sklearn.bayes.level_hint import LevelHint
from ptssp_sklearn.bayes.mixture import Mixture
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.posterior import CurvePrior

WIDE = Mixture(
    np.ones((1, 1)), np.array([[[-1.2, -0.5, 3.0, 0.5]]]), np.diag([1.5, 0.3, 1.0, 1.0])[None]
)
PRIOR = CurvePrior(WIDE.rows(2), MeasurementNoise())


def hinted(centre: float, spread: float) -> CurvePrior:
    hint = LevelHint(np.array([centre, 0.0]), np.array([spread, np.inf]), size=16.0)
    return replace(PRIOR, hint=hint)


def test_a_sure_hint_fixes_the_score_at_its_size():
    found = hinted(-1.0, 0.05).distribution(n_samples=2000).curves([16.0])[0, :, 0]
    assert found.mean() == pytest.approx(expit(-1.0), abs=0.01)
    assert found.std() < 0.03


def test_a_hint_that_says_nothing_leaves_the_prior():
    found = hinted(-1.0, 0.05).distribution(n_samples=4000).curves([4.0, 64.0])[1]
    usual = PRIOR.distribution(n_samples=4000).curves([4.0, 64.0])[1]
    np.testing.assert_allclose(found.mean(axis=0), usual.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(found.std(axis=0), usual.std(axis=0), atol=0.01)


def test_the_weaker_a_hint_the_nearer_the_prior():
    levels = [
        hinted(-2.5, spread).distribution().curves([16.0])[0].mean() for spread in (0.3, 1, 3)
    ]
    assert levels == sorted(levels)
    assert levels[-1] < PRIOR.distribution().curves([16.0])[0].mean()


def test_a_measured_point_outweighs_a_hint():
    prior = hinted(-2.5, 1.0)
    points = np.array([16.0]), np.array([[0.6], [0.6]])
    found = prior.distribution(*points).curves([16.0]).mean(axis=(1, 2))
    assert found[0] == pytest.approx(0.6, abs=0.06)
    assert found[0] < found[1]


def test_a_hint_about_one_learner_moves_the_other_as_far_as_they_go_together():
    own, shared = np.diag([0.2, 0.1, 0.2, 0.2]), np.diag([1.3, 0.2, 0.8, 0.8])
    covariance = np.block([[own + shared, shared], [shared, own + shared]])
    means = np.tile([-1.2, -0.5, 3.0, 0.5], 2)
    both = Mixture(np.ones((1, 1)), means[None, None], covariance[None])
    alone = CurvePrior(both, MeasurementNoise(), blocks=np.array([0]))
    usual = alone.distribution().curves([16.0]).mean()
    moved = []
    for block in (0, 1):
        hint = LevelHint(np.array([-3.0]), np.array([0.3]), 16.0, block)
        moved.append(replace(alone, hint=hint).distribution().curves([16.0]).mean())
    assert moved[0] < moved[1] < usual
