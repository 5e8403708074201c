"""Published scores as arrays: who measured what on which data set, at which size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.learners import PRETRAININGS

Places = NDArray[np.intp]

COLUMNS = ("group", "learner", "pretraining", "metric", "size", "score")
SHORT = "short"
"""Schedule of few steps at a low resolution, as on a laptop; any other is the usual one."""

KINDS = (*PRETRAININGS, SHORT)
"""What learners may have in common: what they were trained on before, or a short schedule."""

METRICS = ("map50_95", "map50")
"""Scores that may be asked about; models know the first."""

_EDGE = 0.02
_NO_IMAGE = -60.0
_LEAST_ROOM = 0.05
_LEAST_SIZES = 3
_FEW_POINTS = 0.2
"""Weight of what has points at one or two sizes, whose coordinates are mostly drawn blindly."""
_ONE_DATASET = 2.0
"""The scores of one data set stray from the relation of the metrics together; so much wider."""


@dataclass(frozen=True)
class MetricRelation:
    """How mAP50 goes with mAP50-95: a line between their logits, with a spread.

    Parameters
    ----------
    slope, offset, spread : float
        ``logit(map50) = offset + slope * logit(map50_95)``, and its standard deviation.
    """

    slope: float = 1.22
    offset: float = 1.69
    spread: float = 0.76

    @classmethod
    def fit(cls, points: pd.DataFrame) -> MetricRelation:
        """Learn the relation from trainings of which both scores are known.

        Parameters
        ----------
        points : DataFrame
            Columns as in `COLUMNS`. With fewer than ten such trainings, the usual relation.
        """
        keys = ["group", "learner", "size"]
        table = points[points["size"] > 0].pivot_table("score", keys, "metric")
        if not set(METRICS) <= set(table.columns) or len(table.dropna()) < 10:
            return cls()
        strict, lax = logit(table.dropna()[list(METRICS)].clip(_EDGE, 1 - _EDGE)).to_numpy().T
        slope, offset = np.polyfit(strict, lax, 1)
        return cls(float(slope), float(offset), float(np.std(lax - offset - slope * strict)))

    def to_strict(self, scores: Array) -> tuple[Array, Array]:
        """Turn mAP50 into mAP50-95, and give the standard error that this brings."""
        asked = logit(np.clip(scores, _EDGE, 1 - _EDGE))
        found = expit((asked - self.offset) / self.slope)
        room = np.maximum(found * (1 - found), _LEAST_ROOM)
        return found, self.spread / self.slope * room


@dataclass(frozen=True)
class LevelPoints:
    """Points of many learners on many data sets.

    Attributes
    ----------
    log_sizes, scores, errors : ndarray of shape (n_points,)
        Natural logarithm of the images; mAP50-95; its standard error beside the noise.
    pair : ndarray of shape (n_points,)
        Number of the (data set, learner) that a point is of.
    dataset, learner : ndarray of shape (n_pairs,)
        Numbers of the data set and the learner of each pair.
    kind : ndarray of shape (n_learners,)
        Place of each learner's kind in `KINDS`.
    names : list of str
        Names of the learners.
    n_datasets : int
    """

    log_sizes: Array
    scores: Array
    errors: Array
    pair: Places
    dataset: Places
    learner: Places
    kind: Places
    names: list[str]
    n_datasets: int

    @property
    def n_pairs(self) -> int:
        return len(self.dataset)

    @cached_property
    def pair_weights(self) -> Array:
        """How much each pair says of the spread of curves: those of a point or two say little."""
        seen = np.unique(np.stack([self.pair, self.log_sizes]), axis=1)[0].astype(np.intp)
        curved = np.bincount(seen, minlength=self.n_pairs) >= _LEAST_SIZES
        return np.where(curved, 1.0, _FEW_POINTS)

    @cached_property
    def dataset_weights(self) -> Array:
        """The same of each data set, as of its best known curve: it strays so much more."""
        weights = np.zeros(self.n_datasets)
        np.maximum.at(weights, self.dataset, self.pair_weights)
        return weights

    @cached_property
    def learner_weights(self) -> Array:
        """The same of each learner."""
        weights = np.zeros(len(self.names))
        np.maximum.at(weights, self.learner, self.pair_weights)
        return weights

    @classmethod
    def of(cls, points: pd.DataFrame, relation: MetricRelation) -> LevelPoints:
        """Build from a table with the columns of `COLUMNS`; size 0 is before any image.

        A column ``schedule`` may name learners of a short one. Scores of mAP50 count where
        mAP50-95 of the same training is not there.

        Raises
        ------
        ValueError
            If a column is missing.
        """
        missing = [name for name in COLUMNS if name not in points.columns]
        if missing:
            raise ValueError(
                f"Got points without the column {missing[0]!r}, expected {', '.join(COLUMNS)}."
            )
        points = _one_metric_a_training(points)
        lax = (points["metric"] == "map50").to_numpy()
        scores = points["score"].to_numpy(dtype=float).copy()
        errors = np.zeros(len(scores))
        scores[lax], errors[lax] = relation.to_strict(scores[lax])
        sizes = points["size"].to_numpy(dtype=float)
        log_sizes = np.where(sizes > 0, np.log(np.maximum(sizes, 1e-9)), _NO_IMAGE)
        _, dataset = np.unique(points["group"].to_numpy(str), return_inverse=True)
        names, learner = np.unique(points["learner"].to_numpy(str), return_inverse=True)
        kinds = points["pretraining"]
        if "schedule" in points:
            kinds = kinds.where(points["schedule"] != SHORT, SHORT)
        trained = kinds.groupby(points["learner"]).agg(lambda one: one.mode()[0])
        pairs, pair = np.unique(np.stack([dataset, learner]), axis=1, return_inverse=True)
        return cls(
            log_sizes=log_sizes,
            scores=scores,
            errors=_ONE_DATASET * errors,
            pair=pair.ravel(),
            dataset=pairs[0],
            learner=pairs[1],
            kind=np.array([KINDS.index(trained[name]) for name in names]),
            names=[str(name) for name in names],
            n_datasets=int(dataset.max()) + 1,
        )


def _one_metric_a_training(points: pd.DataFrame) -> pd.DataFrame:
    points = points[points["metric"].isin(METRICS)]
    keys = ["group", "learner", "size"]
    strict = points.loc[points["metric"] == "map50_95", keys].drop_duplicates()
    known = points.merge(strict, on=keys, how="left", indicator=True)["_merge"] == "both"
    return points[~(known.to_numpy() & (points["metric"] == "map50").to_numpy())]
