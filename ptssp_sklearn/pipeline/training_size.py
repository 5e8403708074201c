"""TrainingSizePipeline: images in; learning curves and required training-set sizes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from ptssp_sklearn.curves.fitter import SigmoidCurveFitter
from ptssp_sklearn.curves.metrics import curve_mae
from ptssp_sklearn.curves.sigmoid import PARAM_NAMES, sigmoid_curve
from ptssp_sklearn.curves.table import check_curve_table, join_by_name, table_sizes
from ptssp_sklearn.datasets.typical import as_table
from ptssp_sklearn.embedding.embedder import COUNT_PLACE, ImageEmbedder
from ptssp_sklearn.pipeline._decisions import CurveAdviceMixin
from ptssp_sklearn.pipeline.validation import refuse_weights, without_images
from ptssp_sklearn.regression.hierarchical.learner_regressor import LearnerCurveRegressor

if TYPE_CHECKING:
    from ptssp_sklearn.regression.regressor import CurveParamRegressor

SCORING_SIZES = tuple(float(2**k) for k in range(1, 11))
"""Sizes at which curves are compared where the truth is given as parameters, images."""


class TrainingSizePipeline(CurveAdviceMixin, Pipeline):
    """A scikit-learn `Pipeline` that predicts learning curves.

    `y` is a curve table: the pipeline fits its `curve_fitter` on it and its steps on the
    parameters. Cross-validation, grid search, cloning, pickling and slicing work as for
    any Pipeline.

    Parameters
    ----------
    steps : list of (name, estimator)
        Transformers of the images, then a regressor of A, B, C, D.
    curve_fitter : SigmoidCurveFitter, default=None
        Turns the curve table into parameters; by default `SigmoidCurveFitter()`.
    transform_input, memory, verbose
        As in `sklearn.pipeline.Pipeline`.

    Attributes
    ----------
    curve_fitter_ : SigmoidCurveFitter
        The fitted curve fitter; missing where `y` were parameters.

    Examples
    --------
    >>> from ptssp_sklearn import load_curve_bank, make_training_size_pipeline
    >>> bank = load_curve_bank("procedural")
    >>> pipe = make_training_size_pipeline(n_steps=5, random_state=0)
    >>> pipe = pipe.fit(bank.X.iloc[:8, :2], bank.y.iloc[:8])
    >>> pipe.predict_curve(bank.X.iloc[8:10, :2], [10, 100, 1000]).shape
    (2, 3)
    """

    def __init__(
        self,
        steps: list[tuple[str, Any]],
        *,
        curve_fitter: SigmoidCurveFitter | None = None,
        transform_input: list[str] | None = None,
        memory: Any = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(steps, transform_input=transform_input, memory=memory, verbose=verbose)
        self.curve_fitter = curve_fitter

    def fit(self, X: Any, y: Any = None, **params: Any) -> TrainingSizePipeline:
        """Fit the curves of `y`, then the steps on their parameters.

        Parameters
        ----------
        X : image table of n_rows rows
        y : curve table of shape (n_rows, n_sizes), or parameters of shape (n_rows, 4)
            Scores as fractions, NaN where not measured.
        **params
            Passed on to the steps, as ``regress__groups=…`` or, to the last one, ``groups=…``.
        """
        refuse_weights(params)
        y, table = self._parameters(X, join_by_name(y, X))
        name, last = self.steps[-1]
        params = {
            f"{name}__{key}" if "__" not in key and has_fit_parameter(last, key) else key: value
            for key, value in params.items()
        }
        if table is not None and has_fit_parameter(last, "curves"):
            params = {f"{name}__curves": table} | params
        if X is None:
            own = {key.removeprefix(f"{name}__"): value for key, value in params.items()}
            last.fit(None, y, **own)
            return self
        with config_context(transform_output="default", enable_metadata_routing=False):
            return super().fit(X, y, **params)

    def predict(self, X: Any, **params: Any) -> NDArray[np.float64]:
        """Predict A, B, C, D.

        Parameters
        ----------
        X : image table of n_rows rows, labelled data set or its path, or None
            None asks for one curve, the population's.
        **params
            Passed on to `Pipeline.predict`.

        Returns
        -------
        params : ndarray of shape (n_rows, 4)
        """
        X = without_images(self, as_table(X))
        if X is None:
            return self.steps[-1][1].predict(None)
        with config_context(transform_output="default"):
            return super().predict(X, **params)

    def score(self, X: Any, y: Any = None, **params: Any) -> float:
        """Give the negative mean absolute error of the predicted curves.

        Parameters
        ----------
        X : image table of n_rows rows
        y : curve table of shape (n_rows, n_sizes), or parameters of shape (n_rows, 4)

        Returns
        -------
        score : float
            0 is perfect; NaN in `y` is left out.

        Notes
        -----
        This is what ``scoring=None`` of cross-validation asks for. Scorers of scikit-learn, such
        as ``scoring="r2"``, compare `y` with `predict`, which gives A, B, C, D: they make sense
        where `y` holds parameters, and fail where it is a curve table.
        """
        refuse_weights(params)
        y = join_by_name(y, X)
        if self._is_parameters(y):
            sizes = np.array(SCORING_SIZES)
            return -curve_mae(
                sigmoid_curve(sizes, np.asarray(y, float)), self.predict_curve(X, sizes)
            )
        table = check_curve_table(y, sizes=self._fitter_sizes())
        return -curve_mae(table, self.predict_curve(X, table.columns))

    def __getitem__(self, ind: Any) -> Any:
        part = super().__getitem__(ind)
        if isinstance(part, TrainingSizePipeline):
            part.curve_fitter = self.curve_fitter
        return part

    def _parameters(self, X: Any, y: Any) -> tuple[NDArray[np.float64], pd.DataFrame | None]:
        """Give the parameters of `y`, and its curve table where it is one."""
        if y is None:
            raise ValueError(
                "Got y=None, expected a curve table or parameters A, B, C, D: this pipeline "
                "requires y to be passed, but the target y is None."
            )
        if X is not None and len(y) != len(X):
            raise ValueError(f"Got {len(X)} rows in X and {len(y)} curves in y, expected as many.")
        if self._is_parameters(y):
            return np.asarray(y, dtype=float), None
        fitter = SigmoidCurveFitter() if self.curve_fitter is None else clone(self.curve_fitter)
        table = check_curve_table(y, sizes=self._fitter_sizes())
        self.curve_fitter_ = fitter.set_params(sizes=None).fit(table)
        params = self.curve_fitter_.transform(table)
        if isinstance(X, pd.DataFrame) and isinstance(table.index, pd.RangeIndex):
            table = table.set_axis(X.index)
        return params, table

    def _fitter_sizes(self) -> Any:
        return None if self.curve_fitter is None else self.curve_fitter.sizes

    def _is_parameters(self, y: Any) -> bool:
        """Tell parameters from a curve table: four columns without sizes of their own."""
        if isinstance(y, pd.DataFrame) and tuple(map(str, y.columns)) == PARAM_NAMES:
            return True
        has_sizes = table_sizes(y) is not None or self._fitter_sizes() is not None
        return np.ndim(y) == 2 and np.shape(y)[1] == len(PARAM_NAMES) and not has_sizes


def pipeline_of_vectors(
    regressor: CurveParamRegressor | LearnerCurveRegressor,
) -> TrainingSizePipeline:
    """Build a pipeline around a regressor that is asked with vectors, or with ``X=None``.

    Parameters
    ----------
    regressor : CurveParamRegressor or LearnerCurveRegressor
        Fitted or not.

    Returns
    -------
    pipeline : TrainingSizePipeline
        With the steps of `make_training_size_pipeline`; ``embed`` passes its input through.
    """
    return TrainingSizePipeline([("embed", "passthrough"), ("regress", regressor)])


def make_training_size_pipeline(
    backbone: str = "statistics",
    *,
    curve_fitter: SigmoidCurveFitter | None = None,
    random_state: int | None = 0,
    n_jobs: int | None = None,
    **regressor_params: Any,
) -> TrainingSizePipeline:
    """Build the default pipeline: `ImageEmbedder`, then `CurveParamRegressor`.

    Parameters
    ----------
    backbone : str, default="statistics"
        Feature extractor of the embedder.
    curve_fitter : SigmoidCurveFitter, default=None
    random_state : int, default=0
        Seed of the regressor.
    n_jobs : int, default=None
        Processes of the embedder.
    **regressor_params
        Further parameters of `CurveParamRegressor`.

    Returns
    -------
    pipeline : TrainingSizePipeline
        With the steps ``embed`` and ``regress``.
    """
    from ptssp_sklearn.regression.regressor import CurveParamRegressor

    settings = {"random_state": random_state, "level_feature": COUNT_PLACE} | regressor_params
    return TrainingSizePipeline(
        [
            ("embed", ImageEmbedder(backbone, missing="nan", n_jobs=n_jobs)),
            ("regress", CurveParamRegressor(**settings)),
        ],
        curve_fitter=curve_fitter,
    )
