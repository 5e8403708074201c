"""A study as MLflow runs: one of the study, one nested in it a training."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd

from experiments.protocol.mlflow_log import wanted
from experiments.studies.curve import learning_curve
from experiments.studies.results import Result
from experiments.studies.study import Study

_AT_ONCE = 1000
"""Metrics that MLflow takes at once."""


class StudyLog:
    """Logs to the open run of a study, or nothing.

    Parameters
    ----------
    study : Study
    active : bool
    """

    def __init__(self, study: Study, active: bool) -> None:
        self.study, self.active = study, active

    def point(self, result: Result) -> None:
        """Log a training: settings, scores, every epoch's losses, details."""
        if not self.active:
            return
        mlflow, runs = _modules()
        name = f"{result.fraction:g} of the data, seed {result.seed}"
        with runs.track(name, tags={"role": "training", "data": result.data}) as run:
            about = {"fraction": result.fraction, "size": result.size, "seed": result.seed}
            mlflow.log_params({**result.settings, **about})
            mlflow.log_metrics(
                runs.finite({**result.scores, "epochs": result.epochs, "seconds": result.seconds})
            )
            losses = _losses(result)
            client = mlflow.MlflowClient()
            for first in range(0, len(losses), _AT_ONCE):
                client.log_batch(run.info.run_id, metrics=losses[first : first + _AT_ONCE])
            mlflow.log_dict(result.details, "details.json")

    def curve(self, results: Sequence[Result]) -> None:
        """Log the learning curve of all trainings, its parameters and the required size."""
        if not self.active:
            return
        mlflow, runs = _modules()
        found = learning_curve(results, self.study.metric)
        frame = pd.DataFrame({"size": found.sizes, self.study.metric: found.scores})
        runs.log_frame(frame, "curve.csv")
        if found.params is None:
            return
        values = dict(zip("ABCD", found.params, strict=True))
        if self.study.required is not None:
            values["required_size"] = found.required_size(self.study.required)
        mlflow.log_metrics(runs.finite(values))


def _losses(result: Result) -> list[Any]:
    """Give what MLflow takes as the losses and the validation accuracy of every epoch."""
    mlflow, runs = _modules()
    now = int(1000 * time.time())
    return [
        mlflow.entities.Metric(name, value, now, epoch)
        for epoch, row in enumerate(result.history, start=1)
        for name, value in runs.finite(row).items()
    ]


@contextmanager
def study_run(study: Study, choice: bool | None, uri: str | None) -> Iterator[StudyLog]:
    """Open a run of a study where it is wanted.

    Parameters
    ----------
    study : Study
    choice : bool or None
        None: wherever MLflow is installed.
    uri : str, optional
        Store; by default MLflow's own setting.
    """
    if not wanted(choice):
        yield StudyLog(study, active=False)
        return
    tags = {"role": "study", "document": study.document}
    with _modules()[1].track(study.name, tracking_uri=uri, tags=tags):
        yield StudyLog(study, active=True)


def _modules() -> tuple[Any, Any]:
    import mlflow

    from ptssp_sklearn.tracking import runs

    return mlflow, runs
