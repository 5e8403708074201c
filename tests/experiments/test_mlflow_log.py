"""The runs that the experiments log; small banks, real stores."""

from __future__ import annotations

import mlflow
import numpy as np
import pytest
from sklearn.utils import Bunch

from experiments import evaluate, train
from experiments.collect import main
from experiments.evaluation.tables import TABLES
from experiments.evaluation.zero_shot import SHIPPED
from experiments.protocol import zero_shot_baselines
from experiments.protocol.mlflow_log import hold_out, tracking, wanted
from ptssp_sklearn import load_curve_bank
from tests.curve_banks import load
from tests.experiments.test_collect import arguments, points


@pytest.fixture
def uri(new_store, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.chdir(tmp_path)
    return new_store(tmp_path / "mlflow.db")


def runs(uri: str, **equal: str):
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    found = mlflow.search_runs(search_all_experiments=True)
    mlflow.set_tracking_uri(before)
    for name, value in equal.items():
        found = found[found[f"tags.{name}"] == value]
    return found


def test_training_is_tracked_with_its_bank_and_a_held_out_fifth(uri, tmp_path):
    asked = {"bank": ["yolov8m-seg"], "name": "curves", "out": tmp_path, "seed": 1}
    train.run(**asked, track=True, tracking_uri=uri)
    assert (tmp_path / "curves.safetensors").is_file()
    (parent,) = runs(uri, **{"mlflow.runName": "train curves"}).to_dict(orient="records")
    assert (parent["tags.status"], parent["params.seed"]) == ("completed", "1")
    assert len(parent["tags.bank.yolov8m-seg.hash"]) == 32
    (held,) = runs(uri, role="held out").to_dict(orient="records")
    truth = hold_out(load_curve_bank("yolov8m-seg"), 1)
    assert held["metrics.curve_mae"] == pytest.approx(truth.scores["curve_mae"])
    assert held["tags.mlflow.parentRunId"] == parent["run_id"]


def test_held_out_groups_are_not_trained_on(monkeypatch):
    bank = load_curve_bank("yolov8m-seg")
    groups = set(hold_out(bank, 0).measured.index)
    assert 0 < len(groups) < len(bank.y)
    inside = bank.y.index.isin(groups)
    assert not set(np.asarray(bank.groups)[inside]) & set(np.asarray(bank.groups)[~inside])
    other = Bunch(**bank)
    other.y = bank.y.copy()
    other.y[inside] = bank.y[inside] * 0.5
    assert hold_out(other, 0).params.equals(hold_out(bank, 0).params)


def test_a_training_without_tracking_leaves_no_store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train.run(bank=["yolov8m-seg"], name="curves", out=tmp_path, track=False)
    assert [p.name for p in tmp_path.iterdir()] == ["curves.safetensors"]
    assert (wanted(None), wanted(False)) == (True, False)
    with tracking(False, "nothing", None) as logged:
        assert not logged


def test_a_table_of_the_results_page_has_a_run_a_candidate_and_a_fold(uri, tmp_path, monkeypatch):
    name = next(iter(TABLES))
    monkeypatch.setattr(evaluate, "load_few", load)
    monkeypatch.setattr(zero_shot_baselines, "N_TREES", 20)
    options = {"only": name, "quick": True, "jobs": 1, "seeds": 1, "curves": None}
    page = tmp_path / "page.md"
    evaluate.run(**options, out=page, error=False, folds=3, track=True, tracking_uri=uri)
    assert page.is_file()
    (whole,) = runs(uri, **{"mlflow.runName": "evaluate"})["run_id"]
    (table,) = runs(uri, role="table").to_dict(orient="records")
    assert table["tags.mlflow.parentRunId"] == whole
    candidates, folds = runs(uri, role="candidate"), runs(uri, role="fold")
    assert set(candidates["tags.mlflow.parentRunId"]) == {table["run_id"]}
    labels = ["params.condition", "params.model"]
    assert not candidates[labels].duplicated().any()
    assert set(candidates["params.model"]) > {"ridge and trees", "mean curve", SHIPPED}
    for candidate in candidates.to_dict(orient="records"):
        own = folds[folds["tags.mlflow.parentRunId"] == candidate["run_id"]]
        assert sorted(own["params.fold"]) == ["0", "1", "2"]
        assert own[labels].drop_duplicates().to_numpy().tolist() == [[candidate[k] for k in labels]]
        n_rows = own["metrics.n_test"]
        assert n_rows.sum() == candidate["metrics.n_test"]
        joined = (own["metrics.mae"] * n_rows).sum() / n_rows.sum()
        assert joined == pytest.approx(candidate["metrics.mae"])
    assert set(runs(uri)["tags.status"]) == {"completed"}
    assert not any("train_loss" in name for name in runs(uri).columns)


def test_measured_points_are_tracked_beside_the_measuring(uri, tmp_path):
    assert main([*arguments(tmp_path, domains=2, repeats=1), f"--track={uri}"]) == 0
    measured = points(tmp_path).sort_values(["dataset", "size"])
    parents = runs(uri, role="dataset").set_index("run_id")["tags.mlflow.runName"]
    assert sorted(parents) == sorted(measured["dataset"].unique())
    found = runs(uri).dropna(subset=["tags.mlflow.parentRunId"])
    found = found.assign(
        dataset=parents.loc[found["tags.mlflow.parentRunId"]].to_numpy(),
        size=found["params.size"].astype(int),
    ).sort_values(["dataset", "size"])
    assert found["size"].tolist() == measured["size"].tolist()
    assert found["metrics.map50_95"].tolist() == pytest.approx(measured["map50_95"].tolist())
    assert set(runs(uri)["tags.status"]) == {"completed"}


def test_a_store_that_is_gone_does_not_end_the_measuring(uri, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    gone = "http://127.0.0.1:9"
    assert main([*arguments(tmp_path, domains=1, repeats=1), f"--track={gone}"]) == 0
    assert len(points(tmp_path)) == 3
    assert "3 points were measured but not tracked" in capsys.readouterr().err
