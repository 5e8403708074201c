from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from ptssp_sklearn import SigmoidCurveFitter, load_curve_bank
from ptssp_sklearn.banks import bank_names, read_bank, write_bank
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from tests.scenes import task


def test_procedural_bank_is_whole(bank):
    assert bank.y.shape == (150, 10)
    assert bank.X.shape == (150, 16)
    assert bank.X.index.equals(bank.y.index)
    assert bank.X.iloc[0, 0].shape == (64, 64, 3)
    assert bank.X["mask_1"].iloc[0].dtype == np.int32
    assert len(np.unique(bank.groups)) == 150
    assert bank.y.notna().all(axis=None)


def test_the_logistic_fits_the_procedural_curves(bank):
    params = SigmoidCurveFitter().fit_transform(bank.y)
    gap = sigmoid_curve(bank.y.columns.to_numpy(), params) - bank.y.to_numpy()
    assert np.median(np.sqrt((gap**2).mean(axis=1))) < 0.016


def test_yolo_bank_keeps_classes_of_a_dataset_together():
    bank = load_curve_bank("yolov8m-seg")
    assert bank.X is None
    assert bank.y.shape[0] == 20
    assert len(np.unique(bank.groups)) == 10
    assert "CTLab-ITMO" in bank.DESCR


def test_other_metrics_can_be_asked_for():
    lower = load_curve_bank("yolov8m-seg").y
    higher = load_curve_bank("yolov8m-seg", metric="map50").y
    known = lower.notna().to_numpy()
    assert (higher.to_numpy()[known] >= lower.to_numpy()[known]).mean() > 0.99


def test_published_detectors_are_rows_of_a_learner_on_a_data_set_and_points_beside():
    bank = load_curve_bank("detectors")
    assert bank.X is None
    assert len(bank.y) == len(bank.groups) == len(bank.records) > 500
    assert bank.y.notna().sum(axis=1).min() >= 1
    assert (bank.y.notna().sum(axis=1) >= 3).sum() == 74
    assert (bank.points["excluded"] == "").all()
    assert not bank.points["note"].str.contains("linear|prompt|few-shot|UNRELIABLE").any()
    assert set(bank.points["metric"]) == {"map50_95", "map50"}
    assert bank.points["score"].between(0, 1).all()
    assert (bank.points["size"] == 0).any()


def test_what_is_no_fine_tuning_of_a_published_detector_is_given_when_asked_for():
    whole = load_curve_bank("detectors", excluded=True).points
    assert len(whole) == 2281
    assert whole["group"].nunique() == 167
    left_out = whole[whole["excluded"] != ""]
    assert {"linear or prompt tuning", "few-shot protocol"} <= set(left_out["excluded"])


def test_one_learner_and_another_metric_of_published_detectors():
    one = load_curve_bank("detectors", learner="RF-DETR-S")
    assert set(one.points["learner"]) == {"RF-DETR-S"}
    assert len(one.y) == 84
    lax = load_curve_bank("detectors", metric="map50", learner="RF-DETR-S")
    assert (lax.y.max(axis=1).to_numpy() > one.y.max(axis=1).to_numpy()).mean() > 0.99


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"metric": "map50-95"}, "Did you mean 'map50_95'"),
        ({"learner": "RF-DETR-XS"}, "Did you mean 'RF-DETR-S'"),
    ],
)
def test_what_the_published_detectors_lack_is_refused_with_the_nearest(asked, words):
    with pytest.raises(ValueError, match=words):
        load_curve_bank("detectors", **asked)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="Did you mean 'procedural'"):
        load_curve_bank("prozedural")
    with pytest.raises(ValueError, match="holds map50_95, map50"):
        load_curve_bank("procedural", metric="map75")


@pytest.mark.parametrize("name", bank_names())
def test_banks_say_what_they_are(name):
    bank = load_curve_bank(name)
    assert len(bank.DESCR) > 200
    assert bank.learner


def test_written_banks_are_read_back_bit_for_bit():
    pairs = [task(row, 2) for row in range(3)]
    names = ["a", "b", "c"]
    points = pd.DataFrame(
        {"dataset": np.repeat(names, 2), "size": [2, 4] * 3, "map50_95": np.arange(6) / 8}
    )
    records = pd.DataFrame({"dataset": names, "group": ["g", "g", "h"], "noise": [1, 2, 3]})
    file = io.BytesIO()
    write_bank(
        file, name="t", learner="l", description="d", points=points, records=records, images=pairs
    )
    bank = read_bank(file)
    for row, (images, masks) in enumerate(pairs):
        for i in range(2):
            assert np.array_equal(bank.X.iloc[row][f"image_{i + 1}"], images[i])
            assert np.array_equal(bank.X.iloc[row][f"mask_{i + 1}"], masks[i])
    assert bank.y.to_numpy().ravel() == pytest.approx(np.arange(6) / 8)
    assert bank.groups.tolist() == ["g", "g", "h"]
    assert bank.records.noise.tolist() == [1, 2, 3]


def test_a_bank_holds_the_curves_of_several_learners():
    pairs = [task(row, 2) for row in range(3)]
    points = pd.DataFrame(
        {
            "learner": ["l"] * 6 + ["m"] * 2,
            "dataset": [*"aabbcc", *"bb"],
            "size": [2, 4] * 4,
            "map50_95": np.arange(8) / 8,
        }
    )
    records = pd.DataFrame({"dataset": [*"abc"], "group": [*"ggh"], "record": [{"kind": "k"}] * 3})
    file = io.BytesIO()
    write_bank(
        file, name="t", learner="l", description="d", points=points, records=records, images=pairs
    )
    main = read_bank(file)
    assert (main.learner, main.learners, main.y.shape) == ("l", ["l", "m"], (3, 2))
    assert main.records.record.iloc[0] == {"kind": "k"}
    other = read_bank(file, learner="m")
    assert (other.learner, other.y.index.tolist()) == ("m", ["b"])
    assert other.y.to_numpy().tolist() == [[0.75, 0.875]]
    assert other.groups.tolist() == ["g"]
    assert np.array_equal(other.X.image_2.iloc[0], pairs[1][0][1])
    with pytest.raises(ValueError, match="holds curves of l, m"):
        read_bank(file, learner="n")
    with pytest.raises(ValueError, match="holds curves of"):
        load_curve_bank("procedural", learner="n")
