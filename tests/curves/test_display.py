from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ptssp_sklearn.curves.display import PredictedCurveDisplay

PARAMS = [0.1, 1.0, 100.0, 0.9]


def test_target_and_size_are_marked():
    display = PredictedCurveDisplay(PARAMS, target_map=0.5).plot()
    assert display.ax_.get_xscale() == "log"
    assert [text.get_text() for text in display.ax_.texts] == ["100 images"]
    marker = display.ax_.lines[-1].get_xydata()[0]
    assert marker == pytest.approx([100.0, 0.5])


@pytest.mark.parametrize("target", [0.95, 0.05])
def test_targets_off_the_curve_are_drawn_without_a_size(target):
    display = PredictedCurveDisplay(PARAMS, target_map=target).plot()
    assert not display.ax_.texts
    assert any(np.allclose(line.get_ydata(), target) for line in display.ax_.lines[1:])


def test_axis_reaches_beyond_large_sizes():
    display = PredictedCurveDisplay([0.0, 0.5, 1e6, 0.9], target_map=0.6).plot()
    assert display.ax_.get_xlim()[1] > 4 * display.required_size / 10


def test_band_pilot_and_neighbours_are_told_apart_without_colour():
    alike = pd.DataFrame([[0.1, np.nan, 0.4], [0.2, 0.3, 0.5]], columns=[2, 8, 32])
    display = PredictedCurveDisplay(
        PARAMS,
        target_map=0.5,
        band=([1, 1000], [0.1, 0.5], [0.3, 0.9]),
        pilot=[(16, 0.3), (32, 0.4)],
        neighbours=alike,
    ).plot()
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert {"interval", "pilot", "datasets that look alike"} <= set(labels)
    assert display.ax_.collections[0].get_hatch() == "//"
    marks = [line for line in display.ax_.lines if line.get_marker() == "x"]
    assert marks[0].get_xydata().tolist() == [[16, 0.3], [32, 0.4]]
    assert sum(line.get_linestyle() == "-." for line in display.ax_.lines) == 2


def test_draws_into_axes_of_ones_own():
    figure, ax = plt.subplots()
    assert PredictedCurveDisplay(PARAMS, target_map=0.5).plot(ax).figure_ is figure
    plt.close(figure)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_files_are_written(tmp_path, ending):
    path = tmp_path / f"curve.{ending}"
    PredictedCurveDisplay(PARAMS, target_map=0.5).plot().save(path)
    assert path.stat().st_size > 1000
    if ending == "png":
        with Image.open(path) as image:
            assert image.size[0] > 800


def test_unknown_endings_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"curve\.doc', expected an ending of .*png"):
        PredictedCurveDisplay(PARAMS, target_map=0.5).plot().save(tmp_path / "curve.doc")
