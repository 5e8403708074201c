"""mAP50 and mAP50-95 of the same training: curves of one turned into curves of the other.

The relation is a line between logits, with the spread by which a data set lies beside it. It is
fitted to the banks, which hold both scores, by ``python -m experiments.metric_relations``.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources

import numpy as np
from scipy.special import expit, logit

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.hierarchy.points import METRICS, MetricRelation
from ptssp_sklearn.curves.sigmoid import PARAM_BOUNDS
from ptssp_sklearn.exceptions import InputError, did_you_mean

METRIC_LABELS = {"map50_95": "mAP50-95", "map50": "mAP50"}
"""How the metrics are written in sentences and tables."""
_SPELLINGS = {
    **dict.fromkeys(("map5095", "map05095", "map595", "ap5095"), METRICS[0]),
    **dict.fromkeys(("map50", "map05", "map5", "ap50", "ap05"), METRICS[1]),
}
_PLACES = (1 / 3, 2 / 3)
_ONE_PLACE = 0.46
_EDGE = 1e-9


def metric_name(metric: str) -> str:
    """Give the name of a metric, however it is written.

    Parameters
    ----------
    metric : str
        Such as ``"map50"``, ``"mAP50-95"``, ``"mAP@0.5"`` or ``"AP50"``.

    Returns
    -------
    name : {"map50_95", "map50"}

    Raises
    ------
    ValueError
        If it is no such metric.
    """
    key = re.sub(r"[^a-z0-9]", "", str(metric).lower())
    if key in _SPELLINGS:
        return _SPELLINGS[key]
    hint = did_you_mean(metric, METRICS)
    raise InputError(
        f"Got metric={metric!r:.40}, expected {' or '.join(map(repr, METRICS))}.{hint}",
        "metric",
        name=f"{metric!r:.40}",
    )


@cache
def known_relations() -> dict[str, MetricRelation]:
    """Read the relations that come with the package, of boxes and of masks."""
    file = resources.files("ptssp_sklearn").joinpath("data", "metric_relations.json")
    return {name: MetricRelation(**values) for name, values in json.loads(file.read_text()).items()}


def lax_params(params: Array, relation: MetricRelation, aside: Array) -> Array:
    """Turn curves of mAP50-95 into curves of mAP50.

    Start and plateau are turned exactly, and so are the scores at a third and at two thirds of
    the rise, between which the turned curve is a 4PL. Where its half-way size is at a bound, the
    score a little below the middle of the rise is, which errs least.

    Parameters
    ----------
    params : ndarray of shape (..., 4)
        A, B, C, D of curves of mAP50-95.
    relation : MetricRelation
    aside : ndarray of shape (...)
        How far each curve lies beside the line, in logits: its own draw of the spread.

    Returns
    -------
    params : ndarray of shape (..., 4)
        A, B, C, D of curves of mAP50.
    """
    a, b, c, d = np.moveaxis(params, -1, 0)

    def turned(scores: Array) -> Array:
        return expit(
            relation.offset + relation.slope * logit(np.clip(scores, _EDGE, 1 - _EDGE)) + aside
        )

    start, end = turned(a), turned(d)
    rise = np.maximum(end - start, _EDGE)

    def log_size(place: float) -> Array:
        return np.log(c) + logit(place) / b

    def height(place: float) -> Array:
        share = (turned(a + (d - a) * place) - start) / rise
        return logit(np.clip(share, _EDGE, 1 - _EDGE))

    first, second = _PLACES
    slope = (height(second) - height(first)) / (log_size(second) - log_size(first))
    slope = np.clip(slope, *PARAM_BOUNDS["B"])
    log_middle = log_size(first) - height(first) / slope
    inside = np.clip(log_middle, *np.log(PARAM_BOUNDS["C"]))
    through_one = np.clip(height(_ONE_PLACE) / (log_size(_ONE_PLACE) - inside), *PARAM_BOUNDS["B"])
    slope = np.where(inside == log_middle, slope, through_one)
    return np.stack([start, slope, np.exp(inside), np.maximum(end, start)], axis=-1)
