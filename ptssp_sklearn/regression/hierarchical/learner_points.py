"""A table of scores of many learners: its curves, its highest scores, a score in between."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.table import pivot_points
from ptssp_sklearn.regression.novelty import References

_LEAST_SIZES = 2


def curves_of(points: pd.DataFrame) -> pd.DataFrame:
    """Give the curves of at least two sizes as a curve table, named "group | learner"."""
    points = _strict(points)
    names = points["group"].astype(str) + " | " + points["learner"].astype(str)
    points = points.assign(dataset=names)
    counts = points.groupby("dataset")["size"].transform("nunique")
    return pivot_points(points[counts >= _LEAST_SIZES], index="dataset", score="score")


def highest_by_size(points: pd.DataFrame) -> Array:
    """Give sizes, ascending, and the highest score by each."""
    most = _strict(points).groupby("size")["score"].max().cummax()
    return np.stack([most.index.to_numpy(dtype=float), most.to_numpy(dtype=float)])


def levels_of(groups: pd.Index, points: pd.DataFrame, learner: str, size: float) -> Array:
    """Read the curve of each row's group off at a size, or at the nearest that was measured.

    Raises
    ------
    ValueError
        If there is no score of the learner on a group.
    """
    known = _strict(points)
    levels = {}
    for name, own in known[known["learner"] == learner].groupby("group"):
        curve = own.groupby("size")["score"].mean()
        levels[name] = np.interp(np.log(size), np.log(curve.index.to_numpy(float)), curve)
    missing = [name for name in groups if name not in levels]
    if missing:
        raise ValueError(
            f"Got features of {missing[0]!r}, expected only of groups on which {learner} has a "
            "score in y."
        )
    return np.array([levels[name] for name in groups])


def references_of(
    X: pd.DataFrame | None, curves: pd.DataFrame, learner: str, seed: int
) -> References:
    """Remember the curves, and the rows of features of those that have one."""
    if X is None:
        return References.of(curves, None, np.empty(0, np.intp), seed=seed)
    place = curves.index.get_indexer(X.index.astype(str) + f" | {learner}")
    kept = place >= 0
    return References.of(curves, X.to_numpy(dtype=float)[kept], place[kept], seed=seed)


def _strict(points: pd.DataFrame) -> pd.DataFrame:
    return points[(points["metric"] == "map50_95") & (points["size"] > 0)]
