from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from experiments.bench.server_process import PTSSP
from ptssp_sklearn import load_pretrained
from ptssp_sklearn._version import __version__
from ptssp_sklearn.cli import app
from ptssp_sklearn.images.table import one_row
from ptssp_sklearn.pipeline import save_model
from tests.scenes import task
from tests.tiny import fitted

COINS = Path(__file__).parent / "data" / "datasets" / "cvat_yolo"


def process(*arguments) -> subprocess.CompletedProcess:
    """Run the command as users do."""
    return subprocess.run(
        [*PTSSP, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def ptssp(*arguments) -> Result:
    """Run the command in this process, which knows torch and the model already."""
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("task")
    images, masks = task(0, 4, side=64)
    for i in range(4):
        Image.fromarray(images[i]).save(folder / f"{i}.png")
        Image.fromarray(masks[i].astype(np.uint8)).save(folder / f"{i}_mask.png")
    return [folder / f"{i}.png" for i in range(4)], [folder / f"{i}_mask.png" for i in range(4)]


def with_masks(files) -> list:
    images, masks = files
    return [*images, *(part for mask in masks for part in ("--mask", mask))]


def test_json_is_what_the_model_says(files):
    done = process("predict", *with_masks(files), "--target", 0.3, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    X = one_row(*files)
    model = load_pretrained()
    assert list(answer["params"].values()) == pytest.approx(model.predict(X)[0], abs=1e-5)
    for level, given in answer["sizes"].items():
        size = model.required_size(X, 0.3, certainty=int(level) / 100)[0]
        assert given == (None if np.isinf(size) else size)
    assert answer["interval"]["low"] == model.required_size(X, 0.3, interval=0.9)["low"].iloc[0]
    chance = model.reach_probability(X, 0.3, size=1000)[0]
    assert answer["reach"]["1000"] == pytest.approx(chance, abs=1e-4)
    assert (answer["n_images"], answer["n_masks"], answer["classes"]) == (4, 4, None)
    assert answer["out_of_domain"] == pytest.approx(model.out_of_domain(X)[0], abs=1e-3)
    assert answer["neighbours"][0]["dataset"] == model.neighbours(X)["dataset"][0]
    median = model.predict_distribution(X).certain_scores([64])[0, 0]
    assert answer["curve"]["64"] == pytest.approx(median, abs=1e-4)
    assert "this model knows scores of" in answer["warning"]


def test_a_data_set_is_asked_about_by_its_folder(tmp_path):
    done = ptssp("predict", COINS, "--target", 0.3, "--images", 2, "--class", "dime")
    assert (done.exit_code, done.stderr) == (0, "")
    assert re.search(r"Images: images/train/image\d.jpg \(\d objects\), images", done.stdout)
    found = json.loads(ptssp("predict", COINS, "--target", 0.3, "--json").stdout)
    assert [image["objects"] for image in found["images"]] == [7, 6, 7]
    (tmp_path / "data.yaml").write_text("train: images\nnames: [a")
    done = ptssp("plan", tmp_path, "--target", 0.3)
    assert done.exit_code == 2
    assert re.fullmatch(r"ptssp: Got '.*data.yaml', line 2, .*: no valid yaml .*\n", done.stderr)


def test_words_and_plot(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plot = tmp_path / "curve.png"
    done = ptssp("predict", *files[0], "--target", 0.05, "--plot", plot)
    assert done.exit_code == 0, done.stderr
    for words in (
        "mAP50-95 0.05 takes",
        "training images",
        "Evidence: 4 images",
        "A = ",
        "Model: detectors",
        "Note: ",
        "Plot: ",
    ):
        assert words in done.stdout
    with Image.open(plot) as image:
        assert image.format == "PNG"


def test_the_metric_of_target_and_pilot_is_said():
    asked = ["--model", "detectors", "--target", 0.6, "--pilot", "51:0.5", "--metric", "map50"]
    words = ptssp("predict", *asked)
    assert words.stdout.startswith("mAP50 0.6 ")
    assert "Score: mAP50 of boxes, over all classes" in words.stdout
    assert "median mAP50 " in words.stdout
    wrong = ptssp("plan", *asked[:-1], "map")
    assert wrong.exit_code == 2
    assert "Got metric='map', expected 'map50_95' or 'map50'." in wrong.stderr


def test_out_of_reach_is_said(files):
    words = ptssp("predict", files[0][0], "--target", 0.999)
    assert words.stdout.startswith("mAP50-95 0.999 is likely out of reach: the chance to reach it")
    assert "Within reach is mAP50-95 0." in words.stdout
    data = json.loads(ptssp("predict", files[0][0], "--target", 0.999, "--json").stdout)
    assert data["sizes"] == {"50": None, "80": None, "90": None}
    assert data["reachable"] is False


def bad_files(folder) -> dict[str, list]:
    (folder / "cut.png").write_bytes((folder / "good.png").read_bytes()[:300])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("hello")
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(folder / "mask.png")
    (folder / "pilot.csv").write_text("n,map\n51,0.23\n")
    good, mask = folder / "good.png", folder / "mask.png"
    return {
        "no such file": [folder / "gone.png"],
        "damaged": [folder / "cut.png"],
        "0 bytes": [folder / "empty.png"],
        "no image Pillow can read": [folder / "text.png"],
        "no labels are recognised": [folder],
        "4 x 4 pixels for an image of 64 x 64": [good, "--mask", mask],
        "2 masks for 1 image": [good, "--mask", mask, "--mask", mask],
        "expected detectors, a .safetensors file": [good, "--model", "resnet"],
        "expected a model written by": [good, "--model", "gone.safetensors"],
        "expected SIZE:SCORE such as 51:0.23": [good, "--pilot", "51-0.23"],
        "Got the pilot score 23": [good, "--pilot", "51:23"],
        "expected the columns size and score": [good, "--pilot", folder / "pilot.csv"],
        "Got the interval 1.5": [good, "--interval", 1.5],
        "expected an ending": [good, "--plot", folder / "curve.doc"],
    }


def test_bad_input_is_one_clear_line_and_exit_code_two(tmp_path, monkeypatch):
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "good.png")
    monkeypatch.chdir(tmp_path)
    for expected, arguments in bad_files(tmp_path).items():
        before = sorted(tmp_path.iterdir())
        done = ptssp("predict", *arguments, "--target", 0.3)
        assert done.exit_code == 2, (expected, done)
        assert expected in done.stderr
        assert done.stderr.count("\n") == 1
        assert done.stdout == ""
        assert sorted(tmp_path.iterdir()) == before


def test_a_refusal_of_the_command_itself_is_one_line(tmp_path):
    done = process("predict", tmp_path / "gone.png", "--target", 0.3)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no such file" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("target", ["0", "1", "80", "nan"])
def test_target_outside_the_fractions(files, target):
    done = ptssp("predict", files[0][0], "--target", target)
    assert done.exit_code == 2
    assert "expected a score as a fraction in (0, 1)" in done.stderr


def test_plot_into_a_missing_folder_is_refused(files, tmp_path):
    done = ptssp("predict", files[0][0], "--target", 0.3, "--plot", tmp_path / "no" / "a.png")
    assert done.exit_code == 2
    assert "a.png" in done.stderr
    assert done.stdout == ""


def test_a_pilot_sharpens_the_answer_without_any_image(tmp_path):
    (tmp_path / "pilot.csv").write_text("size,score\n51,0.23\n101,0.3\n")
    model = ["--model", "detectors", "--target", 0.4, "--json"]
    from_file = ptssp("predict", *model, "--pilot", tmp_path / "pilot.csv")
    assert (from_file.exit_code, from_file.stderr) == (0, "")
    typed = ptssp("predict", *model, "--pilot", "51:0.23", "--pilot", "101:0.3")
    assert typed.stdout == from_file.stdout
    answer = json.loads(typed.stdout)
    assert answer["pilot"] == [[51, 0.23], [101, 0.3]]
    assert (answer["neighbours"], answer["out_of_domain"]) == (None, None)
    assert 0 <= answer["reach"]["1000"] <= answer["reach"]["10000"] <= answer["reach"]["ever"] <= 1
    assert answer["interval"]["low"] > 51


def test_a_learner_is_asked_for_by_name_and_may_have_been_measured_by_another(tmp_path):
    (tmp_path / "pilot.csv").write_text("size,score,error,learner\n51,0.23,,yolov5n\n")
    asked = ["--model", "detectors", "--target", 0.4, "--json"]
    own = ptssp("predict", *asked, "--learner", "rf-detr-s", "--pilot", "51:0.23")
    other = ptssp("predict", *asked, "--learner", "rf-detr-s", "--pilot", "51:0.23:yolov5n")
    table = ptssp("predict", *asked, "--learner", "rf-detr-s", "--pilot", tmp_path / "pilot.csv")
    assert (own.exit_code, other.exit_code, other.stdout) == (0, 0, table.stdout)
    widths = [np.ptp(json.loads(done.stdout)["band"]["64"]) for done in (own, other)]
    assert widths[1] > 1.2 * widths[0]
    for wrong in (["--learner", "yolo11q"], ["--pilot", "51:0.2:yolov5q"]):
        done = ptssp("predict", *asked, *wrong)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
        assert "Did you mean 'YOLO" in done.stderr


def test_a_score_no_detector_has_is_remarked_upon():
    done = ptssp("predict", "--model", "detectors", "--target", 0.5, "--pilot", "64:0.97")
    assert "no known detector has mAP50-95 0.97 with 64 images: was this mAP50?" in done.stdout


def test_a_model_that_cannot_do_without_images_asks_for_one(tmp_path):
    save_model(fitted(), tmp_path / "own.safetensors")
    done = ptssp("predict", "--target", 0.3, "--model", tmp_path / "own.safetensors")
    assert done.exit_code == 2
    assert "expected at least one" in done.stderr
    assert "Score: mAP50-95 of boxes" in ptssp("predict", "--target", 0.3).stdout


def test_plan_prints_the_rounds():
    asked = ["--model", "detectors", "--target", 0.4, "--pilot", "51:0.23", "--rounds", 2]
    words = ptssp("plan", *asked)
    assert words.exit_code == 0, words.stderr
    assert "images in all" in words.stdout
    data = json.loads(ptssp("plan", *asked, "--json").stdout)
    assert data["next_size"] > 51
    assert [row["round"] for row in data["rounds"]] == [1, 2]
    wrong = ptssp("plan", *asked, "--cost", -1)
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (2, 1)


def test_version_and_help():
    assert process("--version").stdout.startswith("ptssp_sklearn ")
    assert ptssp("--version").stdout == f"ptssp_sklearn {__version__}\n"
    assert "--target" in ptssp("predict", "--help").stdout
