"""Pooling, patterns of missing features, and scaling."""

from __future__ import annotations

import numpy as np
import pytest

from ptssp_sklearn.patterns import choose_pattern, find_patterns
from ptssp_sklearn.pooling import pool_concat, pool_mean_std
from ptssp_sklearn.scaling import Standardiser, relevance

RNG = np.random.default_rng(0)


def test_mean_std_does_not_depend_on_the_order():
    features = RNG.normal(size=(4, 5))
    assert pool_mean_std(features) == pytest.approx(pool_mean_std(features[::-1]))


def test_undefined_features_are_left_out_of_mean_std():
    pooled = pool_mean_std(np.array([[1.0, np.nan], [3.0, np.nan]]))
    assert pooled[:1] == 2.0
    assert np.isnan(pooled[[1, 3]]).all()


def test_concat_fills_up_with_nan():
    vector = pool_concat(np.ones((1, 2)), 3)
    assert np.array_equal(vector, [1, 1, np.nan, np.nan, np.nan, np.nan], equal_nan=True)


def test_patterns_are_those_of_many_rows():
    X = np.ones((40, 10))
    X[20:, 5:] = np.nan
    X[0, 3] = np.nan
    patterns = find_patterns(X)
    assert [int(p.sum()) for p in patterns] == [10, 5]
    assert choose_pattern(X, patterns).tolist() == [0] * 20 + [1] * 20


def test_at_most_four_patterns_and_never_an_empty_one():
    X = np.full((60, 60), np.nan)
    for row in range(60):
        X[row, : 10 * (row % 6)] = 1.0
    patterns = find_patterns(X)
    assert len(patterns) <= 4
    assert all(p.any() for p in patterns)
    assert choose_pattern(np.full((1, 60), np.nan), patterns).tolist() == [len(patterns) - 1]


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
