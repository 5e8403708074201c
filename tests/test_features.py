"""Pooling, patterns of missing features, and scaling."""

from __future__ import annotations

import numpy as np
import pytest

from ptssp_sklearn.embedding._pooling import pool_concat, pool_mean_std
from ptssp_sklearn.regression._missing_patterns import choose_region, find_patterns, find_regions
from ptssp_sklearn.regression._scaling import Standardiser, relevance

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
    regions = find_regions(X)
    assert [int(r.columns.sum()) for r in regions] == [10, 5]
    assert choose_region(X, regions).tolist() == [0] * 20 + [1] * 20


def test_at_most_four_patterns_and_never_an_empty_one():
    X = np.full((60, 60), np.nan)
    for row in range(60):
        X[row, : 10 * (row % 6)] = 1.0
    patterns = find_patterns(X)
    assert len(patterns) <= 4
    assert all(p.any() for p in patterns)
    regions = find_regions(X)
    assert choose_region(np.full((1, 60), np.nan), regions).tolist() == [len(regions) - 1]


def test_levels_of_a_feature_that_many_rows_share_are_regions_of_their_own():
    X = np.ones((120, 6))
    X[:, 5] = np.repeat([1.0, 2.0, 4.0], 40)
    X[::2, :4] = np.nan
    regions = find_regions(X, feature=5)
    assert [(r.low, r.high) for r in regions] == 2 * [(-np.inf, 1.5), (1.5, 3.0), (3.0, np.inf)]
    chosen = choose_region(X, regions)
    assert np.array_equal(chosen, np.repeat([0, 1, 2], 40) + 3 * (np.arange(120) % 2 == 0))
    assert all(regions[number].holds(X[chosen == number]).all() for number in range(6))


def test_rows_between_levels_ask_the_nearest_and_rare_values_are_no_level():
    X = np.ones((43, 3))
    X[:, 2] = np.repeat([1.0, 3.0, 9.0], [20, 20, 3])
    regions = find_regions(X, feature=2)
    asked = np.ones((4, 3))
    asked[:, 2] = [0.0, 1.9, 2.1, np.nan]
    assert choose_region(asked, regions).tolist() == [0, 0, 1, 1]


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
