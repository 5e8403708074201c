"""LearnerCurveRegressor: curves of known learners on new data sets, without images."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.bayes.hierarchy.fitting import fit_hierarchy
from ptssp_sklearn.bayes.hierarchy.model import CurveHierarchy
from ptssp_sklearn.bayes.hierarchy.points import MetricRelation
from ptssp_sklearn.bayes.learners import Learner, find_learner
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.posterior import N_SAMPLES, CurvePrior
from ptssp_sklearn.bayes.quantile_levels import LevelMap
from ptssp_sklearn.curves.pilot import Pilot, read_pilot
from ptssp_sklearn.curves.sigmoid import PARAM_NAMES
from ptssp_sklearn.curves.table import pivot_points
from ptssp_sklearn.exceptions import InputError
from ptssp_sklearn.regression._submodel import Expert
from ptssp_sklearn.regression.novelty import Domain, References

_LEAST_SIZES = 3
_ABOVE_ALL = 0.02


class LearnerCurveRegressor(RegressorMixin, BaseEstimator):
    """Predict curves from which learner is asked about, and from points of any learner.

    The hierarchy of `ptssp_sklearn.bayes.hierarchy`: what a data set, a learner and a learner
    on a data set add to a curve's coordinates. It looks at no images: ask it with ``X=None``.

    Parameters
    ----------
    n_sweeps : int, default=3000
        Sweeps of the chain that it is learned by.
    n_burn : int, default=800
        Sweeps of the start, which are not kept.
    n_draws : int, default=40
        Draws that are kept.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    hierarchy_ : CurveHierarchy
    references_ : References
        The training curves of at least three sizes.
    experts_ : list
        Empty: there are no images to learn from.
    highest_ : ndarray of shape (2, n_sizes)
        Sizes, and the highest score that any training curve had by then.
    seed_ : int

    Examples
    --------
    >>> from ptssp_sklearn import load_pretrained
    >>> model = load_pretrained("detectors")
    >>> point = [(16, 0.31, "yolov5n")]
    >>> model.predict_curve(None, [64, 256], learner="rf-detr-s", pilot=point).shape
    (1, 2)
    """

    _y_ndim = 2
    n_features_in_ = 0
    n_outputs_ = len(PARAM_NAMES)

    def __init__(
        self,
        *,
        n_sweeps: int = 3000,
        n_burn: int = 800,
        n_draws: int = 40,
        random_state: Any = None,
    ) -> None:
        self.n_sweeps = n_sweeps
        self.n_burn = n_burn
        self.n_draws = n_draws
        self.random_state = random_state

    def fit(self, X: None, y: pd.DataFrame) -> LearnerCurveRegressor:
        """Learn the hierarchy.

        Parameters
        ----------
        X : None
        y : DataFrame
            One row a score: group, learner, pretraining, metric, size (images; 0 is before
            any) and score (a fraction).

        Raises
        ------
        ValueError
            If there are rows of X, or a column of y is missing.
        """
        if X is not None:
            raise ValueError(f"Got X of {len(X)} rows, expected None: this model knows no images.")
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.hierarchy_ = fit_hierarchy(
            y,
            n_sweeps=self.n_sweeps,
            n_burn=self.n_burn,
            n_draws=self.n_draws,
            seed=self.seed_,
        )
        self._remember(_curves_of(y), _highest(y))
        return self

    def predict(self, X: None) -> Array:
        """Give A, B, C, D of the mean curve of a data set and a learner not named, (1, 4)."""
        return self.predict_distribution(X).central_params()

    def predict_distribution(
        self,
        X: None,
        *,
        pilot: Any = None,
        learner: str | Learner | None = None,
        relation: MetricRelation | None = None,
        n_samples: int = N_SAMPLES,
    ) -> CurveDistribution:
        """Predict a distribution over the curve of a learner on a new data set.

        Parameters
        ----------
        X : None
        pilot : curve table of n_rows rows, or list of points for one row, optional
            See `ptssp_sklearn.curves.read_pilot`; a point may name the learner that it was
            measured with.
        learner : str or Learner, optional
            Learner of the curve; see `ptssp_sklearn.bayes.find_learner`. By default it is
            integrated over.
        relation : MetricRelation, optional
            Where pilot and answer are of mAP50; this model knows mAP50-95.
        n_samples : int, default=1000
            Curves that stand for the distribution.

        Returns
        -------
        distribution : CurveDistribution of n_rows rows

        Raises
        ------
        ValueError
            If there are rows of X, a learner is not known, or the pilot is not usable.
        """
        check_is_fitted(self)
        if X is not None:
            raise ValueError("Got images, but this model knows none: pass X=None.")
        asked = None if learner is None else find_learner(learner)
        if pilot is None:
            prior = replace(self._prior(asked), relation=relation)
            return prior.distribution(n_samples=n_samples)
        points = read_pilot(pilot)
        prior = replace(self._prior(asked, points), relation=relation)
        return prior.distribution(points.sizes, points.scores, n_samples=n_samples)

    def calibrated(self, level_maps: tuple[LevelMap, ...]) -> LearnerCurveRegressor:
        """Give a regressor with these level maps, one for each number of points."""
        other = copy(self)
        other.hierarchy_ = replace(self.hierarchy_, level_maps=level_maps)
        return other

    def above_all(self, pilot: Any) -> tuple[float, float] | None:
        """Find a point above any training curve: mAP50 given as mAP50-95, most likely.

        Parameters
        ----------
        pilot : curve table or list of points

        Returns
        -------
        point : (float, float) or None
            Images and score of the first such point.
        """
        points = read_pilot(pilot)
        sizes, most = self.highest_
        limit = np.interp(np.log(points.sizes), np.log(sizes), most) + _ABOVE_ALL
        found = np.argwhere(points.scores > limit)
        if not len(found):
            return None
        row, place = found[0]
        return float(points.sizes[place]), float(points.scores[row, place])

    def moved(self, matrix: Array, offset: Array, noise: MeasurementNoise) -> LearnerCurveRegressor:
        """Give a regressor whose curves' coordinates are mapped; see `CurveHierarchy.moved`."""
        other = copy(self)
        other.hierarchy_ = self.hierarchy_.moved(matrix, offset, noise)
        return other

    def out_of_domain(self, X: Any) -> Array:
        """Refuse: there are no images to compare."""
        raise InputError("Got images, but this model knows none: pass X=None.", "no_images")

    def neighbours(self, X: Any, n: int = 5) -> Any:
        """Refuse: there are no images to compare."""
        return self.out_of_domain(X)

    def restore(
        self, hierarchy: CurveHierarchy, curves: pd.DataFrame, highest: Array, seed: int
    ) -> LearnerCurveRegressor:
        """Take what `fit` had learned."""
        self.hierarchy_, self.seed_ = hierarchy, seed
        self._remember(curves, highest)
        return self

    def _remember(self, curves: pd.DataFrame, highest: Array) -> None:
        self.references_ = References.of(curves, None, np.empty(0, np.intp), seed=0)
        self.highest_ = highest
        self.experts_: list[Expert] = []
        self.domains_: list[Domain] = []

    def _prior(self, asked: Learner | None, points: Pilot | None = None) -> CurvePrior:
        """Believe of the learner asked about and of those that measured points."""
        if points is None:
            return self.hierarchy_.prior([asked], seed=self.seed_)
        measured = [asked if name is None else find_learner(name) for name in points.learners]
        learners = list(dict.fromkeys([asked, *measured]))
        blocks = np.array([learners.index(one) for one in measured], dtype=np.intp)
        return self.hierarchy_.prior(
            learners,
            n_rows=len(points),
            blocks=blocks,
            errors=points.errors,
            seed=self.seed_,
        )


def _strict(points: pd.DataFrame) -> pd.DataFrame:
    return points[(points["metric"] == "map50_95") & (points["size"] > 0)]


def _curves_of(points: pd.DataFrame) -> pd.DataFrame:
    """Give the curves of at least three sizes as a curve table."""
    points = _strict(points)
    names = points["group"].astype(str) + " | " + points["learner"].astype(str)
    points = points.assign(dataset=names)
    counts = points.groupby("dataset")["size"].transform("nunique")
    return pivot_points(points[counts >= _LEAST_SIZES], index="dataset", score="score")


def _highest(points: pd.DataFrame) -> Array:
    """Give sizes, ascending, and the highest score by each."""
    most = _strict(points).groupby("size")["score"].max().cummax()
    return np.stack([most.index.to_numpy(dtype=float), most.to_numpy(dtype=float)])
