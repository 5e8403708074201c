"""What a fitted regressor says of rows: distributions, how strange they are, what is alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.bayes.hierarchy.points import MetricRelation
from ptssp_sklearn.bayes.population import Population
from ptssp_sklearn.bayes.posterior import N_SAMPLES, CurvePrior
from ptssp_sklearn.bayes.quantile_levels import LEVELS, LevelMap
from ptssp_sklearn.curves.pilot import Pilot, read_pilot
from ptssp_sklearn.curves.sigmoid import PARAM_NAMES
from ptssp_sklearn.regression._missing_patterns import choose_region
from ptssp_sklearn.regression._submodel import Expert
from ptssp_sklearn.regression.novelty import Domain, References


class CurvePredictionMixin:
    """Methods of a fitted regressor of curves."""

    experts_: list[Expert]
    domains_: list[Domain]
    population_: Population
    references_: References
    seed_: int
    n_outputs_: int
    _y_ndim: int

    def predict_distribution(
        self,
        X: Any,
        *,
        pilot: Any = None,
        learner: Any = None,
        relation: MetricRelation | None = None,
        n_samples: int = N_SAMPLES,
    ) -> CurveDistribution:
        """Predict a distribution over the curve of every row.

        Rows that are out of domain are believed to be like the population, the more the
        further they are; see `out_of_domain`.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or None
            None: the population of the training curves is the prior of every row.
        pilot : curve table of n_rows rows, or list of (size, score) for one row, optional
            Measured points, the evidence; a standard error may follow a score.
        learner : None
            This model knows curves of one learner.
        relation : MetricRelation, optional
            Where pilot and answer are of mAP50, and this model knows mAP50-95.
        n_samples : int, default=1000
            Curves that stand for the distribution.

        Returns
        -------
        distribution : CurveDistribution of n_rows rows

        Raises
        ------
        ValueError
            If the regressor was fitted to other targets than curves, the pilot is not usable,
            or a learner is named.
        """
        self._check_curves()
        measured = None if pilot is None else read_pilot(pilot)
        _check_one_learner(learner, measured)
        beside: dict[str, Any] = {
            "relation": relation,
            "errors": None if measured is None else measured.errors,
        }
        if X is None:
            n_rows = 1 if measured is None else len(measured)
            prior = replace(self.population_.prior(n_rows, seed=self.seed_), **beside)
            shown = () if measured is None else (measured.sizes, measured.scores)
            return prior.distribution(*shown, n_samples=n_samples)
        X = self._features(X)
        if measured is not None:
            read_pilot(measured, len(X))
        params = np.empty((len(X), n_samples, len(PARAM_NAMES)))
        levels = np.empty((2, len(X), len(LEVELS)))
        for prior, rows in self._priors(X):
            mine = () if measured is None else (measured.sizes, measured.scores[rows])
            found = replace(prior, **beside).distribution(*mine, n_samples=n_samples)
            params[rows] = found.params
            levels[0, rows], levels[1, rows] = found.level_map.curve, found.level_map.size
        return CurveDistribution(params, self.population_.noise, self.seed_, LevelMap(*levels))

    def out_of_domain(self, X: Any) -> Array:
        """Tell how unlike the training datasets each row is.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)

        Returns
        -------
        scores : ndarray of shape (n_rows,), in [0, 1]
            Share of the training datasets that are nearer to the others than the row is
            to them, by the mean distance to the five nearest in standardised features
            weighted by relevance. Above 0.95 a row is out of domain.
        """
        self._check_curves()
        X = self._features(X)
        scores = np.empty(len(X))
        for number, rows in self._groups(X):
            points = self.experts_[number].transform(X[rows])
            scores[rows] = self.domains_[number].novelty_score(points)
        return scores

    def neighbours(self, X: Any, n: int = 5) -> pd.DataFrame:
        """Find the training datasets that look most like each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        n : int, default=5
            Datasets a row; fewer where the model knows fewer.

        Returns
        -------
        neighbours : DataFrame
            Columns row (place in X), dataset, distance and weight, nearest first; the
            weights of a row sum to 1.
        """
        self._check_curves()
        if n < 1:
            raise ValueError(f"Got n={n}, expected at least one neighbour.")
        X = self._features(X)
        names, parts = self.references_.curves.index, []
        for number, rows in self._groups(X):
            points = self.experts_[number].transform(X[rows])
            parts.append(self.domains_[number].neighbours(points, n, names, rows))
        return pd.concat(parts).sort_values("row", kind="stable", ignore_index=True)

    @property
    def looks_at_images(self) -> bool:
        """Whether it was fitted on rows of features."""
        return bool(self.experts_)

    def _predicts_curves(self) -> bool:
        return self._y_ndim == 2 and self.n_outputs_ == len(PARAM_NAMES)

    def _check_curves(self) -> None:
        check_is_fitted(self)
        if not self._predicts_curves():
            raise ValueError(
                "Got a regressor that was fitted to other targets than A, B, C, D, expected one of "
                "curves. Fit y from SigmoidCurveFitter; measured points are passed as curves=…"
            )

    def _features(self, X: Any) -> Array:
        return validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)

    def _groups(self, X: Array) -> Iterator[tuple[int, NDArray[np.intp]]]:
        """Give the expert that answers, and the rows it answers for."""
        if not self.experts_:
            raise ValueError("Got rows, but this model was fitted without any: pass X=None.")
        chosen = choose_region(X, [expert.region for expert in self.experts_])
        for number in np.unique(chosen):
            yield int(number), np.flatnonzero(chosen == number)

    def _priors(self, X: Array) -> Iterator[tuple[CurvePrior, NDArray[np.intp]]]:
        """Give the prior of rows in the domain, then that of those outside, and the rows."""
        for number, rows in self._groups(X):
            expert, domain = self.experts_[number], self.domains_[number]
            share = domain.population_share(expert.transform(X[rows]))
            inside, outside = share == 0, share > 0
            if inside.any():
                yield expert.prior(X[rows[inside]], self.population_, self.seed_), rows[inside]
            if outside.any():
                strange, share = rows[outside], share[outside]
                yield expert.prior(X[strange], self.population_, self.seed_, share), strange


def _check_one_learner(learner: Any, pilot: Pilot | None) -> None:
    named = learner
    if named is None and pilot is not None:
        named = next((name for name in pilot.learners if name is not None), None)
    if named is not None:
        raise ValueError(
            f"Got the learner {named!r:.60}, but this model knows the curves of one learner only. "
            "Leave it out, or ask a model of several such as 'detectors'."
        )


def find_domains(known: References, experts: list[Expert]) -> list[Domain]:
    """Place the remembered training rows in the space of each expert."""
    features, domains = known.features.astype(np.float64), []
    for expert in experts:
        rows = expert.region.holds(features)
        domains.append(Domain(expert.transform(features[rows]), known.dataset[rows]))
    return domains
