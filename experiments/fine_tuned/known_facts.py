"""Whether what is known without measuring tells a data set's level: its classes and its size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.protocol.markdown import Column, table

LEAST_SIZE = 50
"""Images from which a score counts: fewer are asked about by few sources only."""

_FACTS = {
    "constant": (),
    "number of classes": ("classes",),
    "number of images": ("images",),
    "both": ("classes", "images"),
}
_COLUMNS = {
    "groups": Column("groups", ".0f"),
    "map50_95": Column("MAE, mAP50-95", ".3f"),
    "all": Column("groups", ".0f"),
    "map50": Column("MAE, mAP50", ".3f"),
}


def facts_table(points: pd.DataFrame) -> str:
    """Write the table: error of a group's level, itself left out, learners' means taken off."""
    rows = []
    levels = {metric: group_levels(points, metric) for metric in ("map50_95", "map50")}
    for name, facts in _FACTS.items():
        row: dict[str, float | str] = {"known": name, "seed": 0}
        for (metric, level), count in zip(levels.items(), ("groups", "all"), strict=True):
            row |= {count: len(level), metric: left_out_error(level, facts)}
        rows.append(row)
    return (
        "**What is known of a data set without measuring**: the mean score of a group from "
        f"{LEAST_SIZE} images on, relative to its learners', by least squares on logarithms, the "
        "group left out\n\n" + table(pd.DataFrame(rows), ["known"], _COLUMNS)
    )


def group_levels(points: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Give each group's level and the logarithms of its classes and images.

    Parameters
    ----------
    points : DataFrame
        Those of the bank ``detectors``.
    metric : str

    Returns
    -------
    levels : DataFrame
        Columns level (a score, about 0), classes and images; a row a group.
    """
    known = points["n_classes"].notna() & (points["size"] >= LEAST_SIZE)
    points = points[known & (points["metric"] == metric)]
    usual = points.groupby("learner")["score"].transform("mean")
    groups = points.assign(level=points["score"] - usual).groupby("group")
    facts = groups.agg(
        level=("level", "mean"), classes=("n_classes", "first"), images=("size", "median")
    )
    return facts.assign(**{name: np.log(facts[name]) for name in ("classes", "images")})


def left_out_error(levels: pd.DataFrame, facts: tuple[str, ...]) -> float:
    """Give the mean absolute error of least squares with each row left out.

    The hat matrix of the fit to all rows gives what each would get without itself.
    """
    known = np.column_stack([np.ones(len(levels)), levels[list(facts)].to_numpy(float)])
    hat = known @ np.linalg.pinv(known)
    asked = levels["level"].to_numpy(float)
    return float(np.abs((asked - hat @ asked) / (1.0 - np.diag(hat))).mean())
