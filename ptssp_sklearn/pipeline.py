"""TrainingSizePipeline: images in; learning curves and required training-set sizes out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from ptssp_sklearn.curves import check_curve_table, table_sizes
from ptssp_sklearn.embedding import ImageEmbedder
from ptssp_sklearn.fitting import SigmoidCurveFitter
from ptssp_sklearn.metrics import curve_mae
from ptssp_sklearn.regression import CurveParamRegressor
from ptssp_sklearn.sigmoid import PARAM_NAMES, inverse_sigmoid_curve, sigmoid_curve, whole_images

SCORING_SIZES = tuple(float(2**k) for k in range(1, 11))
"""Sizes at which curves are compared where the truth is given as parameters, images."""

_UNREACHABLE = ("inf", "nan", "raise")


class TrainingSizePipeline(Pipeline):
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
            Passed on to `Pipeline.fit`.
        """
        return super().fit(X, self._parameters(X, y), **params)

    def predict_curve(self, X: Any, sizes: ArrayLike) -> NDArray[np.float64]:
        """Predict scores at training-set sizes.

        Parameters
        ----------
        X : image table of n_rows rows
        sizes : array-like of shape (n_sizes,), images

        Returns
        -------
        scores : ndarray of shape (n_rows, n_sizes), fractions
        """
        return sigmoid_curve(np.atleast_1d(np.asarray(sizes, dtype=float)), self.predict(X))

    def required_size(
        self, X: Any, target_map: float | ArrayLike, *, unreachable: str = "inf"
    ) -> NDArray[np.float64]:
        """Predict how many training images a target score needs.

        Parameters
        ----------
        X : image table of n_rows rows
        target_map : float or array-like of shape (n_rows,)
            Target score, a fraction in (0, 1).
        unreachable : {"inf", "nan", "raise"}, default="inf"
            What stands for a target at or above the plateau D of a predicted curve.

        Returns
        -------
        sizes : ndarray of shape (n_rows,)
            Images, rounded up; 0 where the target is at or below A.

        Raises
        ------
        ValueError
            If a target lies outside (0, 1), or is out of reach under ``"raise"``.
        """
        target = check_target(target_map)
        if unreachable not in _UNREACHABLE:
            raise ValueError(f"Got unreachable={unreachable!r}, expected 'inf', 'nan' or 'raise'.")
        params = self.predict(X)
        target = np.broadcast_to(target, len(params))
        sizes = whole_images(inverse_sigmoid_curve(target[:, None], params)[:, 0])
        lost = np.flatnonzero(np.isinf(sizes))
        if unreachable == "raise" and len(lost):
            row = lost[0]
            name = X.index[row] if isinstance(X, pd.DataFrame) else row
            raise ValueError(
                f"Got target_map={target[row]:g}, but curve {name!r} levels off at "
                f"D={params[row, 3]:.3f}. Lower the target or pass unreachable='inf'."
            )
        return np.where(np.isinf(sizes), np.nan, sizes) if unreachable == "nan" else sizes

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
        """
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

    def _parameters(self, X: Any, y: Any) -> Any:
        if y is None:
            raise ValueError(
                "Got y=None, expected a curve table or parameters A, B, C, D: this pipeline "
                "requires y to be passed, but the target y is None."
            )
        if len(y) != len(X):
            raise ValueError(f"Got {len(X)} rows in X and {len(y)} curves in y, expected as many.")
        if self._is_parameters(y):
            return np.asarray(y, dtype=float)
        fitter = SigmoidCurveFitter() if self.curve_fitter is None else clone(self.curve_fitter)
        table = check_curve_table(y, sizes=self._fitter_sizes())
        self.curve_fitter_ = fitter.set_params(sizes=None).fit(table)
        return self.curve_fitter_.transform(table)

    def _fitter_sizes(self) -> Any:
        return None if self.curve_fitter is None else self.curve_fitter.sizes

    def _is_parameters(self, y: Any) -> bool:
        """Tell parameters from a curve table: four columns without sizes of their own."""
        if isinstance(y, pd.DataFrame) and tuple(map(str, y.columns)) == PARAM_NAMES:
            return True
        has_sizes = table_sizes(y) is not None or self._fitter_sizes() is not None
        return np.ndim(y) == 2 and np.shape(y)[1] == len(PARAM_NAMES) and not has_sizes


def check_target(target_map: float | ArrayLike) -> NDArray[np.float64]:
    """Check a target score.

    Raises
    ------
    ValueError
        If a target is not a fraction in (0, 1).
    """
    target = np.asarray(target_map, dtype=float)
    wrong = target[~((target > 0) & (target < 1))]
    if wrong.size:
        hint = " Divide percentages by 100." if np.any(wrong >= 1) else ""
        raise ValueError(
            f"Got target_map={wrong.ravel()[0]:g}, expected a score as a fraction in (0, 1).{hint}"
        )
    return target


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
    return TrainingSizePipeline(
        [
            ("embed", ImageEmbedder(backbone, missing="nan", n_jobs=n_jobs)),
            ("regress", CurveParamRegressor(random_state=random_state, **regressor_params)),
        ],
        curve_fitter=curve_fitter,
    )
