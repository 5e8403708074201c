"""The command ``ptssp measure``, on small folders and with a learner of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from experiments.bench.server_process import PTSSP
from ptssp_sklearn.cli import app
from ptssp_sklearn.measuring import Measurement
from ptssp_sklearn.measuring.learner import Learner, Model, Prediction
from tests.measuring.folders import write_folder

QUICK = ["--jobs", "1", "--sizes", "4,8", "--repeats", "1", "--learner"]


class BrightSquares(Learner):
    """Finds bright boxes; more images make it surer of where they end."""

    def __init__(self, level: float = 125.0, device: str = "cpu") -> None:
        self.level, self.device, self.name, self.side = level, device, "bright", 64

    def fit(self, samples, *, n_classes, budget, seed, start=None):
        return _Bright(self.level, 8 - len(samples))


class BrightSquares125(BrightSquares):
    """The same under another name."""

    def __init__(self, level: float = 125.0, device: str = "cpu") -> None:
        super().__init__(level, device)
        self.name = "bright125"


class BrightSquares130(BrightSquares125):
    """The same under a third name."""

    def __init__(self, level: float = 130.0, device: str = "cpu") -> None:
        super().__init__(level, device)
        self.name = "bright130"


class Slow(BrightSquares):
    """Is still at its second training when a scheduler ends it, whose time is over."""

    def fit(self, samples, *, n_classes, budget, seed, start=None):
        if len(samples) > 4:
            print("second", flush=True)
            time.sleep(60)
        return super().fit(samples, n_classes=n_classes, budget=budget, seed=seed)


class _Bright(Model):
    def __init__(self, level, slip):
        self.level, self.slip = level, slip

    def predict(self, images):
        found = []
        for image in images:
            rows, columns = np.nonzero(image.mean(axis=2) > self.level)
            box = [[columns.min(), rows.min(), columns.max() + 1 + self.slip, rows.max() + 1]]
            found.append(Prediction(None, np.zeros(1, np.int64), np.ones(1), np.array(box, float)))
        return found


HERE = "tests.test_cli_measure"
OWN = f"{HERE}:BrightSquares"


def run(*arguments):
    return CliRunner().invoke(app, ["measure", *map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("data") / "squares", 12, boxes=True)


def test_measure_answers_and_keeps_the_pilot(folder, tmp_path):
    out = tmp_path / "measured"
    done = run(folder, "--target", 0.5, "--out", out, *QUICK, OWN)
    assert done.exit_code == 0, done.output
    assert "box mAP50-95" in done.output
    assert "bright on squares, cross-validated in 5 folds over 12 labelled images" in done.output
    assert (out / "curve.png").is_file()
    asked = ["predict", "--target", "0.5", "--pilot", str(out), "--json", str(folder)]
    answer = CliRunner().invoke(app, asked)
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert [point[0] for point in found["pilot"]] == [4, 8]
    assert (found["learner"], found["shape"]) == ("bright, as measured", "boxes")
    assert "pilot" not in found["warning"]
    one = "Score: mAP50-95 of boxes, over all classes, of bright, as measured."
    assert one in done.output


def test_a_folder_of_several_learners_is_named_with_one(folder, tmp_path):
    for level in (125, 130):
        more = ["--sizes", "4", "--repeats", 1, "--jobs", 1, "--set", f"level={level}"]
        run(folder, "--target", 0.5, "--out", tmp_path, *more, "--learner", f"{OWN}{level}")
    asked = ["predict", "--target", "0.5", "--json", str(folder), "--pilot"]
    refused = CliRunner().invoke(app, [*asked, str(tmp_path)])
    assert refused.exit_code == 2
    assert f"or --pilot {tmp_path}:bright125" in refused.output
    answer = CliRunner().invoke(app, [*asked, f"{tmp_path}:bright130"])
    assert json.loads(answer.stdout)["learner"] == "bright130, as measured"


def test_sigterm_stops_it_like_ctrl_c(folder, tmp_path):
    asked = [folder, "--target", 0.5, "--out", tmp_path, *QUICK, f"{HERE}:Slow"]
    with subprocess.Popen(
        [*PTSSP, "measure", *map(str, asked)],
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        said = ""
        while "second" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGTERM)
        said += process.communicate(timeout=60)[0]
    assert process.returncode == 130
    assert "Stopped; what was measured is kept. Run it again to go on." in said
    assert Measurement.load(tmp_path).points()["size"].tolist() == [4]


def test_a_learner_stands_in_the_working_directory(folder, tmp_path, monkeypatch):
    (tmp_path / "my_learner.py").write_text(f"from {HERE} import BrightSquares as Mine\n")
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    done = run(folder, "--target", 0.5, *QUICK, "my_learner:Mine")
    assert done.exit_code == 0, done.output
    assert sys.path == path


def test_masks_and_boxes_have_a_table_each_that_80_columns_hold(tmp_path):
    root = write_folder(tmp_path / "squares", 12)
    more = ["--sizes", 4, "--repeats", 1, "--steps", 1, "--jobs", 1, "--set", "side=64"]
    done = run(root, "--target", 0.5, "--out", tmp_path / "out", *more)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    heads = [line for line in lines if "mAP50-95" in line and "test images" in line]
    assert [("mask" in line, "box" in line) for line in heads] == [(True, False), (False, True)]
    assert max(map(len, heads)) <= 80


def test_json_holds_the_points_with_their_errors(folder, tmp_path):
    more = ["--set", "level=130", "--json"]
    done = run(folder, "--target", 0.5, "--out", tmp_path, *QUICK, OWN, *more)
    measured = json.loads(done.stdout)["measured"]
    assert [point["size"] for point in measured["points"]] == [4, 8]
    assert all(0 < point["error"] < 1 for point in measured["points"])
    assert (measured["learner"], measured["kind"]) == ("bright", "box")


class FailsOfEight(BrightSquares):
    """Cannot be trained on eight images."""

    def fit(self, samples, **options):
        if len(samples) == 8:
            raise ValueError("eight is too many")
        return super().fit(samples, **options)


def test_a_training_that_fails_is_noted_and_the_rest_is_the_answer(folder, tmp_path):
    more = ["--set", "device=anywhere", "--out", tmp_path]
    done = run(folder, "--target", 0.5, *more, *QUICK, "tests.test_cli_measure:FailsOfEight")
    assert done.exit_code == 0, done.output
    assert "Note: the training on 8 images failed: " in done.output
    assert "eight is too many" in done.output


def test_a_tracked_measurement_logs_answer_and_curve(folder, tmp_path, new_store, monkeypatch):
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "pilots")
    mlflow = pytest.importorskip("mlflow")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(new_store(tmp_path / "runs.db"))
    mlflow.create_experiment("pilots", artifact_location=(tmp_path / "kept").as_uri())
    try:
        done = run(folder, "--target", 0.5, "--track", "--out", tmp_path / "out", *QUICK, OWN)
        assert done.exit_code == 0, done.output
        (logged,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    finally:
        mlflow.set_tracking_uri(before)
    assert logged.info.run_name == f"measure {OWN} on squares"
    (answer,) = tmp_path.rglob("answer.json")
    assert json.loads(answer.read_text())["target_map"] == 0.5
    assert list(tmp_path.rglob("figures/curve.png"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", 1.5], "target"),
        (["--target", 0.5, "--learner", "yoloo"], "Did you mean 'yolo'"),
        (["--target", 0.5, "--set", "level"], "expected NAME=VALUE"),
        (["--target", 0.5, "--learner", OWN, "--set", "colour=1"], "colour"),
        (["--target", 50], "Got --target 50, expected a score as a fraction"),
        (["--target", 0.5, "--minutes", 0], "Got minutes=0, expected a number above 0"),
        (["--target", 0.5, "--interval", 2], "Got the interval 2"),
        (["--target", 0.5, "--model", "nosuch"], "nosuch"),
        (["--target", 0.5, "--device", "gpu"], "Got device='gpu'"),
        (["--target", 0.5, "--learner", "yolo", "--set", "start=gone.pt"], "no such file"),
        (["--target", 0.5, "--learner", "yolo", "--set", "weights=gone.yaml"], "gone.yaml"),
        (["--target", 0.5, "--learner", "yolo", "--set", "task=find"], "Got task='find'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(folder, tmp_path, arguments, message):
    done = run(folder, "--out", tmp_path / "out", *arguments)
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()
    assert message in done.output
    assert len(done.output.strip().splitlines()) == 1
