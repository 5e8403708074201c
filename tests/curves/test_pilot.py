from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ptssp_sklearn.curves.pilot import check_pilot, point_of_text, read_pilot


def test_pairs_and_tables_say_the_same():
    pairs = check_pilot([(16, 0.3), (32, 0.4)])
    table = check_pilot(pd.DataFrame([[0.3, 0.4]], columns=["16", "32"]))
    for one, other in zip(pairs, table, strict=True):
        assert np.array_equal(one, other)


def test_a_size_may_be_measured_twice_and_rows_may_be_empty():
    sizes, scores = check_pilot([(16, 0.3), (16, 0.34)])
    assert sizes.tolist() == [16, 16]
    assert scores.shape == (1, 2)
    table = pd.DataFrame([[0.3, np.nan], [np.nan, np.nan]], columns=[4, 8])
    assert np.isnan(check_pilot(table, 2)[1][1]).all()


@pytest.mark.parametrize(
    ("pilot", "message"),
    [
        ([(16, 31)], "Divide percentages by 100"),
        ([(16, -0.1)], r"pilot score -0.1 at 16 images"),
        ([(-3, 0.3)], "pilot size -3"),
        ([(16, np.nan)], "no number as pilot score at 16 images"),
        ([16, 0.3], "expected a curve table or a list"),
        ("16:0.3", "expected a curve table or a list"),
        (pd.DataFrame([[0.3]], columns=["score"]), "expected training-set sizes as column names"),
    ],
)
def test_what_is_no_pilot_is_refused_in_one_line(pilot, message):
    with pytest.raises(ValueError, match=message) as caught:
        check_pilot(pilot)
    assert "\n" not in str(caught.value)


def test_the_number_of_rows_must_fit():
    with pytest.raises(ValueError, match="pilot of 1 rows for 3 datasets"):
        check_pilot([(16, 0.3)], 3)


def test_a_point_may_go_on_with_its_error_and_its_learner():
    points = [(16, 0.3), (16, 0.3, 0.02), (16, 0.3, "yolov5n"), (16, 0.3, 0.02, "yolov5n")]
    found = read_pilot(points)
    assert found.learners == (None, None, "yolov5n", "yolov5n")
    np.testing.assert_array_equal(found.errors, [np.nan, 0.02, np.nan, 0.02])
    assert found.names_learners
    assert read_pilot(found) is found
    assert not read_pilot(pd.DataFrame([[0.3]], columns=[16])).names_learners


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("16:0.31", (16, 0.31)),
        ("16:0.31:0.02", (16, 0.31, 0.02)),
        (" 16 : 0.31 : yolov5n ", (16, 0.31, None, "yolov5n")),
        ("16:0.31:0.02:yolov5n", (16, 0.31, 0.02, "yolov5n")),
    ],
)
def test_a_point_is_read_from_text(text, point):
    assert point_of_text(text) == point
    assert read_pilot([point_of_text(text)]).sizes == 16


@pytest.mark.parametrize("text", ["16", "16:", "a:0.3", "16:0.3:a:b", "16:0.3:1:2:3", ""])
def test_text_that_is_no_point_is_refused_in_one_line(text):
    with pytest.raises(ValueError, match="expected SIZE:SCORE such as 51"):
        point_of_text(text)
