"""Losses in a real store: while networks train, after a failure, and where the store is gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from torch.nn.modules.module import register_module_forward_hook

from ptssp_sklearn import CurveParamRegressor, TrainingSizePipeline
from ptssp_sklearn.regression._ensemble import NetworkEnsemble
from ptssp_sklearn.tracking import compare, log_losses, log_pipeline, track
from ptssp_sklearn.tracking._live_losses import loss_name
from tests.tiny import curves, plain_images, unfitted

LONG = 400


@pytest.fixture
def client(new_store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(new_store(tmp_path / "mlflow.db"))
    yield mlflow.MlflowClient()
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(before)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def fit(n_steps: int = LONG) -> CurveParamRegressor:
    X = np.random.default_rng(0).normal(size=(40, 3))
    params = np.column_stack([np.full(40, 0.1), np.ones(40), np.exp(3 + X[:, 0]), np.full(40, 0.9)])
    return CurveParamRegressor(n_networks=2, n_steps=n_steps, random_state=0).fit(X, params)


def steps(client, run, number: int = 0, end: str = "") -> list[tuple[int, float]]:
    found = client.get_metric_history(run.info.run_id, loss_name(number) + end)
    return [(metric.step, metric.value) for metric in found]


def history(fitted) -> list[tuple[int, float]]:
    return [(e["epoch"], pytest.approx(e["train_loss"])) for e in fitted.experts_[0].net_.history]


def test_losses_are_in_the_store_while_networks_train(client):
    def watch(run) -> int:
        while not over.is_set():
            if len(steps(client, run)) > 2:
                return len(steps(client, run))
            time.sleep(0.05)
        return 0

    over = threading.Event()
    with track("live") as run, ThreadPoolExecutor(1) as watchers:
        watcher = watchers.submit(watch, run)
        fitted = fit()
        over.set()
        assert 2 < watcher.result() < LONG
    assert steps(client, run) == history(fitted)


def test_losses_up_to_a_failure_are_kept_and_the_run_says_why(client):
    trained = []

    def breaks(module, *_) -> None:
        if isinstance(module, NetworkEnsemble):
            trained.append(1)
            if len(trained) == 30:
                raise RuntimeError("CUDA error: out of memory")

    hook = register_module_forward_hook(breaks)
    try:
        with pytest.raises(RuntimeError, match="out of memory"), track("breaks") as run:
            fit()
    finally:
        hook.remove()
    assert [step for step, _ in steps(client, run)] == list(range(1, 30))
    done = client.get_run(run.info.run_id)
    assert (done.info.status, done.data.tags["status"]) == ("FAILED", "failed")
    assert done.data.tags["failure"] == "RuntimeError: CUDA error: out of memory"


def test_losses_are_logged_once_and_later_fits_have_a_number(client):
    with track("two fits") as run:
        first, second = fit(10), fit(20)
        log_pipeline(TrainingSizePipeline([("embed", "passthrough"), ("regress", second)]))
    assert steps(client, run) == history(first)
    assert steps(client, run, end="_fit_2") == history(second)
    with track("afterwards") as run:
        log_losses(TrainingSizePipeline([("embed", "passthrough"), ("regress", second)]))
    assert steps(client, run) == history(second)
    with track("without", losses=False) as run:
        fit(10)
    assert not client.get_run(run.info.run_id).data.metrics


def test_each_fold_of_a_comparison_has_its_own_losses_in_other_processes_too(client):
    X, y = plain_images().iloc[:, :1], curves()
    table = compare({"tiny": unfitted()}, X, y, cv=2, n_jobs=2)
    (candidate,) = table["run_id"]
    found = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{candidate}'")
    assert sorted(found["tags.mlflow.runName"]) == ["fold 0", "fold 1"]
    assert set(found["tags.status"]) == {"completed"}
    first, second = (client.get_metric_history(run, loss_name(0)) for run in found["run_id"])
    assert [m.step for m in first] == [m.step for m in second] == list(range(1, 11))
    assert [m.value for m in first] != [m.value for m in second]
    assert loss_name(0) not in client.get_run(candidate).data.metrics


def train_without_store(place: Path, work: Callable[[], Any]) -> Any:
    with track("lost"):
        (place / "mlflow.db").write_bytes(b"no database any more" * 100)
        return work()


def test_a_store_that_goes_does_not_spoil_the_training(client, tmp_path):
    with pytest.warns(UserWarning, match="Got no answer from the MLflow store") as said:
        fitted = train_without_store(tmp_path, lambda: fit(30))
    assert "30 losses of the training were not logged" in str(said[0].message)
    assert len(fitted.experts_[0].net_.history) == 30
    assert mlflow.active_run() is None


@pytest.mark.filterwarnings("ignore:Got no answer from the MLflow store")
def test_a_failure_is_told_even_where_the_store_went_first(client, tmp_path):
    with pytest.raises(ZeroDivisionError):
        train_without_store(tmp_path, lambda: 1 / 0)
