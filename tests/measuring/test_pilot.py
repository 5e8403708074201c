"""Pilots measured of small folders, by functions and by real trainings of a few steps."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from ptssp_sklearn.datasets import LabelledDataset, open_dataset
from ptssp_sklearn.measuring import Measurement, measure_pilot
from ptssp_sklearn.measuring.learners import choice
from ptssp_sklearn.measuring.pilot import training_threads
from ptssp_sklearn.measuring.trainings.database import StoreError
from ptssp_sklearn.measuring.trainings.store import FILE, Store
from tests.measuring.folders import write_folder

QUICK = {"jobs": 1, "quiet": True}
TWICE = {"sizes": "4,8", "repeats": 2, **QUICK}


def rising(train, test, seed):
    """Score by the number of images, and a little by chance."""
    assert isinstance(train, LabelledDataset)
    assert not {p.name for p in train.paths} & {p.name for p in test.paths}
    return len(train) / 40 + np.random.default_rng(seed).normal(0, 0.005)


def failing(train, test, seed):
    if len(train) > 4:
        raise MemoryError("no room")
    return 0.2


def slow(train, test, seed):
    time.sleep(0.4)
    return 0.1


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("data") / "squares", 20)


def test_a_function_is_measured_over_all_images(folder):
    found = measure_pilot(folder, rising, **QUICK)
    table = found.points()
    assert table["size"].tolist() == [4, 8, 16]
    assert table["score"].tolist() == pytest.approx([0.1, 0.2, 0.4], abs=0.02)
    assert table["n_trainings"].tolist() == [3, 3, 5]
    assert table["n_test"].tolist() == [16, 12, 4]
    assert (table["error"] > 0).all()
    assert (found.dataset, found.learner, found.kind) == ("squares", "rising", "mask")


def test_the_same_call_goes_on_and_measures_nothing_twice(folder, tmp_path):
    measure_pilot(folder, rising, out=tmp_path, sizes="4", repeats=1, **QUICK)
    seen = []
    measure_pilot(
        folder, rising, out=tmp_path, sizes="4,8", repeats=2, on_point=[seen.append], **QUICK
    )
    assert sorted((o.task.size, o.task.repeat) for o in seen) == [(4, 1), (8, 0), (8, 1)]
    again = []
    measure_pilot(
        folder, rising, out=tmp_path, sizes="4,8", repeats=2, on_point=[again.append], **QUICK
    )
    assert again == []
    assert Measurement.load(tmp_path).points()["n_trainings"].tolist() == [2, 2]


def test_other_labels_or_settings_need_another_folder(folder, tmp_path):
    measure_pilot(folder, rising, out=tmp_path, sizes="4", repeats=1, **QUICK)
    with pytest.raises(StoreError, match="was begun with"):
        measure_pilot(folder, rising, out=tmp_path, steps=7, **QUICK)
    other = open_dataset(folder).subset(range(12))
    with pytest.raises(StoreError, match="holds another of"):
        measure_pilot(other, rising, out=tmp_path, **QUICK)


def test_a_training_that_fails_is_told_and_the_others_count(folder):
    found = measure_pilot(folder, failing, sizes="4,8", repeats=1, **QUICK)
    assert found.points()["size"].tolist() == [4]
    assert found.failed["reason"].tolist() == ["MemoryError: no room"]
    with pytest.raises(ValueError, match="no training that succeeded: MemoryError: no room"):
        measure_pilot(folder, failing, sizes="8", repeats=1, **QUICK)


def test_a_training_that_failed_is_tried_again_by_the_next_run(folder, tmp_path):
    class Mended:
        room = False

        def __call__(self, train, test, seed):
            if not self.room:
                raise MemoryError("no room")
            return 0.2

    learner = Mended()
    asked = {"out": tmp_path, **TWICE}
    with pytest.raises(ValueError, match="no training that succeeded"):
        measure_pilot(folder, learner, **asked)
    learner.room, seen = True, []
    found = measure_pilot(folder, learner, on_point=[seen.append], **asked)
    assert (len(seen), len(found.trainings), len(found.failed)) == (4, 4, 0)


def test_a_store_holds_one_data_set_whatever_its_folder_is_called(folder, tmp_path):
    out, moved = tmp_path / "out", tmp_path / "moved.v2"
    measure_pilot(folder, rising, out=out, sizes="4", repeats=1, **QUICK)
    shutil.copytree(folder, moved)
    seen = []
    asked = {"out": out, "sizes": "4", "repeats": 1, "on_point": [seen.append], **QUICK}
    assert measure_pilot(moved, rising, **asked).dataset == "squares"
    assert seen == []
    other = write_folder(tmp_path / "other", 12)
    with pytest.raises(StoreError, match=r"'other', but .* of 'squares'\. Give another folder"):
        measure_pilot(other, rising, out=out, **QUICK)


def test_a_training_has_as_many_threads_as_the_user_allows(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert [training_threads(8, jobs) for jobs in (1, 3, 20)] == [8, 2, 1]
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert training_threads(8, 1) == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "16")
    assert training_threads(8, 2) == 4


def test_the_own_process_keeps_its_threads(folder, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("joblib.cpu_count", lambda: 3)
    seen = []

    def score(train, test, seed):
        seen.append(torch.get_num_threads())
        return rising(train, test, seed)

    before = torch.get_num_threads()
    measure_pilot(folder, score, **QUICK | {"jobs": 1})
    assert set(seen) == {3}
    assert torch.get_num_threads() == before


def test_no_training_starts_that_would_not_end_in_time(folder):
    began = time.monotonic()
    found = measure_pilot(folder, slow, minutes=1.5 / 60, **QUICK)
    assert 1 <= len(found.trainings) < 6
    assert time.monotonic() - began < 10


def test_a_killed_process_loses_nothing_that_was_finished(folder, tmp_path):
    code = (
        "import sys; from ptssp_sklearn.measuring import measure_pilot;"
        "from tests.measuring.test_pilot import slow;"
        "measure_pilot(sys.argv[1], slow, out=sys.argv[2], jobs=1, quiet=True)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder), str(tmp_path)], cwd=Path(__file__).parents[2]
    )
    while not (tmp_path / FILE).is_file() or len(_points(tmp_path)) < 2:
        assert process.poll() is None
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = _points(tmp_path)
    after = []
    measure_pilot(folder, slow, out=tmp_path, on_point=[after.append], **QUICK)
    kept = set(zip(before["size"], before["repeat"], strict=True))
    assert not kept & {(outcome.task.size, outcome.task.repeat) for outcome in after}
    assert len(_points(tmp_path)) == len(before) + len(after)


def _points(folder):
    store = Store(folder / FILE)
    try:
        return store.points()
    finally:
        store.close()


def test_real_trainings_score_boxes_and_masks(tmp_path):
    root = write_folder(tmp_path / "squares", 16)
    found = measure_pilot(
        root, "torchvision", sizes="8", repeats=1, steps=3, batch_size=2, settings={"side": 64},
        device="cpu", **QUICK,
    )  # fmt: skip
    assert set(found.trainings["kind"]) == {"mask", "box"}
    assert found.points("map50", "box")["score"].between(0, 1).all()
    assert found.learner == "lite0"


@pytest.mark.parametrize(
    ("learner", "options", "message"),
    [
        ("torchvison", {}, "Did you mean 'torchvision'"),
        ("gone.pt", {}, r"weights 'gone.pt', but it is not in this folder"),
        ("nowhere:Learner", {}, "needs the package nowhere"),
        (
            "torchvision",
            {"settings": {"colour": 3}},
            "Got the setting 'colour', but .* are: model,",
        ),
        ("torchvision", {"settings": {"sied": 64}}, "Did you mean 'side'"),
        ("torchvision", {"settings": {"side": "big"}}, "Got side='big', expected 32 pixels"),
        ("torchvision", {"settings": {"weights": "a.pth"}}, "but no model"),
        (
            "torchvision",
            {"settings": {"model": "fcos_lite0", "weights": "gone.pth"}},
            "Got weights='gone.pth', but there is no such file",
        ),
        ("torchvision", {"device": "gpu"}, "Got device='gpu', expected auto, cpu or cuda"),
        ("torchvision", {"device": "cuda:99"}, "Got device='cuda:99', but PyTorch finds"),
        ("torchvision", {"settings": {"model": "unet"}}, "Got model='unet'"),
        (rising, {"sizes": "4,400"}, "so many images can train"),
        (rising, {"repeats": "some"}, "expected auto or a number"),
        (rising, {"minutes": 0}, "Got minutes=0, expected a number above 0"),
        (rising, {"minutes": float("nan")}, "Got minutes=nan, expected a number above 0"),
        (lambda train, test, seed: "good", {}, "expected a score"),
        (lambda train, test, seed: 42.0, {}, r"fraction in \[0, 1\]"),
    ],
)
def test_what_cannot_be_measured_is_refused(folder, monkeypatch, learner, options, message):
    monkeypatch.setattr(choice, "_DOWNLOAD", "import sys; sys.exit(1)")
    with pytest.raises(ValueError, match=message):
        measure_pilot(folder, learner, **QUICK, **options)


def test_a_store_says_which_of_several_is_meant(folder, tmp_path):
    measure_pilot(folder, rising, out=tmp_path, sizes="4", repeats=1, **QUICK)
    measure_pilot(folder, slow, out=tmp_path, sizes="4", repeats=1, **QUICK)
    with pytest.raises(ValueError, match="rising on squares, slow on squares were measured"):
        Measurement.load(tmp_path)
    assert Measurement.load(tmp_path, learner="slow").points()["score"].tolist() == [0.1]
    with pytest.raises(ValueError, match="no training of 'fast' has finished"):
        Measurement.load(tmp_path, learner="fast")
    with pytest.raises(ValueError, match="ptssp measure"):
        Measurement.load(tmp_path / "gone")
