"""Errors of predicted learning curves, NaN-aware."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

UNREACHED = 1e6
"""What a size that is never reached counts as, images."""


def curve_mae(measured: ArrayLike, predicted: ArrayLike) -> float:
    """Give the mean absolute error, averaged over the sizes of a curve, then over curves.

    Parameters
    ----------
    measured : array-like of shape (n_curves, n_sizes)
        Scores, fractions; NaN where not measured.
    predicted : array-like of shape (n_curves, n_sizes)

    Returns
    -------
    error : float, fraction

    Examples
    --------
    >>> import numpy as np
    >>> curve_mae([[0.2, np.nan], [0.4, 0.6]], [[0.3, 0.9], [0.4, 0.6]])
    0.05
    """
    errors = np.abs(np.asarray(predicted, dtype=float) - np.asarray(measured, dtype=float))
    return float(round(np.mean([np.mean(row[np.isfinite(row)]) for row in errors]), 12))


def curve_r2(measured: ArrayLike, predicted: ArrayLike, mean_curve: ArrayLike) -> float:
    """Give the share of the squared error of the mean curve that a prediction removes.

    Parameters
    ----------
    measured, predicted : array-like of shape (n_curves, n_sizes)
        Scores, fractions; NaN in `measured` where not measured.
    mean_curve : array-like of shape (n_sizes,) or (n_curves, n_sizes)
        Mean curve of the training datasets, by fold.

    Returns
    -------
    r2 : float
        1 is perfect, 0 is as good as the mean curve.
    """
    measured = np.asarray(measured, dtype=float)
    residual = np.nansum((measured - np.asarray(predicted, dtype=float)) ** 2)
    total = np.nansum((measured - np.asarray(mean_curve, dtype=float)) ** 2)
    return float(1.0 - residual / total)


def size_errors(true: ArrayLike, predicted: ArrayLike, *, unreached: float = UNREACHED) -> NDArray:
    """Give |log10| of the ratio of predicted and true sizes.

    Parameters
    ----------
    true, predicted : array-like of shape (n,)
        Sizes, images.
    unreached : float, default=1e6
        What an infinite prediction counts as, images.

    Returns
    -------
    errors : ndarray of shape (n,)
        0.301 is a factor of two.
    """
    predicted = np.clip(np.asarray(predicted, dtype=float), 1.0, unreached)
    return np.abs(np.log10(predicted) - np.log10(np.asarray(true, dtype=float)))


def reached_sizes(
    sizes: ArrayLike, scores: ArrayLike, shares: ArrayLike = (0.5, 0.75, 0.9)
) -> tuple[NDArray, NDArray]:
    """Give the sizes at which a measured curve reaches shares of its final score.

    Parameters
    ----------
    sizes : array-like of shape (n_sizes,), images
    scores : array-like of shape (n_sizes,), fractions, NaN where not measured
    shares : array-like of shape (n_shares,)
        Shares of the last score of the isotonic regression on log size.

    Returns
    -------
    targets : ndarray of shape (n_shares,), fractions
    reached : ndarray of shape (n_shares,)
        Images, interpolated on log size; NaN where the first score is above the target
        already.
    """
    from sklearn.isotonic import IsotonicRegression

    scores = np.asarray(scores, dtype=float)
    known = np.isfinite(scores)
    log_sizes = np.log(np.asarray(sizes, dtype=float)[known])
    rising = IsotonicRegression().fit_transform(log_sizes, scores[known])
    targets = np.asarray(shares, dtype=float) * rising[-1]
    reached = np.full(len(targets), np.nan)
    for i, target in enumerate(targets):
        above = int(np.argmax(rising >= target))
        if above > 0:
            low, high = rising[above - 1], rising[above]
            part = (target - low) / (high - low)
            step = log_sizes[above] - log_sizes[above - 1]
            reached[i] = np.exp(log_sizes[above - 1] + part * step)
    return targets, reached


def reached_tables(
    sizes: ArrayLike, curves: ArrayLike, shares: ArrayLike = (0.5, 0.75, 0.9)
) -> tuple[NDArray, NDArray]:
    """Give targets and sizes of `reached_sizes` for every row of a curve table.

    Parameters
    ----------
    sizes : array-like of shape (n_sizes,), images
    curves : array-like of shape (n_curves, n_sizes), fractions, NaN where not measured
    shares : array-like of shape (n_shares,)

    Returns
    -------
    targets : ndarray of shape (n_curves, n_shares), fractions
    reached : ndarray of shape (n_curves, n_shares), images
    """
    pairs = [reached_sizes(sizes, scores, shares) for scores in np.asarray(curves)]
    return np.array([targets for targets, _ in pairs]), np.array([reached for _, reached in pairs])
