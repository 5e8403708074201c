from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import learning_curve

from ptssp_sklearn.curves.pilot import check_pilot
from ptssp_sklearn.curves.pilot_forms import as_points

POINTS = [(16, 0.31), (32, 0.42)]


@pytest.mark.parametrize(
    "form",
    [
        dict(POINTS),
        {"16": 0.31, "32": 0.42},
        {"size": [16, 32], "score": [0.31, 0.42]},
        pd.Series({16: 0.31, 32: 0.42, 64: np.nan}),
        pd.DataFrame({"size": [16, 32, 64], "score": [0.31, 0.42, np.nan]}),
        pd.DataFrame({"Images": [16, 32], "mAP50-95": [0.31, 0.42]}),
        pd.DataFrame([[0.31, 0.42]], columns=[16, 32]),
        np.array(POINTS),
        POINTS,
    ],
    ids=lambda form: type(form).__name__,
)
def test_every_form_gives_the_same_points(form):
    sizes, scores = check_pilot(form)
    assert sizes.tolist() == [16, 32]
    assert scores.tolist() == [[0.31, 0.42]]


def test_standard_errors_and_learners_are_kept():
    assert as_points({16: (0.31, 0.02)}) == [(16, 0.31, 0.02)]
    table = pd.DataFrame({"size": [16, 32], "score": [0.3, 0.4], "error": [0.02, None]})
    assert as_points(table) == [(16, 0.3, 0.02), (32, 0.4, None)]
    named = pd.DataFrame({"size": [16], "score": [0.3], "learner": ["yolov5n"]})
    assert as_points(named) == [(16, 0.3, None, "yolov5n")]


def test_what_learning_curve_returns_is_a_pilot():
    X, y = make_classification(300, random_state=0)
    found = learning_curve(LogisticRegression(), X, y, train_sizes=[20, 80, 200], cv=5)
    points = as_points(found)
    assert [size for size, _, _ in points] == [20, 80, 200]
    assert [score for _, score, _ in points] == pytest.approx(found[2].mean(axis=1))
    assert points[0][2] == pytest.approx(found[2][0].std(ddof=1) / np.sqrt(5))
    assert check_pilot(found)[1].shape == (1, 3)


def test_a_tuple_of_points_is_no_learning_curve():
    assert check_pilot(((4, 0.1), (8, 0.2), (16, 0.3)))[0].tolist() == [4, 8, 16]


def test_objects_that_have_a_pilot_are_asked_for_it():
    class Measured:
        def pilot(self):
            return [(16, 0.3, 0.02)]

    assert as_points(Measured()) == [(16, 0.3, 0.02)]


def test_tables_of_other_columns_are_refused():
    with pytest.raises(ValueError, match="expected training-set sizes as column names, or the col"):
        as_points(pd.DataFrame({"epoch": [1], "loss": [2.0]}))
