"""Pipelines compared by cross-validation: a parent run, a run a candidate, a run a fold."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, KFold, check_cv

from ptssp_sklearn.curves.table import check_curve_table
from ptssp_sklearn.exceptions import need_mlflow
from ptssp_sklearn.pipeline.provenance import content_hash
from ptssp_sklearn.tracking._figures import draw_comparison
from ptssp_sklearn.tracking.evaluation import Assessment, assess
from ptssp_sklearn.tracking.runs import (
    finite,
    log_assessment,
    log_curves,
    log_frame,
    log_pipeline,
    pipeline_params,
    track,
)

_FOLDS = 5
_RANKED_BY = "curve_mae"


def compare(
    pipelines: Mapping[str, Any] | Iterable[Any],
    X: Any,
    y: Any,
    groups: Any = None,
    *,
    cv: Any = None,
    name: str = "compare",
    n_jobs: int | None = None,
    tracking_uri: str | None = None,
    experiment: str | None = None,
) -> pd.DataFrame:
    """Cross-validate pipelines and log it: a run each candidate, with a run each fold.

    Parameters
    ----------
    pipelines : dict of str to TrainingSizePipeline, or list of TrainingSizePipeline
        A list names them by their place.
    X : image table of n_rows rows
    y : curve table of shape (n_rows, n_sizes)
    groups : array-like of shape (n_rows,), optional
        What must not be split between training and testing.
    cv : int or splitter, optional
        By default five folds, or fewer where there are fewer groups or rows.
    name : str, default="compare"
        Name of the parent run, which is nested where a run is open already.
    n_jobs : int, optional
        Processes that fit folds.
    tracking_uri, experiment : str, optional
        See `ptssp_sklearn.tracking.track`.

    Returns
    -------
    table : DataFrame
        A row a candidate, the least curve MAE first: the mean of each score over the folds,
        its standard deviation as ``…_std``, and the run as ``run_id``.

    Raises
    ------
    ValueError
        If there is no pipeline, or two have one name.
    """
    named = _named(pipelines)
    table = check_curve_table(y)
    splitter = _splitter(cv, groups, len(table))
    splits = list(splitter.split(table, groups=groups))
    with track(name, tracking_uri=tracking_uri, experiment=experiment):
        log_curves("compared", table, digest=content_hash(_frame(X), table, groups))
        need_mlflow().log_params({"n_folds": len(splits), "cv": str(splitter)[:200]})
        folds, runs = [], {}
        for label, pipeline in named.items():
            with track(label, tags={"role": "candidate"}) as run:
                found = _run_folds(pipeline, X, table, splits, n_jobs, run.info.run_id)
                folds += [{"candidate": label, **scores} for scores in found]
                runs[label] = run.info.run_id
        return _log_table(pd.DataFrame(folds), runs)


def log_search(
    search: Any,
    *,
    name: str = "search",
    tracking_uri: str | None = None,
    experiment: str | None = None,
) -> pd.DataFrame:
    """Log a fitted `GridSearchCV` or the like: a run each candidate, with a run each fold.

    Parameters
    ----------
    search : GridSearchCV
        Fitted; its `cv_results_` are logged as they are.
    name, tracking_uri, experiment
        As in `compare`.

    Returns
    -------
    results : DataFrame
        `cv_results_` with the run of each candidate as ``run_id``.
    """
    mlflow = need_mlflow()
    if not hasattr(search, "cv_results_"):
        raise ValueError(f"Got {type(search).__name__} without cv_results_. Fit it first.")
    results = pd.DataFrame(search.cv_results_)
    numbers = results.drop(columns="params").select_dtypes("number")
    with track(name, tracking_uri=tracking_uri, experiment=experiment):
        mlflow.log_params(pipeline_params(search.estimator))
        runs = []
        for place, params in enumerate(results["params"]):
            with track(f"candidate {place}", tags={"role": "candidate"}) as run:
                mlflow.log_params({key: str(value)[:500] for key, value in params.items()})
                row = {str(k): value for k, value in numbers.iloc[place].items()}
                mlflow.log_metrics(finite({k: v for k, v in row.items() if k[:5] != "split"}))
                for fold in range(search.n_splits_):
                    own = {k: v for k, v in row.items() if k.startswith(f"split{fold}_")}
                    with track(f"fold {fold}", tags={"role": "fold"}):
                        mlflow.log_metrics(finite({k.partition("_")[2]: own[k] for k in own}))
                runs.append(run.info.run_id)
        results = results.assign(run_id=runs)
        log_frame(results.drop(columns="params"), "comparison.csv")
        shown = results.assign(candidate=[str(params) for params in results["params"]])
        for score in [name for name in map(str, numbers) if name.startswith("mean_test_")]:
            mlflow.log_figure(draw_comparison(shown, score), f"figures/{score}.png")
    return results


def _named(pipelines: Mapping[str, Any] | Iterable[Any]) -> dict[str, Any]:
    named = pipelines if isinstance(pipelines, Mapping) else None
    found = dict(named) if named is not None else {str(i): p for i, p in enumerate(pipelines)}
    if not found or any(not hasattr(one, "fit") for one in found.values()):
        raise ValueError(f"Got {pipelines!r:.60}, expected pipelines, by name or in a list.")
    return found


def _splitter(cv: Any, groups: Any, n_rows: int) -> Any:
    if cv is not None:
        return check_cv(cv) if groups is None or not isinstance(cv, int) else GroupKFold(cv)
    if groups is None:
        return KFold(min(_FOLDS, n_rows))
    return GroupKFold(min(_FOLDS, len(np.unique(groups))))


def _run_folds(
    pipeline: Any, X: Any, table: pd.DataFrame, splits: list, n_jobs: int | None, parent: str
) -> list[dict[str, float]]:
    """Log a candidate into the open run, and each of its folds into a nested one."""
    log_pipeline(clone(pipeline))
    store = need_mlflow().get_tracking_uri()
    jobs = [
        delayed(_run_fold)(clone(pipeline), X, table, number, split, parent, store)
        for number, split in enumerate(splits)
    ]
    found = Parallel(n_jobs=n_jobs)(jobs)
    log_assessment(Assessment.join([part for part, _ in found]))
    return [{"fold": float(number), **scores} for number, (_, scores) in enumerate(found)]


def _run_fold(
    pipeline: Any, X: Any, table: pd.DataFrame, number: int, split: Any, parent: str, store: str
) -> tuple[Assessment, dict[str, float]]:
    """Train without a fold and assess it, in a run of its own, maybe in another process."""
    train, test = split
    tags = {"role": "fold"}
    with track(f"fold {number}", tracking_uri=store, tags=tags, parent=parent):
        start = time.perf_counter()
        pipeline.fit(_rows(X, train), table.iloc[train])
        seconds = time.perf_counter() - start
        mean = table.iloc[train].mean().fillna(table.mean()).to_numpy()
        part = assess(pipeline, _rows(X, test), table.iloc[test], mean_curve=mean)
        scores = part.scores | {"fit_seconds": seconds}
        need_mlflow().log_metrics(scores)
    return part, scores


def _rows(X: Any, rows: np.ndarray) -> Any:
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else [X[i] for i in rows]


def _log_table(folds: pd.DataFrame, runs: dict[str, str]) -> pd.DataFrame:
    """Log means, deviations and a plot a score into the open run; give the table."""
    mlflow = need_mlflow()
    grouped = folds.drop(columns="fold").groupby("candidate", sort=False)
    spread = grouped.std(ddof=0).add_suffix("_std")
    table = pd.concat([grouped.mean(), spread], axis=1).sort_values(_RANKED_BY, kind="stable")
    table = table.assign(run_id=pd.Series(runs))
    log_frame(table.reset_index(), "comparison.csv")
    log_frame(folds, "folds.csv")
    for score in (_RANKED_BY, "size_log10_error"):
        if score in folds.columns:
            mlflow.log_figure(draw_comparison(folds, score), f"figures/{score}.png")
    mlflow.set_tag("best", str(table.index[0]))
    mlflow.log_metrics(finite({f"best_{_RANKED_BY}": table[_RANKED_BY].iloc[0]}))
    return table


def _frame(X: Any) -> pd.DataFrame | None:
    """Give images as a table for their hash."""
    return X if X is None or isinstance(X, pd.DataFrame) else pd.DataFrame(list(X), dtype=object)
