from __future__ import annotations

import numpy as np

from ptssp_sklearn.regression._missing_patterns import choose_region, find_patterns, find_regions

RNG = np.random.default_rng(0)


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
