"""LearnerCurveRegressor: curves of known learners on new data sets, with images or without."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import RegressorMixin
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
from ptssp_sklearn.bayes.quantile_levels import NOMINAL, LevelMap
from ptssp_sklearn.curves.pilot import Pilot, read_pilot
from ptssp_sklearn.curves.sigmoid import PARAM_NAMES
from ptssp_sklearn.regression.hierarchical.image_level import ImageLevel
from ptssp_sklearn.regression.hierarchical.image_memory import ImageMemoryMixin
from ptssp_sklearn.regression.hierarchical.learner_points import (
    curves_of,
    highest_by_size,
    references_of,
)
from ptssp_sklearn.regression.novelty import References

_ABOVE_ALL = 0.02


class LearnerCurveRegressor(RegressorMixin, ImageMemoryMixin):
    """Predict curves from which learner is asked about, and from points of any learner.

    The hierarchy of `ptssp_sklearn.bayes.hierarchy`: what a data set, a learner and a learner
    on a data set add to a curve's coordinates. Asked with ``X=None`` it knows nothing of the data
    set; features of a few of its labelled images narrow its level as far as they did on data
    sets left out, see `ptssp_sklearn.regression.hierarchical.image_level`.

    Parameters
    ----------
    n_sweeps : int, default=3000
        Sweeps of the chain that it is learned by.
    n_burn : int, default=800
        Sweeps of the start, which are not kept.
    n_draws : int, default=40
        Draws that are kept.
    image_learner : str, default="YOLOv5n"
        Learner whose score the features tell.
    image_size : float, default=16, images
        Size at which they tell it.
    count_feature : int, default=-2
        Place of the logarithm of the number of images among the features.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    hierarchy_ : CurveHierarchy
    references_ : References
        The training curves of at least two sizes, and the features of their images.
    image_level_ : ImageLevel or None
        What features tell of a level; None where there were none, or they told nothing.
    level_maps_ : dict of tuple of LevelMap
        Calibration by `question`, where there is any.
    domain_ : Domain
        The features' rows as points, for `neighbours`; only where there are features.
    n_features_in_ : int
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
    n_outputs_ = len(PARAM_NAMES)

    def __init__(
        self,
        *,
        n_sweeps: int = 3000,
        n_burn: int = 800,
        n_draws: int = 40,
        image_learner: str = "YOLOv5n",
        image_size: float = 16.0,
        count_feature: int = -2,
        random_state: Any = None,
    ) -> None:
        self.n_sweeps = n_sweeps
        self.n_burn = n_burn
        self.n_draws = n_draws
        self.image_learner = image_learner
        self.image_size = image_size
        self.count_feature = count_feature
        self.random_state = random_state

    def fit(self, X: pd.DataFrame | None, y: pd.DataFrame) -> LearnerCurveRegressor:
        """Learn the hierarchy, and what features tell.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_features), or None
            Features of draws of images; the index names the group of `y` that each row is of.
        y : DataFrame
            One row a score: group, learner, pretraining, metric, size (images; 0 is before
            any) and score (a fraction).

        Raises
        ------
        ValueError
            If a column of y is missing, X is no DataFrame, or a row of it is named after a group
            that has no score of `image_learner`.
        """
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.hierarchy_ = fit_hierarchy(
            y,
            n_sweeps=self.n_sweeps,
            n_burn=self.n_burn,
            n_draws=self.n_draws,
            seed=self.seed_,
        )
        self.highest_ = highest_by_size(y)
        self.level_maps_: dict[str, tuple[LevelMap, ...]] = {}
        return self.learn_images(X, y)

    def learn_images(self, X: pd.DataFrame | None, y: pd.DataFrame) -> LearnerCurveRegressor:
        """Learn anew what features tell; the hierarchy stays as it is. Parameters as of `fit`."""
        check_is_fitted(self, "hierarchy_")
        if X is not None and not isinstance(X, pd.DataFrame):
            raise ValueError(
                f"Got X of type {type(X).__name__}, expected None or a DataFrame of features whose "
                "index names groups of y."
            )
        self.image_level_ = None if X is None else self._level_of_images(X, y)
        self._remember(references_of(X, curves_of(y), self.image_learner, self.seed_))
        return self

    def predict(self, X: Any) -> Array:
        """Give A, B, C, D of the mean curve of a learner not named, shape (n_rows, 4)."""
        return self.predict_distribution(X).central_params()

    def predict_distribution(
        self,
        X: Any,
        *,
        pilot: Any = None,
        learner: str | Learner | None = None,
        relation: MetricRelation | None = None,
        n_samples: int = N_SAMPLES,
    ) -> CurveDistribution:
        """Predict a distribution over the curve of a learner on a new data set.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or None
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
            If there are features and the model knows none, or as many as it knows are not
            there, a learner is not known, or the pilot is not usable.
        """
        check_is_fitted(self)
        X = None if X is None else self._features(X)
        asked = None if learner is None else find_learner(learner)
        if pilot is None:
            prior = replace(self._prior(asked, X), relation=relation)
            return prior.distribution(n_samples=n_samples)
        points = read_pilot(pilot, None if X is None else len(X))
        prior = replace(self._prior(asked, X, points), relation=relation)
        return prior.distribution(points.sizes, points.scores, n_samples=n_samples)

    def calibrated(self, level_maps: dict[str, tuple[LevelMap, ...]]) -> LearnerCurveRegressor:
        """Give a regressor whose quantiles are mapped.

        Parameters
        ----------
        level_maps : dict of tuple of LevelMap
            By `question`; of each, one for each number of points.
        """
        other = copy(self)
        other.level_maps_ = level_maps
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
        """Give a regressor whose curves' coordinates are mapped; see `CurveHierarchy.moved`.

        What images told was of the curves as they were: the new one is told nothing by them.
        """
        other = copy(self)
        other.hierarchy_ = self.hierarchy_.moved(matrix, offset, noise)
        other.image_level_ = None
        return other

    def restore(
        self,
        hierarchy: CurveHierarchy,
        references: References,
        highest: Array,
        seed: int,
        level: ImageLevel | None,
    ) -> LearnerCurveRegressor:
        """Take what `fit` had learned."""
        self.hierarchy_, self.highest_, self.seed_ = hierarchy, highest, seed
        self.image_level_, self.level_maps_ = level, {}
        self._remember(references)
        return self

    def _prior(
        self, asked: Learner | None, X: Array | None, points: Pilot | None = None
    ) -> CurvePrior:
        """Believe of the learner asked about, of those that measured points, and of images."""
        named = () if points is None else points.learners
        measured = [asked if name is None else find_learner(name) for name in named]
        level = None if X is None else self.image_level_
        telling = None if level is None else find_learner(self.image_learner)
        learners = list(dict.fromkeys([asked, *measured, *([telling] if telling else [])]))
        n_rows = len(points) if points is not None else 1 if X is None else len(X)
        prior = self.hierarchy_.prior(
            learners,
            n_rows=n_rows,
            blocks=np.array([learners.index(one) for one in measured], dtype=np.intp),
            errors=None if points is None else points.errors,
            seed=self.seed_,
        )
        hint = None
        if X is not None and level is not None:
            counts = np.exp(X[:, self.count_feature])
            hint = level.hint(X, counts, self.image_size, learners.index(telling))
        told = hint is not None and bool(np.isfinite(hint.spread).any())
        maps = self.level_maps_.get(question(asked, X if told else None), (NOMINAL,))
        return replace(prior, hint=hint, level_maps=maps)


def question(learner: Any, X: Any) -> str:
    """Name what is known beside measured points: whose curve it is, and whether of images.

    Quantiles are calibrated by it, since beliefs err otherwise where less is known.
    """
    return f"{'unnamed' if learner is None else 'named'}{'' if X is None else ', images'}"
