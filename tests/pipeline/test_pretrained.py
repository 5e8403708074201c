from __future__ import annotations

from importlib import resources

import numpy as np
import pandas as pd
import pytest

from ptssp_sklearn import load_curve_bank, load_pretrained
from ptssp_sklearn.pipeline.pretrained import pretrained_names


@pytest.mark.parametrize("name", pretrained_names())
def test_shipped_models_are_small_and_say_what_they_are(name):
    path = resources.files("ptssp_sklearn").joinpath("data", "models", f"{name}.safetensors")
    assert len(path.read_bytes()) < 10_000_000
    about = load_pretrained(name).about_
    assert about["warning"]
    assert set(about) >= {"name", "banks", "metric", "left_out"}


def test_the_shipped_model_knows_its_photographs_and_asks_for_no_image():
    """Trained on these data sets: nearer than their median curve, from four labelled images."""
    bank, regressor = load_curve_bank("photographs"), load_pretrained()["regress"]
    y = bank.y[bank.records["learner"] == "YOLOv5n"].set_axis(
        bank.records.loc[bank.records["learner"] == "YOLOv5n", "dataset"]
    )
    four = (bank.draws["n_images"] == 4) & (bank.draws["labels"] != "none")
    X = bank.features[four.to_numpy()].groupby(level=0).mean().loc[y.index]
    asked = {"learner": "yolov5n"}
    found = regressor.predict_distribution(X.to_numpy(), **asked)
    predicted = found.certain_scores(y.columns.to_numpy(float))
    ours = np.nanmean(np.abs(predicted - y.to_numpy()))
    assert ours < 0.9 * np.nanmean(np.abs(y - y.median()).to_numpy())
    means = pd.Series(predicted[:, 1], y.index)
    assert means.corr(y[16.0], method="spearman") > 0.5
    assert len(load_pretrained().required_size(None, 0.4, **asked)) == 1


def test_a_pilot_narrows_the_answer_without_images():
    model = load_pretrained()
    pilots = (None, [(51, 0.23), (101, 0.31)])
    ends = [model.predict_curve(None, [201], pilot=p, quantiles=[0.05, 0.95])[0, 0] for p in pilots]
    assert np.ptp(ends[1]) < np.ptp(ends[0])
    assert model.required_size(None, 0.4, interval=0.9, pilot=pilots[1])["low"][0] > 51


def test_unknown_model_is_refused():
    with pytest.raises(ValueError, match="expected one of detectors"):
        load_pretrained("resnet")
