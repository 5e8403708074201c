"""What the experiments log to MLflow, where it is installed and wanted."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import pandas as pd
from sklearn.model_selection import GroupShuffleSplit
from sklearn.utils import Bunch

from experiments.protocol.cross_validation import fit_model
from experiments.protocol.questions import read_bank
from experiments.protocol.sheet import label_columns
from ptssp_sklearn import TrainingSizePipeline
from ptssp_sklearn.measuring.trainings.store import Outcome
from ptssp_sklearn.pipeline.training_size import pipeline_of_vectors
from ptssp_sklearn.tracking.background import BackgroundWriter
from ptssp_sklearn.tracking.evaluation import Assessment, assess
from ptssp_sklearn.tracking.runs import (
    finite,
    log_assessment,
    log_bank,
    log_frame,
    log_pipeline,
    track,
)

ASKED = "four images + masks"
HELD_OUT = 0.2
_PATIENCE = 30.0


def wanted(choice: bool | None) -> bool:
    """Decide whether to track: as said, else wherever MLflow is installed."""
    return find_spec("mlflow") is not None if choice is None else choice


@contextmanager
def tracking(choice: bool | None, name: str, uri: str | None) -> Iterator[bool]:
    """Open a run where it is wanted; give whether there is one. It takes no losses by itself."""
    if not wanted(choice):
        yield False
        return
    with track(name, tracking_uri=uri, losses=False):
        yield True


def log_training(pipeline: TrainingSizePipeline, banks: list[Bunch], seed: int) -> None:
    """Log a trained model: its parameters, losses and banks, and how it does on a held-out fifth.

    The held-out groups are a fifth of each bank's; a model of the same kind is trained on the
    others and asked about them, every bank in a nested run.
    """
    log_pipeline(pipeline, seed=seed)
    for bank in banks:
        log_bank(bank)
        with track(f"held-out groups of {bank.name}", tags={"role": "held out"}):
            log_assessment(hold_out(bank, seed, **_settings(pipeline)))


def hold_out(bank: Bunch, seed: int, **regressor: Any) -> Assessment:
    """Train on four fifths of a bank's groups and assess the rest."""
    splitter = GroupShuffleSplit(1, test_size=HELD_OUT, random_state=seed)
    train, test = next(splitter.split(bank.y, groups=bank.groups))
    whole, curves = read_bank(bank), bank.y.iloc[train]
    last = fit_model([whole.take(train)], seed, **regressor)
    pipeline = pipeline_of_vectors(last)
    asked = whole.of(ASKED)[test] if whole.draws else None
    mean = curves.mean().fillna(bank.y.mean()).to_numpy()
    return assess(pipeline, asked, bank.y.iloc[test], mean_curve=mean)


def _settings(pipeline: TrainingSizePipeline) -> dict[str, Any]:
    params = pipeline.steps[-1][1].get_params()
    return {key: value for key, value in params.items() if key != "random_state"}


def log_table(name: str, seed: int, frames: dict[str, pd.DataFrame]) -> None:
    """Log a table of the results page: its frames, and a run a candidate and fold."""
    with track(f"{name}, seed {seed}", tags={"role": "table"}, losses=False) as run:
        for key, frame in frames.items():
            log_frame(frame, f"{key}.csv")
        if "folds" not in frames:
            return
        children = _Children(run.info.experiment_id)
        columns = label_columns(frames["folds"])
        folds = dict(list(frames["folds"].groupby(columns, sort=False, dropna=False)))
        for candidate in _records(frames["scores"]):
            labels = {column: candidate.pop(column) for column in columns}
            title = ", ".join(map(str, labels.values()))
            own = children.add(run.info.run_id, title, "candidate", labels, candidate)
            for fold in _records(folds[tuple(labels.values())].drop(columns=columns)):
                number = {"fold": int(fold.pop("fold"))}
                children.add(own, f"fold {number['fold']}", "fold", labels | number, fold)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


class _Children:
    """Writes runs that are over already, three calls each."""

    def __init__(self, experiment: str) -> None:
        import mlflow

        self._client, self._entities = mlflow.MlflowClient(), mlflow.entities
        self._experiment = experiment

    def add(
        self, parent: str, name: str, role: str, params: dict[str, Any], scores: dict[str, Any]
    ) -> str:
        """Write a run into another; give its id."""
        tags = {"mlflow.parentRunId": parent, "role": role, "status": "started"}
        run_id = self._client.create_run(self._experiment, run_name=name, tags=tags).info.run_id
        now, e = int(1000 * time.time()), self._entities
        self._client.log_batch(
            run_id,
            metrics=[e.Metric(key, value, now, 0) for key, value in finite(scores).items()],
            params=[e.Param(key, str(value)) for key, value in params.items()],
            tags=[e.RunTag("status", "completed")],
        )
        self._client.set_terminated(run_id)
        return run_id


class CollectionLog:
    """Logs measured points: a run a dataset, with a nested run a point.

    A store that is slow or gone neither slows nor ends the measuring: what cannot be written is
    counted and said once, at the end.

    Parameters
    ----------
    uri : str
        Tracking URI; empty for MLflow's own setting.
    name : str
        Of the experiment.
    """

    def __init__(self, uri: str, name: str = "collect") -> None:
        import mlflow

        self._client = mlflow.MlflowClient(uri or None)
        self._name = name
        self._parents: dict[str, str] = {}
        self._points = BackgroundWriter(lambda outcomes: self._log(*outcomes))
        self._ends = BackgroundWriter(lambda parents: self._end(*parents))

    def __call__(self, outcome: Outcome) -> None:
        """Take a point; returns at once."""
        self._points.put(outcome)

    def close(self) -> None:
        """Write what is left, half a minute at most, and say what was lost."""
        if lost := self._points.close(_PATIENCE):
            reason = self._points.reason
            print(f"{lost} points were measured but not tracked: {reason}", file=sys.stderr)
        for parent in self._parents.values():
            self._ends.put(parent)
        self._ends.close(_PATIENCE)

    def _end(self, parent: str) -> None:
        self._client.set_tag(parent, "status", "completed")
        self._client.set_terminated(parent)

    def _log(self, outcome: Outcome) -> None:
        from mlflow.entities import Metric, Param

        task, now = outcome.task, int(1000 * time.time())
        parent = self._parents.get(task.dataset) or self._open(task.dataset)
        run = self._client.create_run(
            self._experiment(),
            run_name=f"size {task.size}, repeat {task.repeat}",
            tags={"mlflow.parentRunId": parent, "status": "started"},
        )
        values = {"size": task.size, "repeat": task.repeat, "seed": outcome.seed}
        about = {"bank": task.bank, "learner": task.learner, **values}
        numbers = {k: v for k, v in outcome.scores.items() if isinstance(v, int | float)}
        metrics = finite(numbers | {"seconds": outcome.seconds})
        self._client.log_batch(
            run.info.run_id,
            metrics=[Metric(name, value, now, task.size) for name, value in metrics.items()],
            params=[Param(key, str(value)) for key, value in about.items()],
        )
        failed = outcome.status == "failed"
        if outcome.reason:
            self._client.set_tag(run.info.run_id, "failure", outcome.reason[:500])
        self._client.set_tag(run.info.run_id, "status", "failed" if failed else "completed")
        self._client.set_terminated(run.info.run_id, "FAILED" if failed else "FINISHED")

    def _open(self, dataset: str) -> str:
        tags = {"status": "started", "role": "dataset"}
        run = self._client.create_run(self._experiment(), run_name=dataset, tags=tags)
        return self._parents.setdefault(dataset, run.info.run_id)

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(self._name)
        return found.experiment_id if found else self._client.create_experiment(self._name)
