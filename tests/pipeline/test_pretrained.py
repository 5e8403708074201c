from __future__ import annotations

from importlib import resources

import numpy as np
import pytest

from ptssp_sklearn import load_pretrained
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from ptssp_sklearn.pipeline.pretrained import pretrained_names


@pytest.mark.parametrize("name", pretrained_names())
def test_shipped_models_are_small_and_say_what_they_are(name):
    path = resources.files("ptssp_sklearn").joinpath("data", "models", f"{name}.safetensors")
    assert len(path.read_bytes()) < 10_000_000
    about = load_pretrained(name).about_
    assert about["warning"]
    assert set(about) >= {"name", "banks", "metric", "left_out"}


def test_shipped_model_knows_its_bank(bank):
    """Trained on these domains: much nearer than the mean curve, with masks and without."""
    model, rows = load_pretrained(), slice(0, 30)
    y = bank.y.to_numpy()
    sizes = bank.y.columns.to_numpy()
    constant = np.abs(y[rows] - y.mean(axis=0)).mean()
    masked = bank.X[[f"{kind}_{i}" for kind in ("image", "mask") for i in range(1, 5)]].iloc[rows]
    bare = masked[[f"image_{i}" for i in range(1, 5)]]
    errors = [
        np.abs(sigmoid_curve(sizes, model.predict(X)) - y[rows]).mean() for X in (masked, bare)
    ]
    assert errors[0] < 0.7 * constant
    assert errors[1] < constant


def test_a_model_of_curves_alone_answers_from_a_pilot():
    model = load_pretrained("detectors")
    pilots = (None, [(51, 0.23), (101, 0.31)])
    ends = [model.predict_curve(None, [201], pilot=p, quantiles=[0.05, 0.95])[0, 0] for p in pilots]
    assert np.ptp(ends[1]) < np.ptp(ends[0])
    assert model.required_size(None, 0.4, interval=0.9, pilot=pilots[1])["low"][0] > 51
    assert len(model.training_curves) == 74


def test_unknown_model_is_refused():
    with pytest.raises(ValueError, match="expected one of general, detectors"):
        load_pretrained("resnet")
