from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from ptssp_sklearn import load_pretrained
from ptssp_sklearn.images.table import image_table
from ptssp_sklearn.serving.answer import SHOWN_SIZES
from ptssp_sklearn.serving.handler import (
    OUTPUT_COLUMNS,
    Answerer,
    Question,
    encode_images,
    input_columns,
)
from ptssp_sklearn.serving.limits import DEFAULT_LIMITS, RequestError
from ptssp_sklearn.serving.request import read_rows
from tests.published import curves_alone
from tests.tiny import fitted, images

PILOT = "[[16, 0.12], [64, 0.25]]"


@pytest.fixture(scope="module")
def answerer() -> Answerer:
    return Answerer(fitted())


@pytest.fixture(scope="module")
def asked() -> pd.DataFrame:
    return encode_images(images().iloc[[0, 5]])


def test_answers_are_those_of_the_pipeline(answerer, asked):
    X, pipeline = images().iloc[[0, 5]], fitted()
    answers = answerer.answer(asked, {"target_map": 0.5, "interval": 0.8, "unreachable": "inf"})
    assert tuple(answers.columns) == OUTPUT_COLUMNS
    sizes = pipeline.required_size(X, 0.5, interval=0.8)
    assert np.array_equal(answers[["size", "low", "high"]].to_numpy(float), sizes)
    assert np.allclose(answers[list("ABCD")].to_numpy(float), pipeline.predict(X))
    shown = answers[[f"curve_{size}" for size in SHOWN_SIZES]].to_numpy(float)
    believed = pipeline.predict_distribution(X)
    assert np.allclose(shown, believed.certain_scores(SHOWN_SIZES))
    for column, certainty in {"size_80": 0.8, "size_90": 0.9}.items():
        sizes = pipeline.required_size(X, 0.5, certainty=certainty)
        assert np.array_equal(answers[column].to_numpy(float), sizes)
    for column, size in {"reach_1000": 1000, "reach_10000": 10000}.items():
        chances = pipeline.reach_probability(X, 0.5, size=size)
        assert np.allclose(answers[column].astype(float), chances)
    assert np.allclose(answers["out_of_domain"].astype(float), pipeline.out_of_domain(X))
    assert np.allclose(
        answers["reach_probability"].astype(float), pipeline.reach_probability(X, 0.5)
    )


def test_a_pilot_sharpens_its_row_only(answerer, asked):
    params = {"target_map": 0.5}
    plain = answerer.answer(asked, params)
    piloted = answerer.answer(asked.assign(pilot=[PILOT, None]), params)
    assert piloted.iloc[1].equals(plain.iloc[1])
    believed = fitted().predict_distribution(images().iloc[:1], pilot=[(16, 0.12), (64, 0.25)])
    expected = believed.certain_scores(SHOWN_SIZES)[0]
    found = piloted[[f"curve_{size}" for size in SHOWN_SIZES]].iloc[0].to_numpy(float)
    assert np.allclose(found, expected)
    assert not np.allclose(found, plain.filter(like="curve_").iloc[0].to_numpy(float))


def test_what_is_out_of_reach_is_nothing_infinity_or_an_error(answerer, asked):
    params = {"target_map": 0.999}
    assert answerer.answer(asked, params)["size"].tolist() == [None, None]
    endless = answerer.answer(asked, params | {"unreachable": "inf"})["size"]
    assert endless.tolist() == [math.inf, math.inf]
    with pytest.raises(RequestError, match=r"target_map=0\.999, but row 0 reaches it"):
        answerer.answer(asked, params | {"unreachable": "raise"})


def test_a_model_of_curves_alone_asks_for_pilots_only():
    model = curves_alone()
    assert input_columns(model) == ["pilot"]
    answerer = Answerer(model)
    answers = answerer.answer(pd.DataFrame({"pilot": [PILOT, None]}), {"target_map": 0.4})
    found = model.required_size(None, 0.4, pilot=[(16, 0.12), (64, 0.25)], interval=0.9)
    assert answers["size"][0] == found["size"][0]
    assert answers["out_of_domain"].tolist() == [None, None]
    with pytest.raises(RequestError, match="unknown columns image_1, expected pilot"):
        answerer.answer(pd.DataFrame({"image_1": ["x"]}), {"target_map": 0.4})


def test_rows_with_images_and_without_are_answered_side_by_side_by_a_model_of_learners(asked):
    answerer = Answerer(load_pretrained())
    assert "image_1" in input_columns(answerer.pipeline)
    rows = asked.iloc[:1].assign(pilot=[None])
    bare = pd.DataFrame({"pilot": [PILOT]})
    answers = answerer.answer(pd.concat([bare, rows], ignore_index=True), {"target_map": 0.4})
    alone = answerer.answer(bare, {"target_map": 0.4})
    assert answers.iloc[0].equals(alone.iloc[0])
    assert answers["out_of_domain"][0] is None
    assert 0 <= answers["out_of_domain"][1] <= 1


def test_target_and_pilot_may_be_of_map50():
    model = load_pretrained("detectors")
    params = {"target_map": 0.4, "metric": "map50"}
    answers = Answerer(model).answer(pd.DataFrame({"pilot": [PILOT]}), params)
    pilot = [(16, 0.12), (64, 0.25)]
    found = model.required_size(None, 0.4, pilot=pilot, interval=0.9, metric="map50")
    assert answers["low"][0] == found["low"][0]
    same = Answerer(model).answer(pd.DataFrame({"pilot": [PILOT]}), params | {"metric": "mAP50"})
    assert same.equals(answers)
    for metric in ("map75", "accuracy"):
        with pytest.raises(RequestError, match=f"metric='{metric}', expected 'map50_95' or"):
            Answerer(model).answer(pd.DataFrame({"pilot": [PILOT]}), params | {"metric": metric})


def test_a_request_may_name_the_learner_and_points_of_others():
    model = load_pretrained("detectors")
    table = pd.DataFrame({"pilot": ['[[16, 0.31, "yolov5n"]]', "[[16, 0.31, 0.02]]"]})
    params = {"target_map": 0.4, "learner": "rf-detr-s"}
    answers = Answerer(model).answer(table, params)
    for row, point in enumerate([(16, 0.31, "yolov5n"), (16, 0.31, 0.02)]):
        found = model.required_size(None, 0.4, pilot=[point], learner="rf-detr-s", interval=0.9)
        assert answers["size"][row] == found["size"][0]
    with pytest.raises(RequestError, match="Did you mean 'YOLO11"):
        Answerer(model).answer(table, params | {"learner": "yolo11q"})
    wrong = pd.DataFrame({"pilot": ['[[16, 0.31, "yolov5q"]]']})
    with pytest.raises(RequestError, match=r"Row 0: .*Did you mean 'YOLOv5"):
        Answerer(model).answer(wrong, params)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (None, "no target_map"),
        ({}, "no target_map"),
        ({"target_map": math.nan}, "target_map=nan"),
        ({"target_map": 50}, "Divide percentages by 100"),
        ({"target_map": True}, "target_map=True, expected a number"),
        ({"target_map": "0.5"}, "target_map='0.5', expected a number"),
        ({"target_map": [0.5]}, "expected a number"),
        ({"target_map": 0.5, "interval": math.nan}, "the interval nan, expected"),
        ({"target_map": 0.5, "interval": 1}, "the interval 1, expected"),
        ({"target_map": 0.5, "unreachable": "null"}, "unreachable='null', expected 'inf'"),
        ({"target_map": 0.5, "target": 0.4}, "unknown params target, expected target_map"),
    ],
)
def test_wrong_params_are_refused(params, words):
    with pytest.raises(RequestError, match=words):
        Question.read(params)


def test_unknown_columns_are_refused(answerer, asked):
    for name in ("image_0", "image_17", "Image_1", "images", "path"):
        with pytest.raises(RequestError, match=rf"unknown columns {name}, expected image_1"):
            answerer.answer(asked.assign(**{name: "x"}), {"target_map": 0.5})


def test_threads_get_the_answers_of_one(answerer):
    tables = [encode_images(images().iloc[[row]]) for row in (0, 2, 3)]
    alone = [answerer.answer(table, {"target_map": 0.5}) for table in tables]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda t: answerer.answer(t, {"target_map": 0.5}), tables * 2))
    for expected, answer in zip(alone * 2, found, strict=True):
        assert answer.equals(expected)


def test_what_masks_were_drawn_from_goes_with_them():
    ids = np.zeros((40, 40), np.uint8)
    ids[2:8, 2:8], ids[30:36, 2:8], ids[2:8, 30:36] = 1, 1, 3
    X = image_table([([(np.arange(1600).reshape(40, 40) % 251).astype(np.uint8)], [ids])])
    sent = encode_images(X.assign(labels="boxes"))
    assert sent["labels"].tolist() == ["boxes"]
    (row,) = read_rows(sent, DEFAULT_LIMITS, images=True)
    assert (row.objects, row.table["labels"].tolist()) == ([2], ["boxes"])
    (found,) = read_rows(sent.drop(columns="labels"), DEFAULT_LIMITS, images=True)
    assert found.objects == [3]
    with pytest.raises(RequestError, match="Got 'circles' in the column 'labels', expected one of"):
        read_rows(sent.assign(labels="circles"), DEFAULT_LIMITS, images=True)
