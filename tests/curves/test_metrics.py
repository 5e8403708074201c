from __future__ import annotations

import numpy as np
import pytest

from ptssp_sklearn.curves.metrics import (
    curve_mae,
    curve_r2,
    reached_sizes,
    reached_tables,
    size_errors,
)


def test_curves_count_alike_however_many_points_they_have():
    measured = np.array([[0.0, np.nan, np.nan], [0.0, 0.0, 0.0]])
    assert curve_mae(measured, np.array([[0.3] * 3, [0.1] * 3])) == pytest.approx(0.2)


def test_r2_is_zero_for_the_mean_and_one_for_the_truth():
    measured = np.array([[0.1, 0.5], [0.3, np.nan]])
    mean = np.nanmean(measured, axis=0)
    assert curve_r2(measured, np.tile(mean, (2, 1)), mean) == 0.0
    assert curve_r2(measured, measured, mean) == 1.0


def test_a_factor_of_two_is_the_same_both_ways_and_infinity_is_a_million():
    assert size_errors([100, 100], [50, 200]) == pytest.approx(np.log10([2, 2]))
    assert size_errors([100], [np.inf]) == pytest.approx([4.0])


def test_reached_sizes_lie_on_the_isotonic_curve():
    targets, reached = reached_sizes([1, 10, 100], [0.0, 0.5, 1.0])
    assert targets.tolist() == [0.5, 0.75, 0.9]
    assert reached == pytest.approx([10, 10**1.5, 10**1.8])


def test_targets_reached_from_the_start_are_nan_and_falls_are_levelled():
    _, reached = reached_sizes([1, 10, 100], [0.9, 0.7, 0.8])
    assert np.isnan(reached).all()


def test_tables_hold_what_each_curve_reaches():
    curves = np.array([[0.0, 0.5, 1.0], [0.9, 0.7, np.nan]])
    targets, reached = reached_tables([1, 10, 100], curves, (0.5, 0.9))
    for row, scores in enumerate(curves):
        one = reached_sizes([1, 10, 100], scores, (0.5, 0.9))
        assert np.array_equal(targets[row], one[0])
        assert np.array_equal(reached[row], one[1], equal_nan=True)
