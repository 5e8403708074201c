"""The package as a user has it: a wheel in an empty environment (`make try-wheel`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from base64 import b64encode
from pathlib import Path

import pytest

from experiments.bench.server_process import ask, free_port, running
from tests.measuring.folders import write_folder

ROOT = Path(__file__).parent.parent
pytestmark = [
    pytest.mark.skipif(not os.environ.get("PTSSP_TRY_WHEEL"), reason="make try-wheel runs it"),
    pytest.mark.timeout(3600),
]
MOST_MEGABYTES = 40
EXTRAS = "vision,measure,mlflow,app"
OWN = {"PYTHONPATH": "", "HF_HUB_OFFLINE": "1"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", place, ROOT]
    subprocess.run(build, check=True)
    (found,) = place.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def ptssp(wheel, tmp_path_factory) -> Path:
    """Install the wheel alone; give its command."""
    place = tmp_path_factory.mktemp("empty")
    venv.create(place, with_pip=True)
    install = [place / "bin" / "python", "-m", "pip", "install", "--quiet", f"{wheel}[{EXTRAS}]"]
    subprocess.run(install, check=True)
    return place / "bin" / "ptssp"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Make a labelled folder, with nothing of the repository beside it."""
    return write_folder(tmp_path_factory.mktemp("user") / "squares", 12)


def run(command: Path, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [command, *arguments],
        cwd=folder.parent,
        env=os.environ | OWN,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_is_small(wheel):
    assert wheel.stat().st_size < MOST_MEGABYTES * 1e6
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB")


def test_the_package_is_the_installed_one(ptssp, folder):
    asked = ["-c", "import ptssp_sklearn as p; print(p.__file__)"]
    assert str(ptssp.parents[1]) in run(ptssp.parent / "python", folder, *asked)


def test_predict_measure_and_predict_with_the_pilot(ptssp, folder):
    answer = json.loads(run(ptssp, folder, "predict", "squares", "--target", "0.5", "--json"))
    assert answer["n_masks"] == 8
    quick = ["--sizes", "4,8", "--repeats", "1", "--steps", "2", "--set", "side=64"]
    said = run(ptssp, folder, "measure", "squares", "--target", "0.5", "--out", "measured", *quick)
    assert "Pilot: measured" in said
    asked = ["predict", "squares", "--target", "0.5", "--pilot", "measured", "--json"]
    found = json.loads(run(ptssp, folder, *asked))
    assert [point[0] for point in found["pilot"]] == [4, 8]
    assert "in all" in run(ptssp, folder, "plan", "squares", "--target", "0.1")


def test_serve_and_app_come_up_and_answer(ptssp, folder):
    images = sorted((folder / "images").glob("*.png"))[:2]
    row = {f"image_{i}": b64encode(p.read_bytes()).decode() for i, p in enumerate(images, 1)}
    with running([str(ptssp), "serve"], free_port(), folder.parent, **OWN) as port:
        body = {"dataframe_records": [row], "params": {"target_map": 0.2}}
        status, text = ask(port, body)
        assert status == 200, text
        assert "size_80" in json.loads(text)["predictions"][0]
    app = [str(ptssp), "app"]
    with running(app, free_port(), folder.parent, health="/_stcore/health", **OWN) as port:
        assert ask(port, None, path="/", method="GET")[0] == 200
