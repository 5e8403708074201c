"""MLflow runs: opened with a status, filled with what a fit and an assessment are made of."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from ptssp_sklearn._version import __version__
from ptssp_sklearn.exceptions import need_mlflow
from ptssp_sklearn.pipeline.provenance import content_hash, git_commit
from ptssp_sklearn.regression.callbacks import listen
from ptssp_sklearn.tracking._figures import assessment_figures
from ptssp_sklearn.tracking._live_losses import BATCH, LossLog, loss_name, run_of
from ptssp_sklearn.tracking.evaluation import Assessment

_LONGEST = 500
"""Characters of a parameter or a tag that are kept."""


@contextmanager
def track(
    name: str | None = None,
    *,
    tracking_uri: str | None = None,
    experiment: str | None = None,
    tags: dict[str, str] | None = None,
    parent: str | None = None,
    losses: bool = True,
) -> Iterator[Any]:
    """Open an MLflow run; nested where one is open already.

    The tag ``status`` goes from ``started`` to ``completed``, or to ``failed`` with the
    reason in the tag ``failure``. Tags also hold the versions of the package and of git.
    Networks that are trained inside log the loss of every epoch while they train. A store
    that is lost meanwhile is warned of and harms no training.

    Parameters
    ----------
    name : str, optional
    tracking_uri : str, optional
        Store of the run; by default MLflow's own setting, and without one
        ``sqlite:///mlflow.db`` in the working directory. It is set back afterwards.
    experiment : str, optional
        Made where there is none of this name; by default MLflow's own setting.
    tags : dict of str, optional
    parent : str, optional
        Run this one is nested in, by default the open one: for runs of other processes.
    losses : bool, default=True
        Whether losses are logged.

    Yields
    ------
    run : mlflow.ActiveRun
    """
    mlflow = need_mlflow()
    with _store(mlflow, tracking_uri):
        about = {"ptssp_sklearn.version": __version__, "ptssp_sklearn.git": git_commit()}
        about |= {"status": "started"} | (tags or {})
        nested = parent is not None or mlflow.active_run() is not None
        place = _place(mlflow, experiment, nested, parent)
        run = mlflow.start_run(
            run_name=name,
            experiment_id=place,
            parent_run_id=parent,
            nested=nested,
            tags={key: value for key, value in about.items() if value},
        )
        with _closed(mlflow, run.info.run_id), live_losses() if losses else listen(None):
            yield run


@contextmanager
def _closed(mlflow: Any, run_id: str) -> Iterator[None]:
    """End the open run, with the tags that say how it went."""
    marks, status = {"status": "completed"}, "FINISHED"
    try:
        yield
    except BaseException as error:
        reason = f"{type(error).__name__}: {error}".strip()[:_LONGEST]
        marks, status = {"status": "failed", "failure": reason}, "FAILED"
        raise
    finally:
        tags = [mlflow.entities.RunTag(key, value) for key, value in marks.items()]
        with _warned(mlflow):
            mlflow.MlflowClient().log_batch(run_id, tags=tags)
        with _warned(mlflow):
            mlflow.end_run(status)


@contextmanager
def _warned(mlflow: Any) -> Iterator[None]:
    """Warn of a store that is gone, so that it costs nobody what was trained."""
    try:
        yield
    except mlflow.MlflowException as error:
        reason = " ".join(str(error).split())[:_LONGEST]
        warnings.warn(f"Got no answer from the MLflow store: {reason}", stacklevel=2)


@contextmanager
def live_losses() -> Iterator[None]:
    """Log the losses of networks to the open run while they are trained inside."""
    log = LossLog(need_mlflow().active_run().info.run_id)
    try:
        with listen(log):
            yield
    finally:
        log.close()


def _place(mlflow: Any, experiment: str | None, nested: bool, parent: str | None) -> str | None:
    """Give the id of the experiment a run belongs to; None: MLflow's own setting."""
    if parent is not None:
        return mlflow.get_run(parent).info.experiment_id
    if experiment is None or nested:
        return None
    found = mlflow.get_experiment_by_name(experiment)
    return found.experiment_id if found else mlflow.create_experiment(experiment)


@contextmanager
def _store(mlflow: Any, tracking_uri: str | None) -> Iterator[None]:
    before, chosen = mlflow.get_tracking_uri(), "MLFLOW_TRACKING_URI" in os.environ
    if tracking_uri is None or tracking_uri == before:
        yield
        return
    if mlflow.active_run() is not None:
        raise ValueError(
            f"Got tracking_uri='{tracking_uri}' while a run is open in '{before}'. End that run, "
            "or leave out tracking_uri."
        )
    mlflow.set_tracking_uri(tracking_uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)
        if not chosen:
            os.environ.pop("MLFLOW_TRACKING_URI", None)


def log_pipeline(pipeline: Any, *, seed: int | None = None) -> None:
    """Log the parameters of every step of a pipeline, and the training losses if it is fitted."""
    mlflow = need_mlflow()
    params = pipeline_params(pipeline)
    mlflow.log_params(params if seed is None else params | {"seed": seed})
    log_losses(pipeline)


def pipeline_params(pipeline: Any) -> dict[str, str]:
    """Give the parameters of a pipeline and its steps as short texts, estimators by their name."""
    return {
        key: type(value).__name__ if hasattr(value, "get_params") else str(value)[:_LONGEST]
        for key, value in pipeline.get_params(deep=True).items()
        if key != "steps"
    }


def log_losses(pipeline: Any) -> None:
    """Log the loss of every epoch of every ensemble that was trained here.

    They are read off skorch's history. What was logged while it trained in the open run is
    not logged again; a pipeline that was loaded or knows no images has none.
    """
    mlflow = need_mlflow()
    run_id = mlflow.active_run().info.run_id
    now, metrics = int(1000 * time.time()), []
    for number, expert in enumerate(getattr(pipeline.steps[-1][1], "experts_", [])):
        known = run_of(expert.net_) == run_id
        for epoch in () if known else getattr(expert.net_, "history_", None) or ():
            loss, step = float(epoch["train_loss"]), int(epoch["epoch"])
            metrics.append(mlflow.entities.Metric(loss_name(number), loss, now, step))
    client = mlflow.MlflowClient()
    for first in range(0, len(metrics), BATCH):
        client.log_batch(run_id, metrics=metrics[first : first + BATCH])


def log_bank(bank: Any, *, context: str = "training") -> None:
    """Log a curve bank as a dataset of the run, with its name, content hash and learner.

    Parameters
    ----------
    bank : Bunch
        Of `load_curve_bank`.
    context : str, default="training"
        What it is used for.
    """
    digest = content_hash(bank.X, bank.y, bank.groups)
    log_curves(bank.name, bank.y, digest=digest, context=context)
    need_mlflow().set_tags({f"bank.{bank.name}.learner": bank.learner})


def log_curves(name: str, y: pd.DataFrame, *, digest: str, context: str = "training") -> None:
    """Log a curve table as a dataset of the run, under a name and a content hash."""
    mlflow = need_mlflow()
    frame = y.rename(columns=lambda size: f"{size:g}").rename_axis("dataset").reset_index()
    frame["dataset"] = frame["dataset"].astype(str).astype(object)
    data = mlflow.data.from_pandas(frame, name=name, digest=digest)
    mlflow.log_input(data, context=context)
    mlflow.set_tags({f"bank.{name}.hash": digest})


def log_assessment(assessment: Assessment) -> None:
    """Log scores as metrics, figures and the table of predicted parameters as artifacts."""
    mlflow = need_mlflow()
    mlflow.log_metrics(assessment.scores)
    for name, figure in assessment_figures(assessment).items():
        mlflow.log_figure(figure, f"figures/{name}.png")
    log_frame(assessment.params.rename_axis("dataset").reset_index(), "params.csv")
    log_frame(assessment.sizes, "required_sizes.csv")


def log_frame(frame: pd.DataFrame, file: str) -> None:
    """Log a table as CSV."""
    need_mlflow().log_text(frame.to_csv(index=False), file)


def finite(values: dict[str, Any]) -> dict[str, float]:
    """Keep the numbers that are finite, which is what every store can hold."""
    return {k: float(v) for k, v in values.items() if v is not None and np.isfinite(v)}
