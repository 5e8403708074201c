from __future__ import annotations

import io
import time

import numpy as np

from ptssp_sklearn.measuring.curve_bar import CurveBar
from ptssp_sklearn.measuring.trainings.schedule import Task
from ptssp_sklearn.measuring.trainings.store import Outcome, Store


def outcome(size, score, repeat=0):
    kind = {
        "map50_95": score, "map50": score, "map75": score, "classes": {}, "n_test": 30,
        "n_objects": 60, "resampled": np.full((2, 100), score),
    }  # fmt: skip
    scores = {**kind, "kinds": {"box": kind}}
    return Outcome(Task("pilot", "yolo", "cats", size, repeat), "done", 0, scores, 1.0)


def test_the_bar_tells_trainings_time_and_curve(tmp_path):
    store, stream = Store(tmp_path / "m.sqlite"), io.StringIO()
    bar = CurveBar(
        store, "yolo", "cats", total=5, remaining=5, deadline=time.time() + 600, jobs=1,
        stream=stream,
    )  # fmt: skip
    assert "0 of 5 trainings, one is trained to see how long it takes" in bar.line()
    bar.show(last=True)
    assert "0 of 5 trainings, no time is left for more" in bar.line()
    for one in (outcome(4, 0.123), outcome(16, 0.4)):
        store.write(one)
        bar.point(one)
    bar.show(last=True)
    line = stream.getvalue().splitlines()[-1]
    assert line.startswith("[########............] 2 of 5 trainings")
    assert line.endswith("box mAP50-95 4: 0.12, 16: 0.40")
    store.close()


def test_trainings_that_there_is_no_time_for_are_not_promised(tmp_path):
    store = Store(tmp_path / "m.sqlite")
    until = time.time() + 1.0
    bar = CurveBar(
        store, "yolo", "cats", total=50, remaining=50, deadline=until, jobs=1, quiet=True
    )
    store.write(outcome(4, 0.1))
    time.sleep(0.3)
    bar.point(outcome(4, 0.1))
    assert " of 50" not in bar.line()
    assert "1 of " in bar.line()
    store.close()
