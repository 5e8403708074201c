"""What a pipeline says of a learning curve: its course, its band, and the required size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ptssp_sklearn.distribution import CurveDistribution
from ptssp_sklearn.errors import InputError
from ptssp_sklearn.levels import interval_levels
from ptssp_sklearn.noise import MeasurementNoise
from ptssp_sklearn.pilot import check_pilot
from ptssp_sklearn.sigmoid import sigmoid_curve, whole_images

UNREACHABLE = ("inf", "nan", "raise")
"""What may stand for a size that is out of reach."""


class CurveForecastMixin:
    """Methods of a pipeline whose last step predicts curves."""

    steps: Any

    def predict_distribution(self, X: Any, *, pilot: Any = None) -> CurveDistribution:
        """Predict a distribution over curves.

        Parameters
        ----------
        X : image table of n_rows rows, or None
            None: the population of the training curves is the prior of every row.
        pilot : curve table of n_rows rows, or list of (size, score) for one row, optional
            Measured points; a row of a table may be empty.

        Returns
        -------
        distribution : CurveDistribution

        Raises
        ------
        ValueError
            If the last step predicts no distributions, or the pilot is not usable.
        """
        check_is_fitted(self)
        last = self.steps[-1][1]
        if not self._predicts_distributions():
            raise ValueError(
                f"Got the last step {type(last).__name__}, which predicts no distribution. Use "
                "CurveParamRegressor, or leave out pilot, interval and quantiles."
            )
        if pilot is not None:
            check_pilot(pilot, None if X is None else len(X))
        features = None if X is None else self[:-1].transform(X)  # type: ignore[index]
        return last.predict_distribution(features, pilot=pilot)

    def predict_curve(
        self, X: Any, sizes: ArrayLike, *, pilot: Any = None, quantiles: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Predict scores at training-set sizes.

        Parameters
        ----------
        X : image table of n_rows rows, or None
            None: the population of the training curves is the prior.
        sizes : array-like of shape (n_sizes,), images
        pilot : curve table of n_rows rows, or list of (size, score) for one row, optional
            Measured points that sharpen the prediction.
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
            levels = _check_levels(quantiles)
            return self.predict_distribution(X, pilot=pilot).curve_quantiles(sizes, levels)
        return sigmoid_curve(sizes, self._central(X, pilot))

    def required_size(
        self,
        X: Any,
        target_map: float | ArrayLike,
        *,
        pilot: Any = None,
        interval: float | None = None,
        unreachable: str = "inf",
    ) -> Any:
        """Predict how many training images a target score needs.

        Of the curves the prediction holds possible, those that reach the target count: their
        median size is the answer. Where fewer than one in ten does, the target is out of
        reach; `reach_probability` says how many do.

        Parameters
        ----------
        X : image table of n_rows rows, or None
            None: the population of the training curves is the prior.
        target_map : float or array-like of shape (n_rows,)
            Target score, a fraction in (0, 1). Of one row, several may be asked.
        pilot : curve table of n_rows rows, or list of (size, score) for one row, optional
            Measured points that sharpen the prediction.
        interval : float, optional
            Coverage of the interval asked for, such as 0.9.
        unreachable : {"inf", "nan", "raise"}, default="inf"
            What stands for a target that is out of reach.

        Returns
        -------
        sizes : ndarray of shape (n_rows,), or DataFrame with columns size, low and high
            Images, rounded up; 0 where the target is reached from the start. With `interval` a
            DataFrame; `high` is inf where the target may be out of reach.

        Raises
        ------
        ValueError
            If a target, the interval or `unreachable` is not usable, or a target is out of
            reach under ``"raise"``.
        """
        target = check_target(target_map)
        check_unreachable(unreachable)
        levels = None if interval is None else interval_levels(interval)
        if levels is None and pilot is None and not self._predicts_distributions():
            points = np.asarray(self.predict(X))[:, None]  # type: ignore[attr-defined]
            distribution = CurveDistribution(points, MeasurementNoise())
        else:
            distribution = self.predict_distribution(X, pilot=pilot)
        target, distribution = match_targets(target, distribution)
        sizes = whole_images(distribution.typical_sizes(target))
        if unreachable == "raise":
            _check_reached(X, target, distribution, sizes)
        lost = np.nan if unreachable == "nan" else np.inf
        if levels is None:
            return np.where(np.isinf(sizes), lost, sizes)
        low, high = whole_images(distribution.size_quantiles(target, levels)).T
        middle = np.clip(sizes, low, high)
        columns = {"size": np.where(np.isinf(middle), lost, middle), "low": low, "high": high}
        return pd.DataFrame(columns, index=X.index if isinstance(X, pd.DataFrame) else None)

    def reach_probability(
        self,
        X: Any,
        target_map: float | ArrayLike,
        *,
        pilot: Any = None,
        size: float = np.inf,
    ) -> NDArray[np.float64]:
        """Give the probability that a target is reached at all, or with `size` images.

        Parameters
        ----------
        X, target_map, pilot
            As in `required_size`.
        size : float, default=inf
            Images.

        Returns
        -------
        probability : ndarray of shape (n_rows,)
        """
        distribution = self.predict_distribution(X, pilot=pilot)
        target, distribution = match_targets(check_target(target_map), distribution)
        return distribution.reach_probability(target, size)

    def _predicts_distributions(self) -> bool:
        return hasattr(self.steps[-1][1], "predict_distribution")

    def _central(self, X: Any, pilot: Any) -> NDArray[np.float64]:
        if pilot is None:
            return self.predict(X)  # type: ignore[attr-defined]
        return self.predict_distribution(X, pilot=pilot).central_params()


def match_targets(
    target: NDArray, distribution: CurveDistribution
) -> tuple[NDArray, CurveDistribution]:
    """Give one target a row; of a single row, several targets may be asked.

    Parameters
    ----------
    target : ndarray of shape (n_targets,) or (), fractions
    distribution : CurveDistribution of n_rows rows

    Returns
    -------
    target : ndarray of shape (n_rows,)
    distribution : CurveDistribution
        Of as many rows: a single one is repeated.

    Raises
    ------
    ValueError
        If there are neither one target nor as many as rows.
    """
    n_rows = len(distribution)
    if target.ndim > 1 or (target.ndim == 1 and n_rows not in (1, len(target))):
        raise ValueError(
            f"Got target_map of shape {target.shape} for {n_rows} rows, expected one target or "
            "one a row."
        )
    if target.ndim == 1 and n_rows == 1:
        return target, distribution.repeat(len(target))
    return np.broadcast_to(target, n_rows), distribution


def _check_levels(levels: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(levels, dtype=float)
    wrong = found[~((found > 0) & (found < 1))]
    if wrong.size:
        raise ValueError(f"Got the level {wrong.ravel()[0]:g}, expected a fraction in (0, 1).")
    return found


def _check_reached(
    X: Any, target: NDArray, distribution: CurveDistribution, sizes: NDArray
) -> None:
    lost = np.flatnonzero(np.isinf(sizes))
    if len(lost):
        row = lost[0]
        name = X.index[row] if isinstance(X, pd.DataFrame) else row
        chance = distribution.reach_probability(target)[row]
        raise ValueError(
            f"Got target_map={target[row]:g}, but curve {name!r} reaches it with a probability of "
            f"{chance:.0%}: its mean levels off at D={distribution.central_params()[row, 3]:.3f}. "
            "Lower the target or pass unreachable='inf'."
        )


def check_unreachable(choice: str) -> None:
    """Refuse what is none of `UNREACHABLE`."""
    if choice not in UNREACHABLE:
        raise ValueError(f"Got unreachable={choice!r}, expected 'inf', 'nan' or 'raise'.")


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
        value = f"{wrong.ravel()[0]:g}"
        message = f"Got target_map={value}, expected a score as a fraction in (0, 1).{hint}"
        raise InputError(message, "target", value=value)
    return target
