"""What a pipeline says of a learning curve: its course, its band, and the required size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.quantile_levels import interval_levels
from ptssp_sklearn.curves.pilot import check_pilot
from ptssp_sklearn.curves.sigmoid import sigmoid_curve, whole_images
from ptssp_sklearn.curves.table import join_by_name
from ptssp_sklearn.datasets.typical import as_table
from ptssp_sklearn.pipeline.validation import (
    asked_relation,
    check_certainty,
    check_levels,
    check_reached,
    check_target,
    check_unreachable,
    features_of,
    match_targets,
    say_oddities,
    without_images,
)


class CurveForecastMixin:
    """Methods of a pipeline whose last step predicts curves."""

    steps: Any

    def predict_distribution(
        self, X: Any, *, pilot: Any = None, learner: Any = None, metric: str | None = None
    ) -> CurveDistribution:
        """Predict a distribution over curves.

        Parameters
        ----------
        X : image table of n_rows rows, labelled data set or its path, or None
            None: the population of the training curves is the prior of every row.
        pilot : curve table of n_rows rows, or list of points for one row, optional
            Measured points; a row of a table may be empty. A point is (size, score), and may
            go on with its standard error and with the name of another learner that measured
            it: ``(16, 0.31, 0.02, "yolov5n")``.
        learner : str or Learner, optional
            Whose curve is asked for, by name (``"yolo11n"``) or by what it was trained on
            (``"coco"``); for models that know several. By default it is integrated over.
        metric : {"map50_95", "map50"}, optional
            What pilot, target and answer are scores of; by default what the model was trained
            on. Curves of mAP50 are turned from those of mAP50-95, which widens the answer.

        Returns
        -------
        distribution : CurveDistribution

        Raises
        ------
        ValueError
            If the last step predicts no distributions, the pilot is not usable, or a learner
            or metric is not known.
        """
        check_is_fitted(self)
        last = self.steps[-1][1]
        if not self._predicts_distributions():
            raise ValueError(
                f"Got the last step {type(last).__name__}, which predicts no distribution. Use "
                "CurveParamRegressor, or leave out pilot, interval and quantiles."
            )
        X = without_images(self, as_table(X))
        if pilot is not None:
            pilot = join_by_name(pilot, X, "pilot")
            check_pilot(pilot, None if X is None else len(X))
        features = None if X is None else features_of(self, X)
        relation = asked_relation(last, getattr(self, "about_", {}), metric)
        given = {"learner": learner, "relation": relation}
        known = {name: value for name, value in given.items() if value is not None}
        found = last.predict_distribution(features, pilot=pilot, **known)
        if pilot is not None:
            say_oddities(pilot, found)
        return found

    def predict_curve(
        self,
        X: Any,
        sizes: ArrayLike,
        *,
        pilot: Any = None,
        learner: Any = None,
        metric: str | None = None,
        quantiles: ArrayLike | None = None,
    ) -> NDArray[np.float64]:
        """Predict scores at training-set sizes.

        Parameters
        ----------
        X : image table of n_rows rows, labelled data set or its path, or None
            None: the population of the training curves is the prior.
        sizes : array-like of shape (n_sizes,), images
        pilot, learner, metric
            As in `predict_distribution`: measured points sharpen the prediction.
        quantiles : array-like of shape (n_quantiles,), optional
            Levels in (0, 1): quantiles of the score one would measure instead of the mean
            curve.

        Returns
        -------
        scores : ndarray of shape (n_rows, n_sizes) or (n_rows, n_sizes, n_quantiles), fractions

        Raises
        ------
        ValueError
            If a size is negative, a level lies outside (0, 1), or the pilot is not usable.
        """
        sizes = np.atleast_1d(np.asarray(sizes, dtype=float))
        if quantiles is not None:
            levels = check_levels(quantiles)
            believed = self.predict_distribution(X, pilot=pilot, learner=learner, metric=metric)
            return believed.curve_quantiles(sizes, levels)
        return sigmoid_curve(sizes, self._central(X, pilot, learner, metric))

    def required_size(
        self,
        X: Any,
        target_map: float | ArrayLike,
        *,
        pilot: Any = None,
        learner: Any = None,
        metric: str | None = None,
        certainty: float = 0.5,
        interval: float | None = None,
        unreachable: str = "inf",
    ) -> Any:
        """Predict how many training images a target score needs.

        The answer is the smallest number with which the true curve has reached the target with
        the certainty asked for, see `CurveDistribution.required_sizes`: of the answers with
        certainty 0.5 half suffice, of those with 0.8 four in five.

        Parameters
        ----------
        X : image table of n_rows rows, labelled data set or its path, or None
            None: the population of the training curves is the prior.
        target_map : float or array-like of shape (n_rows,)
            Target score, a fraction in (0, 1). Of one row, several may be asked.
        pilot, learner, metric
            As in `predict_distribution`: measured points sharpen the prediction.
        certainty : float, default=0.5
            Probability with which the size suffices, in (0, 1).
        interval : float, optional
            Coverage of the central interval asked for beside it, such as 0.9.
        unreachable : {"inf", "nan", "raise"}, default="inf"
            What stands for a target that is not reached with the certainty asked for.

        Returns
        -------
        sizes : ndarray of shape (n_rows,), or DataFrame with columns size, low and high
            Whole images, at least 1. With `interval` a DataFrame; `high` is inf where the
            target may be out of reach.

        Raises
        ------
        ValueError
            If a target, the certainty, the interval or `unreachable` is not usable, or a
            target is out of reach under ``"raise"``.
        """
        target, X = check_target(target_map), as_table(X)
        check_unreachable(unreachable)
        levels = [check_certainty(certainty)]
        levels += [] if interval is None else interval_levels(interval)
        distribution = self._believed(X, pilot, learner, metric, interval)
        target, distribution = match_targets(target, distribution)
        sizes, *ends = whole_images(distribution.required_sizes(target, levels)).T
        if unreachable == "raise":
            check_reached(X, target, distribution, sizes, certainty)
        sizes = np.where(np.isinf(sizes), np.nan if unreachable == "nan" else np.inf, sizes)
        if interval is None:
            return sizes
        columns = dict(zip(("size", "low", "high"), (sizes, *ends), strict=True))
        return pd.DataFrame(columns, index=X.index if isinstance(X, pd.DataFrame) else None)

    def reach_probability(
        self,
        X: Any,
        target_map: float | ArrayLike,
        *,
        pilot: Any = None,
        learner: Any = None,
        metric: str | None = None,
        size: float = np.inf,
    ) -> NDArray[np.float64]:
        """Give the probability that a target is reached, with `size` images or at all.

        Parameters
        ----------
        X, target_map, pilot, learner, metric
            As in `required_size`.
        size : float, default=inf
            Images.

        Returns
        -------
        probability : ndarray of shape (n_rows,)
        """
        distribution = self.predict_distribution(X, pilot=pilot, learner=learner, metric=metric)
        target, distribution = match_targets(check_target(target_map), distribution)
        return distribution.reach_probability(target, size)

    def _predicts_distributions(self) -> bool:
        return hasattr(self.steps[-1][1], "predict_distribution")

    def _believed(
        self, X: Any, pilot: Any, learner: Any, metric: str | None, interval: float | None
    ) -> CurveDistribution:
        """Predict a distribution; of a last step without any, take the curve as certain."""
        given = (pilot, learner, metric, interval)
        if self._predicts_distributions() or any(one is not None for one in given):
            return self.predict_distribution(X, pilot=pilot, learner=learner, metric=metric)
        points = np.asarray(self.predict(X))[:, None]  # type: ignore[attr-defined]
        return CurveDistribution(points, MeasurementNoise())

    def _central(self, X: Any, pilot: Any, learner: Any, metric: str | None) -> NDArray[np.float64]:
        if pilot is None and learner is None and metric is None:
            return self.predict(X)  # type: ignore[attr-defined]
        believed = self.predict_distribution(X, pilot=pilot, learner=learner, metric=metric)
        return believed.central_params()
