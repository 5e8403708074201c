"""SigmoidCurveFitter: a curve table -> A, B, C, D, and back."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ptssp_sklearn.curves._robust import LOSSES, fit_params
from ptssp_sklearn.curves._uncertainty import CurveFits, fit_with_uncertainty
from ptssp_sklearn.curves.sigmoid import PARAM_NAMES, sigmoid_curve
from ptssp_sklearn.curves.table import check_curve_table, table_sizes


class SigmoidCurveFitter(TransformerMixin, BaseEstimator):
    """Fit the four-parameter logistic to every row of a curve table.

    Each curve gets the bounded least-squares answer of

    ``score(n) = D + (A - D) / (1 + (n / C)**B)``, 0 <= A <= D <= 1, B > 0, C > 0.

    A curve of any shape and of any number of points has one: a falling or constant curve
    becomes a flat one at its mean, and where one to three points leave a choice, an exact
    answer near to B = 1 and C = the middle of its sizes is taken.

    Parameters
    ----------
    sizes : array-like of shape (n_sizes,), default=None
        Training-set sizes of the columns, images. By default the column names of a
        DataFrame; an array without sizes is taken as measured at 1, 2, … images, with a
        warning, and its scores are not checked to be fractions.
    loss : {"squared", "huber"}, default="squared"
        ``"huber"`` keeps single wrong measurements from bending a curve.

    Attributes
    ----------
    sizes_ : ndarray of shape (n_sizes,)
        Sizes of the columns, images.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_sizes,)
        Column names seen in `fit`, where all are strings.

    References
    ----------
    .. [1] Golub, G., Pereyra, V. (2003). Separable nonlinear least squares: the variable
       projection method and its applications. Inverse Problems, 19(2).

    Examples
    --------
    >>> import pandas as pd
    >>> from ptssp_sklearn import SigmoidCurveFitter
    >>> table = pd.DataFrame([[0.12, 0.31, 0.49, 0.59]], columns=[10, 40, 160, 640])
    >>> fitter = SigmoidCurveFitter().fit(table)
    >>> params = fitter.transform(table)
    >>> fitter.inverse_transform(params).round(2)
    array([[0.12, 0.31, 0.49, 0.59]])
    """

    def __init__(self, sizes: ArrayLike | None = None, *, loss: str = "squared") -> None:
        self.sizes = sizes
        self.loss = loss

    def fit(self, X: Any, y: Any = None) -> SigmoidCurveFitter:
        """Learn the sizes of the columns.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_curves, n_sizes)
            Scores, fractions in [0, 1]; NaN where not measured.
        y : None
            Ignored.

        Raises
        ------
        ValueError
            If the table or its sizes are not usable; the row or column is named.
        """
        if self.loss not in LOSSES:
            raise ValueError(f"Got loss={self.loss!r}, expected {' or '.join(map(repr, LOSSES))}.")
        values = self._validate(X, reset=True)
        sizes = table_sizes(X) if self.sizes is None else np.asarray(self.sizes, dtype=float)
        self._anonymous = sizes is None
        if sizes is None:
            warnings.warn(
                "Got an array without sizes: column j is taken as measured at j + 1 images. "
                "Pass sizes=… or a DataFrame whose columns are sizes.",
                stacklevel=2,
            )
            sizes = np.arange(1.0, values.shape[1] + 1)
        self.sizes_ = sizes
        self._scores(X, values)
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        """Fit A, B, C, D to every row.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_curves, n_sizes)

        Returns
        -------
        params : ndarray of shape (n_curves, 4)
            A, B, C, D, inside `PARAM_BOUNDS`.
        """
        check_is_fitted(self)
        scores = self._scores(X, self._validate(X, reset=False))
        return fit_params(self.sizes_, scores, loss=self.loss)[0]

    def fit_details(
        self, X: Any, *, errors: ArrayLike | None = None, weights: ArrayLike | None = None
    ) -> CurveFits:
        """Fit A, B, C, D to every row, and tell how sure they are.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_curves, n_sizes)
        errors : array-like that broadcasts to X, optional
            Standard errors of the scores.
        weights : array-like that broadcasts to X, optional
            Weights of the squared errors; not together with `errors`.

        Returns
        -------
        fits : CurveFits
            With covariance, residual standard deviation, bounds that are active, and bands
            of the curve and of its required size.

        Examples
        --------
        >>> import pandas as pd
        >>> sizes = [4, 8, 16, 32, 64, 128]
        >>> table = pd.DataFrame([[0.1, 0.2, 0.35, 0.5, 0.6, 0.64]], columns=sizes)
        >>> fits = SigmoidCurveFitter().fit(table).fit_details(table)
        >>> low, high = fits.band([32])
        >>> bool(low[0, 0] < 0.5 < high[0, 0])
        True
        """
        check_is_fitted(self)
        scores = self._scores(X, self._validate(X, reset=False))
        return fit_with_uncertainty(
            self.sizes_, scores, errors=errors, weights=weights, loss=self.loss
        )

    def inverse_transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Evaluate the curves of `X` at the sizes seen in `fit`.

        Parameters
        ----------
        X : array-like of shape (n_curves, 4)
            A, B, C, D.

        Returns
        -------
        scores : ndarray of shape (n_curves, n_sizes)
        """
        check_is_fitted(self)
        return sigmoid_curve(self.sizes_, np.asarray(X, dtype=np.float64))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Give the parameter names A, B, C, D."""
        check_is_fitted(self)
        return np.array(PARAM_NAMES, dtype=object)

    def _validate(self, X: Any, *, reset: bool) -> NDArray[np.float64]:
        return validate_data(
            self,
            X,
            reset=reset,
            dtype=np.float64,
            ensure_all_finite="allow-nan",
            ensure_min_features=1,
        )

    def _scores(self, X: Any, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Check the scores as a curve table; only those of an array without sizes are clipped."""
        if self._anonymous:
            values = np.clip(values, 0.0, 1.0)
        index = X.index if isinstance(X, pd.DataFrame) else None
        order = np.argsort(np.argsort(self.sizes_))
        table = check_curve_table(pd.DataFrame(values, index=index), sizes=self.sizes_)
        return table.to_numpy()[:, order]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
