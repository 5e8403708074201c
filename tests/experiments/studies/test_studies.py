from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pytest

from experiments.studies.__main__ import main
from experiments.studies.catalogue import CATALOGUE, find_study
from experiments.studies.curve import learning_curve
from experiments.studies.groups import EARLIER, read_groups
from experiments.studies.results import FOLDER, Result, ResultStore
from experiments.studies.runner import run_study
from experiments.studies.study import Recipe
from tests.studied import result

ROOT = Path(__file__).parents[3]
LAYERS = [
    "packages", "study", "subsets", "data.arrays", "data.pictures", "data.scenes", "data.texts",
    "data.stand_ins", "models.classic", "models.trained", "models.detectors", "models.encoders",
    "training.fitting", "training.classify", "training.texts", "training.embed",
    "training.segment", "training.detect", "study_a", "study_b", "study_c", "catalogue",
    "results", "curve", "runner", "tracking", "figures", "groups", "gallery", "report", "__main__",
]  # fmt: skip


def quick(name: str = "mnist-mlp"):
    study = CATALOGUE[name]
    return replace(study, stand_in=replace(study.stand_in, recipe=Recipe(2, 32, 1e-3)))


@pytest.mark.parametrize("module", LAYERS)
def test_modules_of_the_studies_import_only_from_those_above(module):
    prefix = "experiments.studies."
    tree = ast.parse((ROOT / (prefix + module).replace(".", "/")).with_suffix(".py").read_text())
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("experiments"):
            base = f"{node.module}.".removeprefix(prefix)
            own = base.removesuffix(".")
            names |= {own} if own in LAYERS else {base + alias.name for alias in node.names}
    inside = {name for name in names if name in LAYERS}
    assert inside <= set(LAYERS[: LAYERS.index(module)])


def test_every_module_of_the_studies_has_its_place():
    folder = ROOT / "experiments" / "studies"
    found = {".".join(p.relative_to(folder).with_suffix("").parts) for p in folder.rglob("*.py")}
    assert {n for n in found if not n.endswith("__init__")} == set(LAYERS)


def test_every_experiment_of_the_documents_is_there():
    documents = [study.document for study in CATALOGUE.values()]
    assert (documents.count("A"), documents.count("B"), documents.count("C")) == (2, 10, 15)
    for name in ("resnet18", "googlenet", "inception_v3", "vgg16"):
        assert {f"garbage-{name}-{regime}" for regime in ("last", "some", "all")} <= set(CATALOGUE)
    stated = {s.name: (s.required, s.published) for s in CATALOGUE.values() if s.published}
    assert stated == {
        "mnist-autoencoder": (0.90, 0.923), "cifar10-cnn": (0.88, 0.889),
        "text-cnn": (0.87, 0.875), "mnist-mlp": (0.98, 0.983), "mnist-cnn": (0.993, 0.9934),
        "cifar10-skip": (0.80, 0.836), "pet-unet": (0.88, 0.893), "imdb-roberta": (0.86, 0.904),
    }  # fmt: skip
    with pytest.raises(ValueError, match="Did you mean 'mnist-mlp'"):
        find_study("mnist-mpl")


def test_a_run_trains_each_fraction_once_and_goes_on_where_it_ended(tmp_path):
    done: list[Result] = []
    first = run_study(quick(), fractions=[0.1, 0.5], folder=tmp_path, done=done.append)
    assert [r.size for r in done] == [135, 674]
    assert done[1].scores["accuracy"] > done[0].scores["accuracy"] > 0.2
    assert np.sum(done[0].details["confusion"]) == 450
    again = run_study(
        quick(), fractions=[0.1, 0.5, 1.0], folder=tmp_path, device="cpu", done=done.append
    )
    assert [r.size for r in done] == [135, 674, 1347]
    assert again[:2] == first
    run_study(quick(), fractions=[0.1], seeds=[0, 1], folder=tmp_path, done=done.append)
    assert [(r.size, r.seed) for r in done[3:]] == [(135, 1)]
    assert done[3].scores != done[0].scores
    other = replace(quick(), stand_in=replace(quick().stand_in, recipe=Recipe(1, 32, 1e-3)))
    run_study(other, fractions=[0.1], folder=tmp_path, done=done.append)
    assert len(done) == 5
    assert len(ResultStore("mnist-mlp", tmp_path).read()) == 5


def test_a_file_that_holds_no_results_is_said(tmp_path):
    (tmp_path / "mnist-mlp.json").write_text('[{"data": 1}]')
    with pytest.raises(ValueError, match="which holds no results"):
        ResultStore("mnist-mlp", tmp_path).read()


def test_a_curve_is_fitted_to_the_means_of_the_seeds_and_inverted():
    rows = [
        result(size=size, seed=seed, score=0.9 - 0.8 / (1 + size / 50) + shift)
        for size in (10, 50, 250, 1250)
        for seed, shift in ((0, -0.01), (1, 0.01))
    ]
    curve = learning_curve(rows, "accuracy")
    assert np.allclose(curve.params, [0.1, 1, 50, 0.9], rtol=0.02)
    assert curve.required_size(0.5) == pytest.approx(50, abs=1)
    assert curve.required_size(0.95) == np.inf
    few = learning_curve(rows[:4], "accuracy")
    assert few.params is None
    assert np.isnan(few.required_size(0.5))
    with pytest.raises(ValueError, match="results of 2 data and settings"):
        learning_curve([*rows, result(data="others")], "accuracy")


def test_stored_results_of_other_settings_than_the_catalogues_are_said_to_be():
    groups = read_groups(CATALOGUE.values(), ROOT / FOLDER)
    assert groups
    for group in groups:
        known = [setup.settings() for setup in (group.study.full, group.study.stand_in)]
        assert group.learner.endswith(EARLIER) != (group.results[0].settings in known)


def test_the_command_line_runs_lists_and_says_what_is_missing(tmp_path, capsys):
    options = ["--results", str(tmp_path / "r"), "--no-track"]
    run = ["run", "mnist-mlp", "--fractions", "0.02", "0.05", "0.1", "--device", "auto", *options]
    assert main(run) == 0
    out = capsys.readouterr().out
    assert "27 examples (2%), seed 0" in out
    assert "For 0.98: " in out
    assert main([*run, "--target", "0.5"]) == 0
    assert "For 0.5: " in capsys.readouterr().out
    assert main([*run, "--target", "50"]) == 1
    assert "Got the target 50" in capsys.readouterr().err
    assert main(run) == 0
    assert "seed 0" not in capsys.readouterr().out
    assert main(["list"]) == 0
    assert "mnist-cnn" in capsys.readouterr().out
    assert main(["run", "mnist-mlp", "--data", str(tmp_path), *options]) == 1
    assert "Got no MNIST" in capsys.readouterr().err
    assert main(["run", "mnist-mlp", "--fractions", "2", *options]) == 1
    assert "Got the fraction 2" in capsys.readouterr().err
    assert main(["run", "mnist-mlp", "--seeds", "9", "--device", "abacus", *options]) == 1
    assert "Got the device 'abacus'" in capsys.readouterr().err


def test_a_run_is_logged_to_mlflow(tmp_path, monkeypatch, new_store):
    monkeypatch.chdir(tmp_path)
    uri = new_store(tmp_path / "mlflow.db")
    run = ["run", "mnist-mlp", "--fractions", "0.02", "0.05", "0.1", "--results", str(tmp_path)]
    assert main([*run, "--track", uri]) == 0
    client = mlflow.MlflowClient(uri)
    runs = {r.info.run_name: r for r in client.search_runs(["0"])}
    assert len(runs) == 4
    parent, point = runs["mnist-mlp"], runs["0.1 of the data, seed 0"]
    assert parent.data.tags["status"] == "completed"
    assert {"A", "B", "C", "D"} <= set(parent.data.metrics)
    stored = json.loads((tmp_path / "mnist-mlp.json").read_text())[-1]
    assert point.data.metrics["accuracy"] == pytest.approx(stored["scores"]["accuracy"])
    assert point.data.params["size"] == "135"
    losses = client.get_metric_history(point.info.run_id, "train_loss")
    assert len(losses) == len(stored["history"])
