"""What is asked of a curve: target scores, quantile levels, and what stands for out of reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn import config_context

from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.bayes.hierarchy.points import METRICS, MetricRelation
from ptssp_sklearn.bayes.metric_relation import known_relations, metric_name
from ptssp_sklearn.curves.pilot import check_pilot
from ptssp_sklearn.curves.pilot_oddities import below_measured, odd_points
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from ptssp_sklearn.exceptions import InputError, remark

UNREACHABLE = ("inf", "nan", "raise")
"""What may stand for a size that is out of reach."""
_FAR_BELOW = 0.15
"""Distance of a prediction below what was measured at which Python warns."""


def match_targets(
    target: NDArray, distribution: CurveDistribution
) -> tuple[NDArray, CurveDistribution]:
    """Give one target a row; of a single row, several targets may be asked.

    Parameters
    ----------
    target : ndarray of shape (n_targets,) or (), fractions
    distribution : CurveDistribution of n_rows rows

    Returns
    -------
    target : ndarray of shape (n_rows,)
    distribution : CurveDistribution
        Belief about as many rows: a single one is repeated.

    Raises
    ------
    ValueError
        If there are neither one target nor as many as rows.
    """
    n_rows = len(distribution)
    if target.ndim > 1 or (target.ndim == 1 and n_rows not in (1, len(target))):
        raise ValueError(
            f"Got target_map of shape {target.shape} for {n_rows} rows, expected one target or "
            "one a row."
        )
    if target.ndim == 1 and n_rows == 1:
        return target, distribution.repeat(len(target))
    return np.broadcast_to(target, n_rows), distribution


def check_levels(levels: ArrayLike) -> NDArray[np.float64]:
    """Refuse quantile levels that are not in (0, 1)."""
    found = np.asarray(levels, dtype=float)
    wrong = found[~((found > 0) & (found < 1))]
    if wrong.size:
        raise ValueError(f"Got the level {wrong.ravel()[0]:g}, expected a fraction in (0, 1).")
    return found


def check_certainty(certainty: float) -> float:
    """Refuse a certainty that is not one fraction in (0, 1)."""
    found = np.asarray(certainty, dtype=float)
    if found.ndim or not 0 < found < 1:
        hint = " Divide percentages by 100." if not found.ndim and found >= 1 else ""
        raise ValueError(f"Got certainty={certainty}, expected one fraction in (0, 1).{hint}")
    return float(found)


def knows_learners(last: Any) -> bool:
    """Tell whether a fitted regressor knows several learners, and so whose curve it gives."""
    return hasattr(last, "hierarchy_")


def asked_metric(about: dict[str, Any], metric: str | None) -> str:
    """Name the metric that a target is of: the one asked for, else the model's own."""
    return about.get("metric", METRICS[0]) if metric is None else metric_name(metric)


def asked_relation(last: Any, about: dict[str, Any], metric: str | None) -> MetricRelation | None:
    """Give what turns a model's curves into those of the metric asked for.

    Parameters
    ----------
    last : fitted regressor
    about : dict
        The model's card.
    metric : str or None
        See `ptssp_sklearn.bayes.metric_relation.metric_name`; None: the model's own.

    Returns
    -------
    relation : MetricRelation, or None where it is the model's own metric

    Raises
    ------
    ValueError
        If there is no such metric, or the model knows mAP50 only.
    """
    own = about.get("metric", METRICS[0])
    name = asked_metric(about, metric)
    if name == own:
        return None
    if name == METRICS[0]:
        raise ValueError(
            f"Got metric={metric!r}, but this model was trained on {own}; leave out metric or ask "
            "a model of mAP50-95."
        )
    if knows_learners(last):
        return last.hierarchy_.relation
    return known_relations()[about.get("shape") or "boxes"]


def check_reached(
    X: Any, target: NDArray, distribution: CurveDistribution, sizes: NDArray, certainty: float
) -> None:
    """Refuse targets whose size is infinite; the first such row is named."""
    lost = np.flatnonzero(np.isinf(sizes))
    if len(lost):
        row = lost[0]
        name = X.index[row] if isinstance(X, pd.DataFrame) else row
        chance = distribution.reach_probability(target)[row]
        raise ValueError(
            f"Got target_map={target[row]:g}, but curve {name!r} reaches it with a probability of "
            f"{chance:.0%}, and the certainty asked for is {certainty:.0%}. Lower one of them or "
            "pass unreachable='inf'."
        )


def check_unreachable(choice: str) -> None:
    """Refuse what is none of `UNREACHABLE`."""
    if choice not in UNREACHABLE:
        raise ValueError(f"Got unreachable={choice!r}, expected 'inf', 'nan' or 'raise'.")


def check_target(target_map: float | ArrayLike) -> NDArray[np.float64]:
    """Check a target score.

    Raises
    ------
    ValueError
        If a target is not a fraction in (0, 1).
    """
    target = np.asarray(target_map, dtype=float)
    wrong = target[~((target > 0) & (target < 1))]
    if wrong.size:
        hint = " Divide percentages by 100." if np.any(wrong >= 1) else ""
        value = f"{wrong.ravel()[0]:g}"
        message = f"Got target_map={value}, expected a score as a fraction in (0, 1).{hint}"
        raise InputError(message, "target", value=value)
    return target


def looks_at_images(pipeline: Any) -> bool:
    """Tell whether a pipeline asks for images; one of curves alone does not."""
    return bool(getattr(pipeline.steps[-1][1], "looks_at_images", True))


def needs_images(pipeline: Any) -> bool:
    """Tell whether a pipeline cannot do without images; one that knows learners can."""
    return looks_at_images(pipeline) and not knows_learners(pipeline.steps[-1][1])


def without_images(pipeline: Any, X: Any) -> Any:
    """Give X, or None and a remark where the pipeline looks at no image."""
    if X is None or looks_at_images(pipeline):
        return X
    remark("The model looks at no image: those that are given are left out.")
    return None


def features_of(pipeline: Any, X: Any) -> Any:
    """Embed X as it is embedded in `fit`, whatever scikit-learn's ``transform_output`` is."""
    with config_context(transform_output="default"):
        return pipeline[:-1].transform(X)


def refuse_weights(params: Any) -> None:
    """Refuse sample weights, which nothing here takes into account."""
    given = [name for name in params if name.rpartition("__")[2] == "sample_weight"]
    if given:
        raise TypeError(
            f"Got {given[0]}, but curves are not weighted by row; leave it out, or give a dataset "
            "that should count more in several rows."
        )


def say_oddities(pilot: Any, distribution: CurveDistribution) -> None:
    """Remark upon measured points that fall or jump, and a prediction that lies below them.

    Parameters
    ----------
    pilot : list of points of the only row, or curve table of n_rows rows
    distribution : CurveDistribution of n_rows rows
        With the pilot.
    """
    sizes, scores = check_pilot(pilot)
    for row, own in enumerate(scores):
        points = [(n, score) for n, score in zip(sizes, own, strict=True) if score == score]
        place = "" if len(scores) == 1 else f"Row {row}: "

        def curve(at: NDArray[np.float64], row: int = row) -> NDArray[np.float64]:
            return sigmoid_curve(at, distribution.central_params()[row])

        for sentence in [*odd_points(points), *below_measured(points, curve, _FAR_BELOW)]:
            remark(f"{place}{sentence}")
