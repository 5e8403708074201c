"""Runs, comparisons and models in a real SQLite store."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.utils import Bunch

from ptssp_sklearn import ImageEmbedder, SigmoidCurveFitter, TrainingSizePipeline
from ptssp_sklearn.serving.handler import encode_images
from ptssp_sklearn.tracking import (
    compare,
    load_model,
    log_assessment,
    log_bank,
    log_model,
    log_pipeline,
    log_search,
    track,
)
from ptssp_sklearn.tracking.evaluation import assess
from tests.published import curves_alone
from tests.tiny import curves, fitted, images, plain_images, unfitted

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, new_store) -> Iterator[Path]:
    """Work in a folder of its own: MLflow puts files beside the store in the working directory."""
    place = tmp_path_factory.mktemp("store")
    new_store(place / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        yield place


@pytest.fixture(autouse=True)
def store(folder, monkeypatch):
    """Use MLflow's default store, made once."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    yield
    while mlflow.active_run():
        mlflow.end_run()


@pytest.fixture(scope="module")
def bank() -> Bunch:
    X, y = plain_images(), curves()
    return Bunch(X=X, y=y, groups=np.arange(8), name="drawn", learner="made up")


def tags(run_id: str) -> dict[str, str]:
    return mlflow.get_run(run_id).data.tags


def children(run_id: str) -> pd.DataFrame:
    query = f"tags.mlflow.parentRunId = '{run_id}'"
    return mlflow.search_runs(search_all_experiments=True, filter_string=query)


def test_a_run_holds_what_made_it(bank):
    pipeline = fitted()
    with track("train", experiment="shop") as run:
        assert tags(run.info.run_id)["status"] == "started"
        log_pipeline(pipeline, seed=3)
        log_bank(bank)
        found = assess(pipeline, bank.X, bank.y)
        log_assessment(found)
    done = mlflow.get_run(run.info.run_id)
    assert mlflow.get_experiment(done.info.experiment_id).name == "shop"
    assert done.data.tags["status"] == "completed"
    assert done.data.tags["ptssp_sklearn.version"]
    params = done.data.params
    assert (params["regress__n_steps"], params["embed__backbone"]) == ("10", "statistics")
    assert params["seed"] == "3"
    assert found.scores.items() <= done.data.metrics.items()
    data = done.inputs.dataset_inputs[0].dataset
    assert (data.name, data.digest) == ("drawn", done.data.tags["bank.drawn.hash"])
    client = mlflow.MlflowClient()
    for number, expert in enumerate(pipeline["regress"].experts_):
        logged = client.get_metric_history(run.info.run_id, f"train_loss_{number}")
        assert [m.value for m in logged] == pytest.approx(expert.net_.history[:, "train_loss"])
        assert [m.step for m in logged] == expert.net_.history[:, "epoch"]
    pictures = {a.path for a in client.list_artifacts(run.info.run_id, "figures")}
    assert pictures == {f"figures/{name}.png" for name in ("curves", "sizes", "calibration")}
    text = mlflow.artifacts.load_text(f"{done.info.artifact_uri}/params.csv")
    assert text.splitlines()[0] == "dataset,A,B,C,D"
    assert text.count("\n") == 9


def test_a_failed_run_says_why():
    with pytest.raises(ZeroDivisionError), track("broken") as run:
        _ = 1 / 0
    assert tags(run.info.run_id)["status"] == "failed"
    assert tags(run.info.run_id)["failure"] == "ZeroDivisionError: division by zero"
    assert mlflow.get_run(run.info.run_id).info.status == "FAILED"


def test_another_store_is_used_and_left_again(tmp_path, new_store):
    before, other_uri = mlflow.get_tracking_uri(), new_store(tmp_path / "other.db")
    with track("elsewhere", tracking_uri=other_uri):
        pass
    assert mlflow.get_tracking_uri() == before
    assert "MLFLOW_TRACKING_URI" not in os.environ
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        assert other.execute("select name from runs").fetchall() == [("elsewhere",)]
    match = "End that run, or leave out tracking_uri"
    with track("here"), pytest.raises(ValueError, match=match), track("x", tracking_uri=other_uri):
        pass


def run_python(code: str, folder: Path) -> str:
    """Run code in a fresh process."""
    place = {"PYTHONPATH": str(ROOT), "MLFLOW_DISABLE_TELEMETRY": "true"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=os.environ | place,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_comparison_has_a_run_a_candidate_and_a_fold_under_an_open_run():
    y, X = curves(), plain_images().iloc[:, :1]
    candidates = {"short": unfitted(n_steps=1), "long": unfitted(n_steps=20)}
    with mlflow.start_run() as mine:
        table = compare(candidates, X, y, groups=np.arange(8) // 2, cv=2)
        assert mlflow.active_run().info.run_id == mine.info.run_id
    (parent,) = children(mine.info.run_id)["run_id"]
    assert set(children(parent)["run_id"]) == set(table["run_id"])
    assert table["curve_mae"].is_monotonic_increasing
    assert tags(parent)["best"] == table.index[0]
    for label, row in table.iterrows():
        done = mlflow.get_run(row["run_id"])
        assert done.data.metrics["curve_mae"] == pytest.approx(row["curve_mae"])
        assert done.data.params["regress__n_steps"] == str(candidates[label]["regress"].n_steps)
        folds = children(row["run_id"])
        assert folds["metrics.curve_mae"].mean() == pytest.approx(row["curve_mae"])
        assert folds["tags.status"].tolist() == ["completed"] * 2
        assert folds["metrics.train_loss_0"].notna().all()
    client = mlflow.MlflowClient()
    found = {a.path for a in client.list_artifacts(parent)}
    assert found == {"comparison.csv", "folds.csv", "figures"}
    assert "figures/curve_mae.png" in {a.path for a in client.list_artifacts(parent, "figures")}


def test_a_comparison_that_breaks_is_marked_at_every_level():
    with pytest.raises(ValueError, match="expected pipelines"):
        compare([], plain_images(), curves())
    broken = unfitted(n_steps=1, lr="fast")
    with mlflow.start_run() as mine, pytest.raises((TypeError, ValueError)):
        compare([broken], plain_images().iloc[:, :1], curves(), cv=2)
    (parent,) = children(mine.info.run_id)["run_id"]
    (candidate,) = children(parent)["run_id"]
    assert [tags(one)["status"] for one in (parent, candidate)] == ["failed"] * 2
    assert tags(parent)["failure"]


def test_a_grid_search_is_logged_from_its_results():
    grid = {"regress__n_steps": [1, 2]}
    search = GridSearchCV(unfitted(), grid, cv=2, refit=False)
    with pytest.raises(ValueError, match="Fit it first"):
        log_search(search)
    with mlflow.start_run() as mine:
        results = log_search(search.fit(plain_images().iloc[:, :1], curves()))
    (parent,) = children(mine.info.run_id)["run_id"]
    assert set(children(parent)["run_id"]) == set(results["run_id"])
    for place, run_id in enumerate(results["run_id"]):
        done = mlflow.get_run(run_id)
        assert done.data.params == {"regress__n_steps": str(grid["regress__n_steps"][place])}
        folds = children(run_id).sort_values("tags.mlflow.runName")["metrics.test_score"]
        expected = [search.cv_results_[f"split{fold}_test_score"][place] for fold in (0, 1)]
        assert folds.tolist() == pytest.approx(expected)


@pytest.fixture(scope="module")
def logged(folder):
    """Log the tiny pipeline once; give its ModelInfo."""
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    example = images().iloc[:1]
    return log_model(
        fitted(), registered_model_name="ptssp", alias="champion", input_example=example
    )


def test_a_fresh_process_gives_the_same_answers_and_uses_the_default_store(
    logged, tmp_path, new_store
):
    new_store(tmp_path / "mlflow.db")
    place = mlflow.artifacts.download_artifacts("models:/ptssp@champion")
    code = (
        "import json; from ptssp_sklearn.tracking import load_model, track; "
        "from tests.tiny import images\n"
        f"answers = load_model({place!r}).predict(images()).tolist()\n"
        "with track('default'): print(json.dumps(answers))"
    )
    assert np.array_equal(json.loads(run_python(code, tmp_path)), fitted().predict(images()))
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as found:
        assert found.execute("select name from runs").fetchall() == [("default",)]


def test_no_pickle_is_stored_and_the_model_says_what_it_is(logged):
    place = Path(mlflow.artifacts.download_artifacts("models:/ptssp@champion"))
    files = {str(p.relative_to(place)) for p in place.rglob("*") if p.is_file()}
    assert {"artifacts/pipeline.safetensors", "artifacts/model_card.md", "MLmodel"} < files
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".pt", ".joblib"))]
    for name in files - {"artifacts/pipeline.safetensors"}:
        (place / name).read_text(encoding="utf-8")
    code = (place / "served_model.py").read_text()
    assert code == (ROOT / "ptssp_sklearn" / "serving" / "served_model.py").read_text()
    assert "ptssp_sklearn==" in (place / "requirements.txt").read_text()
    assert "from 8 curves" in (place / "artifacts" / "model_card.md").read_text()
    version = mlflow.MlflowClient().get_model_version_by_alias("ptssp", "champion")
    assert version.version == logged.registered_model_version
    assert version.description.startswith("# Model card: ptssp")


def test_its_signature_has_params_and_an_example(logged):
    model = mlflow.pyfunc.load_model("models:/ptssp@champion")
    signature = model.metadata.signature
    assert [p.name for p in signature.params] == [
        "target_map",
        "interval",
        "unreachable",
        "learner",
        "metric",
    ]
    assert signature.inputs.required_input_names() == ["image_1"]
    assert "size_80" in signature.outputs.input_names()
    answer = model.predict(model.input_example, params={"target_map": 0.3})
    assert 0 <= answer["reach_probability"][0] <= 1


def test_the_pyfunc_takes_base64_or_bytes_and_refuses_what_it_does_not_know(logged):
    model = mlflow.pyfunc.load_model("models:/ptssp/1")
    asked = encode_images(plain_images().iloc[2:4])
    answer = model.predict(asked, params={"target_map": 0.5})
    binary = asked.map(base64.b64decode)
    assert model.predict(binary, params={"target_map": 0.5}).equals(answer)
    sizes = fitted().required_size(plain_images().iloc[2:4], 0.5, interval=0.9)
    assert answer["size"].tolist() == sizes["size"].tolist()
    for params, words in (
        ({"target_map": 0.5, "taget_map": 0.4}, "unknown params 'taget_map'"),
        ({"target_map": float("nan")}, "target_map=nan"),
        ({}, "no target_map"),
    ):
        with pytest.raises(mlflow.MlflowException, match=words) as error:
            model.predict(asked, params=params)
        assert error.value.get_http_status_code() == 400
    with pytest.raises(mlflow.MlflowException, match="unknown columns 'image_99'"):
        model.predict(asked.assign(image_99="x"), params={"target_map": 0.5})


def test_params_of_other_models_are_left_to_mlflow(logged, folder):
    mlflow.pyfunc.load_model("models:/ptssp/1")
    code = (
        "from mlflow.models import set_model\nfrom mlflow.pyfunc import PythonModel\n\n\n"
        "import pandas as pd\n\n\nclass Echo(PythonModel):\n"
        "    def predict(self, context, model_input: pd.DataFrame, params=None):\n"
        "        return params\n\n\nset_model(Echo())\n"
    )
    (folder / "echo.py").write_text(code)
    example = (pd.DataFrame({"a": [1.0]}), {"b": 2})
    signature = mlflow.models.infer_signature(example[0], [1], example[1])
    target = folder / "echo"
    mlflow.pyfunc.save_model(
        target,
        python_model=str(folder / "echo.py"),
        signature=signature,
        input_example=example,
        pip_requirements=[],
    )
    other = mlflow.pyfunc.load_model(str(target))
    assert other.predict(example[0], params={"b": 3, "c": 4}) == {"b": 3}


def test_code_that_came_with_a_model_is_not_run(logged, tmp_path):
    place = tmp_path / "model"
    shutil.copytree(mlflow.artifacts.download_artifacts("models:/ptssp/1"), place)
    (place / "served_model.py").write_text("raise SystemExit('run!')")
    assert np.array_equal(load_model(place).predict(images()), fitted().predict(images()))


def test_models_of_curves_alone_are_logged_too():
    info = log_model(curves_alone(), "curves")
    again = load_model(info.model_uri)
    assert again.about_["name"] == "curves alone"
    model = mlflow.pyfunc.load_model(info.model_uri)
    asked = pd.DataFrame({"pilot": ["[[51, 0.23]]"]})
    answer = model.predict(asked, params={"target_map": 0.4, "unreachable": "inf"})
    found = again.required_size(None, 0.4, pilot=[(51, 0.23)], interval=0.9)
    assert answer["size"][0] == found["size"][0]


def test_what_cannot_be_stored_or_found_is_refused_in_one_line(tmp_path):
    other = TrainingSizePipeline([("embed", ImageEmbedder()), ("fit", SigmoidCurveFitter())])
    with pytest.raises(ValueError, match="expected an ImageEmbedder and a CurveParamRegressor"):
        log_model(other)
    with pytest.raises(ValueError, match=r"without registered_model_name, expected both"):
        log_model(fitted(), alias="champion")
    with pytest.raises(ValueError, match=r"'models:/nobody@champion', which cannot be had"):
        load_model("models:/nobody@champion")
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    with pytest.raises(ValueError, match="expected one logged by ptssp_sklearn"):
        load_model(tmp_path)


def test_without_mlflow_the_install_line_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    line = re.escape('pip install "ptssp_sklearn[mlflow]"')
    with pytest.raises(ImportError, match=line), track("x"):
        pass
