from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from ptssp_sklearn import load_pretrained
from ptssp_sklearn.bayes.metric_relation import known_relations, lax_params
from ptssp_sklearn.curves.sigmoid import sigmoid_curve

BOXES = known_relations()["boxes"]
SIZES = np.geomspace(1, 1e5, 40)
PILOT = [(16, 0.45), (64, 0.58)]


@pytest.fixture(scope="module")
def model():
    return load_pretrained("detectors")


@given(
    a=st.floats(0.01, 0.4),
    rise=st.floats(0.05, 0.55),
    slope=st.floats(0.2, 3.0),
    half=st.floats(3.0, 3000.0),
    aside=st.floats(-1.5, 1.5),
)
@example(a=0.01, rise=0.55, slope=0.2, half=3.0, aside=1.5)
@example(a=0.01, rise=0.45, slope=0.2, half=3.0, aside=1.5)
@settings(deadline=None)
def test_a_turned_curve_is_near_the_turned_scores(a, rise, slope, half, aside):
    params = np.array([a, slope, half, a + rise])
    strict = sigmoid_curve(SIZES, params)
    exact = expit(BOXES.offset + BOXES.slope * logit(strict) + aside)
    turned = lax_params(params, BOXES, np.float64(aside))
    assert sigmoid_curve(SIZES, turned) == pytest.approx(exact, abs=0.03)
    assert (np.diff(sigmoid_curve(SIZES, turned)) >= 0).all()


def test_map50_lies_above_map50_95():
    for relation in known_relations().values():
        params = np.array([[0.05, 1.0, 50.0, 0.4], [0.2, 0.6, 200.0, 0.7]])
        turned = lax_params(params, relation, np.zeros(2))
        assert (sigmoid_curve(SIZES, turned) > sigmoid_curve(SIZES, params)).all()


def test_the_same_target_is_easier_in_map50_and_the_answer_is_wider(model):
    strict, lax = (
        model.required_size(None, 0.4, metric=metric) for metric in ("map50_95", "map50")
    )
    assert lax < strict
    bands = [
        np.ptp(model.predict_curve(None, [1000], metric=m, quantiles=[0.25, 0.75], pilot=[(16, s)]))
        for m, s in (("map50_95", 0.31), ("map50", 0.5))
    ]
    assert bands[1] > bands[0]


def test_a_pilot_of_map50_is_followed_by_the_curve_of_map50(model):
    asked = {"pilot": PILOT, "metric": "map50", "learner": "yolo11n"}
    curve = model.predict_distribution(None, pilot=PILOT, metric="map50").certain_scores([16, 64])
    assert curve[0] == pytest.approx([0.45, 0.58], abs=0.04)
    size = model.required_size(None, 0.62, **asked)[0]
    assert 64 < size < np.inf
    scores = model.predict_distribution(None, **asked).certain_scores([size - 1, size])[0]
    assert scores[0] < 0.62 <= scores[1] + 1e-9
    other = [(16, 0.45, "yolov5n"), (64, 0.58, "yolov5n")]
    assert np.isfinite(model.predict_curve(None, [64], pilot=other, metric="map50")).all()
    plan = model.plan(None, 0.62, probability=0.5, **asked)[0]
    assert plan.next_size <= size


def test_what_has_no_relation_is_refused(model):
    said = "metric='map75', expected 'map50_95' or 'map50'. Did you mean 'map50'?"
    with pytest.raises(ValueError, match=re.escape(said)):
        model.required_size(None, 0.4, metric="map75")


@pytest.mark.parametrize(
    ("strict", "lax"), [("map50_95", "map50"), ("mAP50-95", "mAP@0.5"), ("mAP@.5:.95", "AP50")]
)
def test_a_metric_may_be_written_as_its_users_do(strict, lax, model):
    assert model.required_size(None, 0.4, metric=strict) == model.required_size(None, 0.4)
    found = model.required_size(None, 0.4, metric=lax)
    assert found == model.required_size(None, 0.4, metric="map50")
