from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ptssp_sklearn.curves.display import PredictedCurveDisplay
from ptssp_sklearn.curves.sigmoid import sigmoid_curve

SIZES = np.geomspace(1, 1000, 61)
SCORES = sigmoid_curve(SIZES, [0.1, 1.0, 100.0, 0.9])


def shown(target: float = 0.5, size: float = 100.0, **beside) -> PredictedCurveDisplay:
    return PredictedCurveDisplay(SIZES, SCORES, target_map=target, required_size=size, **beside)


def test_target_and_size_are_marked():
    display = shown().plot()
    assert display.ax_.get_xscale() == "log"
    assert [text.get_text() for text in display.ax_.texts] == ["100 images"]
    marker = display.ax_.lines[-1].get_xydata()[0]
    assert marker == pytest.approx([100.0, 0.5])


def test_the_mark_lies_on_the_curve_where_the_size_was_rounded_up():
    display = shown(0.12, 3.0).plot()
    assert [text.get_text() for text in display.ax_.texts] == ["3 images"]
    size, score = display.ax_.lines[-1].get_xydata()[0]
    assert size == 3
    assert score == pytest.approx(sigmoid_curve(3, [0.1, 1.0, 100.0, 0.9]), abs=1e-3)
    assert [text.get_text() for text in shown(0.05, 1.0).plot().ax_.texts] == ["1 image"]


@pytest.mark.parametrize(("target", "size"), [(0.95, np.inf), (0.89, 8000.0)])
def test_targets_off_the_curve_are_drawn_without_a_size(target, size):
    display = shown(target, size).plot()
    assert not display.ax_.texts
    assert any(np.allclose(line.get_ydata(), target) for line in display.ax_.lines[1:])


def test_band_pilot_and_neighbours_are_told_apart_without_colour():
    alike = pd.DataFrame([[0.1, np.nan, 0.4], [0.2, 0.3, 0.5]], columns=[2, 8, 32])
    display = shown(
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
    assert shown().plot(ax).figure_ is figure
    plt.close(figure)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_files_are_written(tmp_path, ending):
    path = tmp_path / f"curve.{ending}"
    shown().plot().save(path)
    assert path.stat().st_size > 1000
    if ending == "png":
        with Image.open(path) as image:
            assert image.size[0] > 800


def test_unknown_endings_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"curve\.doc', expected an ending of .*png"):
        shown().plot().save(tmp_path / "curve.doc")
