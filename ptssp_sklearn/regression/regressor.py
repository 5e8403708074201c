"""CurveParamRegressor: a vector of features -> A, B, C, D of the learning curve."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.sigmoid import to_unbounded
from ptssp_sklearn.regression._missing_patterns import find_regions, level_place
from ptssp_sklearn.regression._prediction import CurvePredictionMixin, find_domains
from ptssp_sklearn.regression._submodel import Expert
from ptssp_sklearn.regression._targets import (
    check_params,
    group_numbers,
    learn_population,
    points_behind,
)
from ptssp_sklearn.regression._training import ExpertSettings


class CurveParamRegressor(CurvePredictionMixin, RegressorMixin, BaseEstimator):
    """Predict the parameters of learning curves by an ensemble of small networks.

    The networks work in the unbounded coordinates logit A, log B, log C and
    logit((D - A) / (1 - A)), so that every answer keeps the bounds, and are trained by
    skorch on the distance of whole curves. Inputs are standardised and weighted by how
    much of the targets each explains alone, which keeps many weak features from drowning
    few strong ones. Each network sees its own bootstrap of the groups; the rows it did not
    see say how far the ensemble's answer is to be shrunk towards the mean, and how wide and
    how well calibrated its intervals are.

    NaN means that a feature does not exist. Rows that lack the same features get networks
    of their own, trained on all rows that have the others (pattern submodels [1]_), and so do
    rows at different levels of one feature, where one is named.

    `y` with other than four columns is regressed as it is, on a standardised scale.

    Parameters
    ----------
    n_networks : int, default=32
        Networks of an ensemble.
    n_hidden : int, default=32
        Hidden units of a network.
    n_steps : int, default=200
        Least number of training steps; whole epochs are trained.
    batch_size : int, default=64
        Rows a step.
    lr : float, default=3e-3
        Peak learning rate.
    weight_decay : float, default=1.0
    dropout : float, default=0.3
        Share of hidden units dropped in training.
    input_dropout : float, default=0.1
        Share of inputs dropped in training.
    level_feature : int, default=None
        Place of a feature, such as the number of images, whose values tell how certain the
        others are: each of up to four values that 20 rows share gets networks of its own, and
        other rows ask those of the nearest value.
    sizes : array-like of shape (n_sizes,), default=None
        Sizes at which curves are compared in training, images; by default 16 from 2 to 1024.
    device : str, default="auto"
        ``"auto"`` takes a GPU where there is one.
    random_state : int, RandomState or None, default=None
    verbose : int, default=0
        Passed on to skorch.

    Attributes
    ----------
    experts_ : list of Expert
        One ensemble a pattern of missing features and level, the most complete first; its
        ``net_`` is the skorch `NeuralNetRegressor`.
    population_ : Population
        Population of the training curves, the prior where there are no images.
    references_ : References
        Names and curves of the training datasets, and some of their rows.
    domains_ : list of Domain
        Where those rows lie in the space of each expert.
    seed_ : int
        Seed of the samples that stand for distributions.
    n_features_in_ : int
    n_outputs_ : int

    References
    ----------
    .. [1] Mercaldo, S. F., Blume, J. D. (2020). Missing data and prediction: the pattern
       submodel. Biostatistics, 21(2), 236-252.

    Examples
    --------
    >>> import numpy as np
    >>> from ptssp_sklearn import CurveParamRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(40, 3))
    >>> params = np.column_stack([np.full(40, 0.1), np.ones(40), np.exp(3 + X[:, 0]), np.ones(40)])
    >>> CurveParamRegressor(random_state=0).fit(X, params).predict(X[:2]).shape
    (2, 4)
    """

    _y_ndim = 2  # of a stored model, which is one of curves; `fit` replaces it

    def __init__(
        self,
        *,
        n_networks: int = 32,
        n_hidden: int = 32,
        n_steps: int = 200,
        batch_size: int = 64,
        lr: float = 3e-3,
        weight_decay: float = 1.0,
        dropout: float = 0.3,
        input_dropout: float = 0.1,
        level_feature: int | None = None,
        sizes: ArrayLike | None = None,
        device: str = "auto",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_networks = n_networks
        self.n_hidden = n_hidden
        self.n_steps = n_steps
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.level_feature = level_feature
        self.sizes = sizes
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, *, curves: Any = None, groups: Any = None) -> CurveParamRegressor:
        """Train the networks, and learn how curves lie about their predictions.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or None
            NaN where a feature does not exist. None: learn the population of curves only.
        y : array-like of shape (n_rows, 4)
            A, B, C, D. Rows with equal `y` count as draws of one dataset.
        curves : curve table of n_rows rows, optional
            The measured points behind `y`: with them, the distribution knows how noisy
            each point is and what of a curve was not measured.
        groups : array-like of shape (n_rows,), optional
            Rows of one group, such as the domains of one source, are held out together when
            the ensemble is shrunk and calibrated, so that its intervals hold for new
            groups. By default each dataset is a group.

        Raises
        ------
        ValueError
            If parameters lie outside their bounds; the row is named.
        """
        X, targets = self._check(X, y)
        seeds = check_random_state(self.random_state)
        self.seed_ = int(seeds.randint(2**31 - 1))
        numbers = group_numbers(targets, groups)
        settings = expert_settings(self.get_params(), of_curves=self._predicts_curves())
        table = samples = None
        if self._predicts_curves():
            params = check_params(targets)
            table = points_behind(params, curves, np.array(settings.sizes))
            self.population_, self.references_, samples = learn_population(
                X, params, table, measured=curves is not None, seed=self.seed_
            )
            targets = to_unbounded(params)
        place = level_place(self.level_feature, self.n_features_in_)
        regions = [] if X is None else find_regions(X, place)
        self.experts_ = [
            Expert(settings, region).fit(
                X,
                targets,
                groups=numbers,
                samples=samples,
                number=number,
                seed=int(seeds.randint(2**31 - 1)),
            )
            for number, region in enumerate(regions)
        ]
        if table is not None:
            self.domains_ = find_domains(self.references_, self.experts_)
        if table is not None and curves is not None:
            sizes, scores = table.columns.to_numpy(dtype=float), table.to_numpy()
            for expert in self.experts_:
                expert.calibrate(sizes, scores, self.population_, self.seed_)
        return self

    def predict(self, X: Any) -> Array:
        """Predict the parameters of every row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or None
            None asks for one curve, the population's.

        Returns
        -------
        params : ndarray of shape (n_rows, 4)
            A, B, C, D of the mean curve, always inside the bounds.
        """
        check_is_fitted(self)
        if self._predicts_curves():
            return self.predict_distribution(X).central_params()
        X = self._features(X)
        answer = np.empty((len(X), self.n_outputs_))
        for number, rows in self._groups(X):
            answer[rows] = self.experts_[number].predict(X[rows])
        return answer[:, 0] if self._y_ndim == 1 else answer

    def _check(self, X: Any, y: Any) -> tuple[Any, Array]:
        if X is None:
            self.n_features_in_ = 0
        else:
            checks = {"ensure_all_finite": "allow-nan", "multi_output": True, "y_numeric": True}
            X, y = validate_data(self, X, y, dtype=np.float64, **checks)
        targets = np.asarray(y, dtype=np.float64)
        if np.isnan(targets).any():
            raise ValueError("Input y contains NaN. Fit the curves with SigmoidCurveFitter first.")
        self._y_ndim = targets.ndim
        targets = targets.reshape(len(targets), -1)
        self.n_outputs_ = targets.shape[1]
        return X, targets

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True
        return tags


def expert_settings(params: dict[str, Any], *, of_curves: bool) -> ExpertSettings:
    """Give the settings of the ensembles of a regressor.

    Parameters
    ----------
    params : dict
        Parameters of the regressor.
    of_curves : bool
        Whether its targets are curves.
    """
    settings = {one.name: params[one.name] for one in fields(ExpertSettings)}
    asked = params["sizes"]
    sizes = np.geomspace(2, 1024, 16) if asked is None else np.asarray(asked, dtype=float)
    return ExpertSettings(**settings | {"sizes": tuple(sizes) if of_curves else None})
