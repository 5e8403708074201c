from __future__ import annotations

import numpy as np
import pytest

from ptssp_sklearn.regression._scaling import Standardiser, relevance

RNG = np.random.default_rng(0)


def test_relevant_features_weigh_more():
    X = RNG.normal(size=(100, 20))
    profiles = np.outer(X[:, 3], [1.0, 2.0]) + 0.1 * RNG.normal(size=(100, 2))
    weights = relevance(X, np.isfinite(X), profiles, np.ones(100))
    assert np.argmax(weights) == 3
    assert weights[3] > 5 * np.delete(weights, 3).max()


def test_rows_that_count_nothing_have_no_say_in_the_relevance():
    X = RNG.normal(size=(100, 5))
    counts = np.r_[np.full(60, 2.0), np.zeros(40)]
    profiles = RNG.normal(size=(100, 3))
    changed = np.where(counts[:, None] > 0, profiles, 1e3 * profiles)
    known = np.isfinite(X)
    expected = relevance(X, known, profiles, counts)
    assert relevance(X, known, changed, counts) == pytest.approx(expected)
    assert relevance(X[:60], known[:60], profiles[:60], np.ones(60)) == pytest.approx(expected)


def test_missing_and_constant_features_become_zero():
    X = np.array([[1.0, 5.0], [2.0, 5.0], [np.nan, 5.0]])
    scaled = Standardiser().fit(X).transform(X)
    assert scaled[2, 0] == 0.0
    assert (scaled[:, 1] == 0.0).all()
    assert np.isfinite(Standardiser().fit(X).transform(1e9 * X)).all()
