from __future__ import annotations

import pytest

from ptssp_sklearn.measuring import measure_pilot
from tests.measuring.folders import write_folder
from tests.measuring.test_pilot import rising

mlflow = pytest.importorskip("mlflow")


def test_points_and_curve_are_in_the_run_that_is_open(tmp_path):
    folder = write_folder(tmp_path / "squares", 12)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.create_experiment("pilots", artifact_location=(tmp_path / "kept").as_uri())
    mlflow.set_experiment("pilots")
    with mlflow.start_run() as run:
        found = measure_pilot(folder, rising, sizes="4,8", repeats=2, jobs=1, quiet=True)
    client = mlflow.MlflowClient()
    logged = client.get_metric_history(run.info.run_id, "pilot.mask.map50_95")
    assert sorted(metric.step for metric in logged) == [4, 4, 8, 8]
    curve = client.get_metric_history(run.info.run_id, "pilot.score")
    assert [m.value for m in curve] == pytest.approx(found.points()["score"].tolist())
    kept = client.get_run(run.info.run_id).data.tags
    assert (kept["pilot.learner"], kept["pilot.dataset"]) == ("rising", "squares")
    assert "pilot.csv" in [item.path for item in client.list_artifacts(run.info.run_id)]


def test_without_a_run_nothing_is_logged(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = write_folder(tmp_path / "squares", 12)
    measure_pilot(folder, rising, sizes="4", repeats=1, jobs=1, quiet=True)
    assert not list(tmp_path.glob("mlflow*"))
