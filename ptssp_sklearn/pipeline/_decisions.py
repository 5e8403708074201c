"""What a pipeline advises: whom to compare with, what to measure next, how to move on."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ptssp_sklearn.curves.pilot import Pilot, read_pilot
from ptssp_sklearn.datasets.typical import as_table
from ptssp_sklearn.pipeline._forecasting import CurveForecastMixin
from ptssp_sklearn.pipeline.planning import CollectionPlan, Costs, finished_plan, plan_collection
from ptssp_sklearn.pipeline.validation import asked_metric, check_target, features_of, match_targets
from ptssp_sklearn.regression.adaptation import adapt_regressor


class CurveAdviceMixin(CurveForecastMixin):
    """Methods of a pipeline whose last step is a `CurveParamRegressor`."""

    @property
    def training_curves(self) -> pd.DataFrame:
        """The measured curves of the training datasets, a curve table."""
        return self._adviser().references_.curves

    def out_of_domain(self, X: Any) -> NDArray[np.float64]:
        """Tell how unlike the training datasets each row is.

        Parameters
        ----------
        X : image table of n_rows rows, labelled data set or its path

        Returns
        -------
        scores : ndarray of shape (n_rows,), in [0, 1]
            Share of the training datasets that are nearer to the others than the row is
            to them. Above 0.95 a row is out of domain, and the population of the
            training curves counts the more the further it is.
        """
        adviser = self._adviser()
        return adviser.out_of_domain(features_of(self, as_table(X)))

    def neighbours(self, X: Any, n: int = 5) -> pd.DataFrame:
        """Find the training datasets that look most like each row.

        Parameters
        ----------
        X : image table of n_rows rows, labelled data set or its path
        n : int, default=5
            Datasets a row; fewer where the model knows fewer.

        Returns
        -------
        neighbours : DataFrame
            Columns row (place in X), dataset (a row of `training_curves`), distance and
            weight, nearest first.
        """
        adviser = self._adviser()
        return adviser.neighbours(features_of(self, as_table(X)), n)

    def plan(
        self,
        X: Any,
        target_map: float | ArrayLike,
        *,
        pilot: Any = None,
        learner: Any = None,
        metric: str | None = None,
        cost: float = 1.0,
        fixed_cost: float = 0.0,
        penalty: float = 0.0,
        rounds: int = 3,
        probability: float = 0.9,
        max_size: float = 1e6,
    ) -> list[CollectionPlan]:
        """Propose what to label and measure next to reach a target at least cost.

        Parameters
        ----------
        X : image table of n_rows rows, labelled data set or its path, or None
            None: the population of the training curves is the prior.
        target_map : float or array-like of shape (n_rows,)
            A fraction in (0, 1). Of one row, several may be asked.
        pilot, learner, metric
            As in `predict_distribution`; the images of the largest point are labelled already.
        cost, fixed_cost, penalty : float
            Costs of an image, of a measurement, and of missing the target.
        rounds : int, default=3
            In which is labelled and measured at most.
        probability : float, default=0.9
            With which the target is to be reached.
        max_size : float, default=1e6
            Images that can be had at most.

        Returns
        -------
        plans : list of CollectionPlan, one a row

        Raises
        ------
        ValueError
            If target, pilot, costs, rounds or probability are not usable.
        """
        costs = Costs(cost, fixed_cost, penalty)
        believed = self.predict_distribution(X, pilot=pilot, learner=learner, metric=metric)
        targets, believed = match_targets(check_target(target_map), believed)
        points = None if pilot is None else read_pilot(pilot)
        asked = asked_metric(getattr(self, "about_", {}), metric)
        plans = []
        for row, target in enumerate(targets):
            labelled, reached = _labelled(points, row, target)
            if reached:
                plan = finished_plan(target, labelled, probability)
                plans.append(replace(plan, metric=asked))
                continue
            plan = plan_collection(
                believed.row(row),
                target,
                labelled=labelled,
                costs=costs,
                rounds=rounds,
                probability=probability,
                max_size=max_size,
            )
            plans.append(replace(plan, metric=asked))
        return plans

    def adapt(self, curves: Any) -> Any:
        """Give a pipeline moved to a new learner or metric; this one stays as it is.

        Parameters
        ----------
        curves : curve table of shape (n_curves, n_sizes)
            A handful of curves of the new learner. Those named as training datasets are
            compared with the curves of these, which says more.

        Returns
        -------
        pipeline : TrainingSizePipeline
            Fitted; population and image-conditioned predictions are moved alike.

        Raises
        ------
        ValueError
            If the table is not usable, or the last step was not fitted on curves.
        """
        moved, last = copy(self), adapt_regressor(self._adviser(), curves)
        moved.steps = [*self.steps[:-1], (self.steps[-1][0], last)]
        return moved

    def _adviser(self) -> Any:
        check_is_fitted(self)
        last = self.steps[-1][1]
        if not hasattr(last, "references_"):
            raise ValueError(
                f"Got the last step {type(last).__name__}, expected a CurveParamRegressor "
                "fitted on curves."
            )
        return last


def _labelled(points: Pilot | None, row: int, target: float) -> tuple[int, bool]:
    """Give the images labelled already, and whether the target is measured with them.

    What another learner reached counts as labelled, not as reached.
    """
    if points is None:
        return 0, False
    sizes, mine = points.sizes, points.scores[min(row, len(points) - 1)]
    known = np.isfinite(mine)
    own = np.array([name is None for name in points.learners])
    reached = known & own & (np.nan_to_num(mine) >= target)
    if reached.any():
        return int(np.ceil(sizes[reached].min())), True
    return int(np.ceil(sizes[known].max(initial=0.0))), False
