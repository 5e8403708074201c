"""A model of many learners: asked by name, sharpened by anyone's points, stored and moved."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ptssp_sklearn import load_pretrained
from ptssp_sklearn.bayes import Learner
from ptssp_sklearn.pipeline import load_model, pipeline_of_vectors, save_model
from ptssp_sklearn.regression import LearnerCurveRegressor, adapt_regressor
from tests.published import drawn_points
from tests.tiny import fitted as of_one_learner

SIZES = [16.0, 64.0, 256.0]


@pytest.fixture(scope="module")
def model():
    return load_pretrained("detectors")


@pytest.fixture(scope="module")
def fitted() -> LearnerCurveRegressor:
    settings = {"n_sweeps": 60, "n_burn": 20, "n_draws": 10}
    return LearnerCurveRegressor(**settings, random_state=0).fit(None, drawn_points())


def width(model, **asked) -> float:
    low, high = model.predict_curve(None, [256], quantiles=[0.05, 0.95], **asked)[0, 0]
    return high - low


def test_a_point_narrows_the_answer_and_ones_own_more_than_anothers(model):
    asked = {"learner": "yolox-m"}
    none = width(model, **asked)
    other = width(model, **asked, pilot=[(128, 0.4, "rf-detr-s")])
    own = width(model, **asked, pilot=[(128, 0.4)])
    assert own < other < 0.8 * none


def test_a_point_that_names_the_learner_asked_about_is_ones_own(model):
    named = model.predict_curve(None, SIZES, learner="YOLOX M", pilot=[(16, 0.3, "yolox-m")])
    plain = model.predict_curve(None, SIZES, learner="yolox-m", pilot=[(16, 0.3)])
    np.testing.assert_array_equal(named, plain)


def test_a_learner_trained_on_more_starts_higher(model):
    scores = [
        model.predict_curve(None, [4], learner=name)[0, 0] for name in ("none", "coco", "grounding")
    ]
    assert scores == sorted(scores)
    assert scores[-1] > scores[0] + 0.2


def test_a_learner_of_which_nothing_is_said_is_answered_more_widely_than_one_that_is_known(model):
    pilot = [(16, 0.3)]
    assert width(model, pilot=pilot) > 0.95 * width(model, learner="glip-t", pilot=pilot)
    own = model.predict_curve(None, SIZES, learner=Learner("mine", "coco"))
    np.testing.assert_array_equal(own, model.predict_curve(None, SIZES, learner="coco"))


def test_the_required_size_falls_with_a_better_point_and_rises_with_the_target(model):
    asked = {"learner": "yolo11n"}
    sizes = [model.required_size(None, 0.5, pilot=[(32, s)], **asked)[0] for s in (0.2, 0.3, 0.4)]
    assert sizes[0] > sizes[1] > sizes[2]
    targets = model.required_size(None, [0.35, 0.45, 0.55], pilot=[(32, 0.3)], **asked)
    assert np.all(np.diff(targets) > 0)


def test_a_plan_counts_what_another_learner_reached_as_labelled_only(model):
    plan = model.plan(None, 0.4, learner="yolo11n", pilot=[(64, 0.45, "rf-detr-m")], rounds=1)[0]
    assert plan.next_size > 64
    done = model.plan(None, 0.4, learner="yolo11n", pilot=[(64, 0.45)], rounds=1)[0]
    assert done.next_size == 64


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"learner": "yolo11q"}, "Did you mean 'YOLO11"),
        ({"pilot": [(16, 0.3, "yolov5q")]}, "Did you mean 'YOLOv5"),
        ({"pilot": [(16, 0.3, -0.1)]}, "standard error -0.1"),
        ({"pilot": [(16, 0.3, 0.1, "yolov5n", 3)]}, "a standard error and a learner"),
    ],
)
def test_what_cannot_be_used_is_refused(model, asked, words):
    with pytest.raises(ValueError, match=words):
        model.required_size(None, 0.5, **asked)


def test_images_are_refused_by_a_model_that_knows_none(fitted):
    with pytest.raises(ValueError, match="this model knows none: pass X=None"):
        fitted.predict_distribution(np.ones((1, 3)))
    with pytest.raises(ValueError, match="Got X of type ndarray, expected None or a DataFrame"):
        LearnerCurveRegressor().fit(np.ones((1, 3)), drawn_points())


def test_a_model_of_one_learner_refuses_names_of_learners():
    one = of_one_learner()
    for asked in ({"learner": "yolo11n"}, {"pilot": [(16, 0.3, "yolo11n")]}):
        with pytest.raises(ValueError, match="knows the curves of one learner only"):
            one.required_size(None, 0.5, **asked)


def test_a_score_above_any_known_curve_is_found(model):
    regressor = model["regress"]
    assert regressor.above_all([(16, 0.3), (64, 0.99)]) == (64, 0.99)
    assert regressor.above_all([(16, 0.3), (64, 0.6)]) is None


def test_storing_changes_no_answer(fitted, tmp_path):
    pipeline = pipeline_of_vectors(fitted)
    save_model(pipeline, tmp_path / "own.safetensors", about={"name": "own"})
    again = load_model(tmp_path / "own.safetensors")
    asked = {"learner": Learner("a", "coco"), "pilot": [(16, 0.3)]}
    np.testing.assert_array_equal(
        pipeline.predict_curve(None, SIZES, **asked), again.predict_curve(None, SIZES, **asked)
    )
    kept = again.training_curves
    pd.testing.assert_frame_equal(pipeline.training_curves, kept, check_names=False)
    assert again["regress"].hierarchy_.relation == fitted.hierarchy_.relation


def test_rows_of_a_pilot_table_are_answered_each_by_itself(model):
    table = pd.DataFrame([[0.2, np.nan], [0.2, 0.5]], columns=[16, 64])
    both = model.predict_curve(None, SIZES, pilot=table, learner="coco")
    alone = model.predict_curve(None, SIZES, pilot=[(16, 0.2)], learner="coco")
    assert both.shape == (2, 3)
    np.testing.assert_allclose(both[0], alone[0], atol=0.02)
    assert both[1, 2] > both[0, 2] + 0.05


def test_adapting_moves_the_curves_towards_those_of_the_new_learner(fitted):
    rows = np.array([[0.05, 0.08, 0.12]] * 8) + 0.01 * np.arange(8)[:, None]
    moved = adapt_regressor(fitted, pd.DataFrame(rows, columns=SIZES))
    before, after = (one.predict_distribution(None).curves(SIZES)[0].mean(0) for one in
                     (fitted, moved))  # fmt: skip
    assert np.abs(after - rows.mean(0)).mean() < 0.5 * np.abs(before - rows.mean(0)).mean()
