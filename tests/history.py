"""A run history as this version writes it: ``python -m tests.history`` makes the fixture anew.

`tests/fixtures/history` holds the SQLite store as SQL text, its absolute paths as ``{folder}``,
the artifacts of its model, and what the model answered. It is kept as older versions wrote it.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import mlflow

from ptssp_sklearn.pipeline.provenance import content_hash
from ptssp_sklearn.tracking import log_model, log_pipeline, track
from ptssp_sklearn.tracking.evaluation import assess
from ptssp_sklearn.tracking.runs import log_curves
from tests.tiny import curves, plain_images, unfitted

HISTORY = Path(__file__).parent / "fixtures" / "history"


def restore(folder: Path) -> dict:
    """Put the history into a folder; give what its model answered."""
    shutil.copytree(HISTORY / "mlruns", folder / "mlruns")
    script = (HISTORY / "history.sql").read_text().replace("{folder}", str(folder))
    with closing(sqlite3.connect(folder / "mlflow.db")) as store:
        store.executescript(script)
    return json.loads((HISTORY / "answers.json").read_text())


def write(folder: Path) -> None:
    """Train, track and register a small pipeline in a folder, and export it as the fixture."""
    os.chdir(folder)
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    X, y = plain_images(), curves()
    pipeline = unfitted(n_hidden=8).fit(X, y)
    with track("train", experiment="history") as run:
        log_pipeline(pipeline, seed=0)
        log_curves("drawn", y, digest=content_hash(X, y))
        mlflow.log_metrics(assess(pipeline, X, y).scores)
        example = X.iloc[:1, :1]
        log_model(pipeline, registered_model_name="ptssp", alias="champion", input_example=example)
    shutil.rmtree(HISTORY, ignore_errors=True)
    shutil.copytree(folder / "mlruns", HISTORY / "mlruns")
    for file in HISTORY.rglob("MLmodel"):
        here = str(Path(__file__).parent.parent)
        file.write_text(file.read_text().replace(here, "").replace(str(folder), ""))
    with closing(sqlite3.connect(folder / "mlflow.db")) as store:
        script = "\n".join(store.iterdump()).replace(str(folder), "{folder}")
    (HISTORY / "history.sql").write_text(script.replace(__file__, "tests/history.py"))
    answers = {"run_id": run.info.run_id, "params": pipeline.predict(X).tolist()}
    (HISTORY / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        write(Path(place))
