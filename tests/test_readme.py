from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from PIL import Image

from experiments.bench.server_process import free_port
from experiments.collection.options import read_options
from experiments.demo import coin_tiles
from ptssp_sklearn import load_pretrained
from ptssp_sklearn.measuring.learner import Budget
from ptssp_sklearn.measuring.scoring import score_predictions
from ptssp_sklearn.serving.server import make_app
from tests.drawn import DrawnDataset, draw_domains

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
EXPERIMENTS = (ROOT / "experiments" / "README.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
    assert found
    return found


@pytest.mark.parametrize("block", blocks(README, "python"))
def test_python_in_the_readme_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    exec(compile(block, "README.md", "exec"), {})


def test_the_curl_call_of_the_readme_gets_its_answer(tmp_path):
    for number, (image, _) in enumerate(coin_tiles()[:2], 1):
        (tmp_path / "demo").mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / "demo" / f"coins_{number}.png")
    shown = README.split("<!-- curl -->")[1].split("<!-- /curl -->")[0]
    (call,), (answer,) = blocks(shown, "sh"), blocks(shown, "json")
    with listening(make_app(load_pretrained())) as port:
        command = ["bash", "-c", call.replace("5001", str(port))]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    texts = (text.replace("null", "-1") for text in (done.stdout, answer))
    found, expected = (json.loads(text)["predictions"][0] for text in texts)
    assert list(found) == list(expected)
    assert found.pop("notes") == expected.pop("notes")
    assert found == pytest.approx(expected, rel=0.02, abs=0.02)


@contextmanager
def listening(app) -> Iterator[int]:
    """Serve an application in a thread; give its port."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield port
    finally:
        server.should_exit = True
        thread.join(30)


def test_the_learner_of_the_experiments_readme_can_be_measured():
    names: dict = {}
    exec(compile(blocks(EXPERIMENTS, "python")[0], "README.md", "exec"), names)
    dataset = DrawnDataset(draw_domains(3, seed=0, side=32)[2])
    model = names["Brightness"]().fit(dataset.train(4), n_classes=1, budget=Budget(), seed=0)
    test = dataset.test()
    scores = score_predictions(model.predict([s.image for s in test]), test, ["square"])
    assert 0 <= scores["map50_95"] <= 1


def test_collect_commands_of_the_experiments_readme_are_understood():
    shell = "\n".join(blocks(EXPERIMENTS, "sh")).replace("\\\n", " ")
    commands = re.findall(r"python -m experiments\.collect (.*)", shell)
    assert len(commands) >= 5
    for command in commands:
        read_options(command.split("#")[0].split())


@pytest.mark.parametrize("name", re.findall(r"^\| `(experiments\.\w+)`", EXPERIMENTS, re.MULTILINE))
def test_commands_of_the_experiments_readme_exist(name):
    place = ROOT / name.replace(".", "/")
    assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_links_lead_somewhere(target):
    assert (ROOT / target).is_file()


def test_make_targets_of_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text()
    for name in re.findall(r"^make (\w+)", README, flags=re.MULTILINE):
        assert re.search(rf"^{name}:", makefile, flags=re.MULTILINE)


def test_results_of_the_readme_are_those_of_the_results_page():
    shown = README.split("<!-- results -->")[1].split("<!-- /results -->")[0].strip()
    page = (ROOT / "docs" / "results.md").read_text()
    assert shown == page.split("<!-- summary -->")[1].split("<!-- /summary -->")[0].strip()
