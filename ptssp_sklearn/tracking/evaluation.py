"""How well a fitted pipeline predicts measured curves: scores, tables and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.curves.metrics import curve_mae, curve_r2, reached_tables, size_errors
from ptssp_sklearn.curves.sigmoid import PARAM_NAMES, sigmoid_curve
from ptssp_sklearn.curves.table import check_curve_table

INTERVALS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Nominal coverages that are checked."""

HEADLINE = 0.9
"""The nominal coverage among the scores."""


@dataclass(frozen=True)
class Assessment:
    """A pipeline's predictions beside what was measured.

    Attributes
    ----------
    scores : dict of str to float
        ``curve_mae``; ``curve_r2`` against the mean curve; ``size_log10_error``, the mean
        |log10| of predicted to measured required size, and ``size_within_2x``;
        ``curve_coverage`` and ``size_coverage`` of 90 % intervals, where there are any.
    params : DataFrame of shape (n_rows, 4)
        Predicted A, B, C, D.
    measured, predicted : DataFrame of shape (n_rows, n_sizes)
        Curve tables.
    sizes : DataFrame
        A row a dataset and target: dataset, target, measured and predicted, images.
    calibration : DataFrame
        Columns nominal, curve and size: how often intervals held; empty without any.
    """

    scores: dict[str, float]
    params: pd.DataFrame
    measured: pd.DataFrame
    predicted: pd.DataFrame
    sizes: pd.DataFrame
    calibration: pd.DataFrame

    @classmethod
    def join(cls, parts: Sequence[Assessment]) -> Assessment:
        """Put folds together: their rows one after the other, their figures averaged."""
        tables = {
            name: pd.concat([getattr(part, name) for part in parts])
            for name in ("params", "measured", "predicted", "sizes", "calibration")
        }
        tables["calibration"] = tables["calibration"].groupby("nominal").mean().reset_index()
        means = pd.DataFrame([part.scores for part in parts]).mean()
        return cls(scores={str(name): float(mean) for name, mean in means.items()}, **tables)


def assess(pipeline: Any, X: Any, y: Any, *, mean_curve: ArrayLike | None = None) -> Assessment:
    """Compare a fitted pipeline's predictions with measured curves.

    Targets are 50, 75 and 90 % of a curve's final score. A required size counts where the
    measured curve crosses the target; an answer of "never" counts as a million images.

    Parameters
    ----------
    pipeline : TrainingSizePipeline
        Fitted; without a predictive distribution there is no coverage.
    X : image table of n_rows rows, or None
        None asks a model of curves alone.
    y : curve table of shape (n_rows, n_sizes)
    mean_curve : array-like of shape (n_sizes,), optional
        Mean curve of the training datasets, which R2 is against; by default the mean of `y`.

    Returns
    -------
    assessment : Assessment

    Examples
    --------
    >>> from ptssp_sklearn import load_curve_bank, load_pretrained
    >>> from ptssp_sklearn.tracking import assess
    >>> found = assess(load_pretrained("detectors"), None, load_curve_bank("yolov8m-seg").y)
    >>> found.scores["curve_mae"] < 0.3
    True
    """
    table = check_curve_table(y)
    sizes, scores = table.columns.to_numpy(dtype=float), table.to_numpy(dtype=float)
    believed, sure = _distribution(pipeline, X, len(table))
    params = believed.central_params() if sure else np.asarray(believed.params[:, 0])
    predicted = sigmoid_curve(sizes, params)
    targets, needed = reached_tables(sizes, scores)
    answered = np.stack([believed.required_sizes(column)[:, 0] for column in targets.T], axis=1)
    known = np.isfinite(needed)
    gaps = size_errors(needed[known], answered[known])
    mean = np.nanmean(scores, axis=0) if mean_curve is None else np.asarray(mean_curve, float)
    calibration = _calibration(believed, sizes, scores, targets, needed) if sure else _NOTHING
    names = np.repeat(table.index.astype(str), targets.shape[1])
    crossings = pd.DataFrame(
        {
            "dataset": names,
            "target": targets.ravel(),
            "measured": needed.ravel(),
            "predicted": answered.ravel(),
        }
    )
    return Assessment(
        scores=_scores(scores, predicted, mean, gaps, calibration),
        params=pd.DataFrame(params, index=table.index, columns=list(PARAM_NAMES)),
        measured=table,
        predicted=pd.DataFrame(predicted, index=table.index, columns=table.columns),
        sizes=crossings[known.ravel()].reset_index(drop=True),
        calibration=calibration,
    )


_NOTHING = pd.DataFrame({"nominal": [], "curve": [], "size": []}, dtype=float)


def _scores(
    measured: Array, predicted: Array, mean: Array, gaps: Array, calibration: pd.DataFrame
) -> dict[str, float]:
    """Give the scores that can be had: a figure of nothing is left out."""
    found = {"curve_mae": curve_mae(measured, predicted)}
    if np.nansum((measured - mean) ** 2) > 0:
        found["curve_r2"] = curve_r2(measured, predicted, mean)
    if len(gaps):
        found["size_log10_error"] = float(np.mean(gaps))
        found["size_within_2x"] = float(np.mean(gaps <= np.log10(2)))
    if len(calibration):
        row = calibration[calibration.nominal == HEADLINE].iloc[0]
        found |= {"curve_coverage": float(row["curve"]), "size_coverage": float(row["size"])}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _distribution(pipeline: Any, X: Any, n_rows: int) -> tuple[CurveDistribution, bool]:
    """Give what a pipeline believes, and whether it is more than one curve a row."""
    if hasattr(pipeline.steps[-1][1], "predict_distribution"):
        believed = pipeline.predict_distribution(X)
        return (believed.repeat(n_rows) if X is None else believed), True
    return CurveDistribution(np.asarray(pipeline.predict(X))[:, None], MeasurementNoise()), False


def _calibration(
    believed: CurveDistribution, sizes: Array, scores: Array, targets: Array, needed: Array
) -> pd.DataFrame:
    half = np.array(INTERVALS) / 2
    levels = np.concatenate([0.5 - half, 0.5 + half])
    bands = believed.curve_quantiles(sizes, levels)
    spans = np.stack([believed.required_sizes(column, levels) for column in targets.T], axis=1)
    rows = []
    for number, nominal in enumerate(INTERVALS):
        held = [
            _held(truth, ends[..., number], ends[..., number + len(INTERVALS)])
            for truth, ends in ((scores, bands), (needed, spans))
        ]
        rows.append({"nominal": nominal, "curve": held[0], "size": held[1]})
    return pd.DataFrame(rows)


def _held(truth: Array, low: Array, high: Array) -> float:
    known = np.isfinite(truth)
    inside = (truth >= low) & (truth <= high)
    return float(inside[known].mean()) if known.any() else np.nan
