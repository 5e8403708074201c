from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ptssp_sklearn.curves.table import check_curve_table, pivot_points, table_sizes


def test_columns_are_sorted_and_may_be_text():
    table = pd.DataFrame({"100": [0.5], "10": [0.1]}, index=["bolt"])
    checked = check_curve_table(table)
    assert checked.columns.tolist() == [10.0, 100.0]
    assert checked.loc["bolt"].tolist() == [0.1, 0.5]


def test_repeats_are_averaged_and_gaps_are_nan():
    points = pd.DataFrame({"dataset": ["a", "a", "b"], "size": [4, 4, 8], "score": [0.1, 0.3, 0.5]})
    table = pivot_points(points, index="dataset", score="score")
    assert table.loc["a", 4.0] == pytest.approx(0.2)
    assert np.isnan(table.loc["b", 4.0])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame(), "at least one curve"),
        (np.zeros((2, 3)), "without sizes"),
        (pd.DataFrame([[0.1]], columns=[0]), "positive numbers of images"),
        (pd.DataFrame([[0.1, 0.2]], columns=[4, 4]), "a size twice"),
        (pd.DataFrame([[80.0]], columns=[4]), "score 80 in curve 0 at size 4.*by 100"),
        (pd.DataFrame([["x"]], columns=[4]), "no number"),
        (pd.DataFrame([[np.nan]], columns=[4], index=["bolt"]), "'bolt' without any score"),
    ],
)
def test_what_is_wrong_is_named(table, message):
    with pytest.raises(ValueError, match=message):
        check_curve_table(table)


def test_number_of_sizes_must_agree():
    with pytest.raises(ValueError, match="2 sizes for a curve table of 3 columns"):
        check_curve_table(np.zeros((1, 3)), sizes=[1, 2])


def test_columns_that_are_no_sizes_are_none():
    assert table_sizes(pd.DataFrame([[0.1]], columns=["A"])) is None
    assert table_sizes(np.zeros((1, 1))) is None
