from __future__ import annotations

import numpy as np
import pytest

from experiments.interval_figure import PILOT, draw
from ptssp_sklearn import load_pretrained
from ptssp_sklearn.serving.answer import CERTAINTIES


def test_the_dots_of_the_picture_are_the_numbers():
    believed = load_pretrained("detectors").predict_distribution(None, pilot=PILOT)
    numbers = believed.required_sizes(0.42, CERTAINTIES)[0]
    left, right = draw(believed, 0.42).axes
    shown = numbers[numbers <= 1e5]
    assert len(shown)
    dots = [[line.get_xydata()[0] for line in ax.lines if line.get_marker() == "o"]
            for ax in (left, right)]  # fmt: skip
    assert np.array(dots[0]) == pytest.approx(np.stack([shown, np.full(len(shown), 0.42)], 1))
    assert np.array(dots[1])[:, 1] == pytest.approx(CERTAINTIES[: len(shown)])
