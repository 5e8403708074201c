"""Fits with weights of the points, and fits that single outliers do not bend."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.sigmoid import sigmoid_curve as evaluate
from ptssp_sklearn.curves.variable_projection import fit_curves

LOSSES = ("squared", "huber")

_HUBER = 1.345
_PARTS = 16
_LITTLE = 1e-9
_NORMAL_MAD = 1.4826
_LEAST_NOISE = 1e-6
_ROUNDS, _STILL = 10, 1e-3


def fit_params(
    sizes: Array,
    scores: Array,
    *,
    errors: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    loss: str = "squared",
) -> tuple[Array, Array]:
    """Fit every row of a curve table, with weights or without, robustly or not.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,), images
    scores : ndarray of shape (n_curves, n_sizes), NaN where not measured
    errors, weights, loss
        As `fit_with_uncertainty` takes them.

    Returns
    -------
    params : ndarray of shape (n_curves, 4)
    weights : ndarray of shape (n_curves, n_sizes)
        Final weights of the points.

    Raises
    ------
    ValueError
        As `fit_with_uncertainty` raises it.

    References
    ----------
    .. [1] Huber, P. J. (1964). Robust estimation of a location parameter. Annals of
       Mathematical Statistics, 35(1).
    """
    given = _point_weights(scores, errors, weights)
    if loss not in LOSSES:
        raise ValueError(f"Got loss={loss!r}, expected {' or '.join(map(repr, LOSSES))}.")
    final = given
    params = fit_curves(sizes, scores, None if np.ptp(given) == 0 else given)
    if loss == "huber":
        params = _without_a_part(sizes, scores, given, params)
        params, final = _reweighted(sizes, scores, given, params)
    return params, final


def _point_weights(scores: Array, errors: ArrayLike | None, weights: ArrayLike | None) -> Array:
    if errors is not None and weights is not None:
        raise ValueError("Got errors and weights, expected one of them. Leave one out.")
    name, given = ("errors", errors) if errors is not None else ("weights", weights)
    if given is None:
        return np.ones_like(scores)
    values = np.broadcast_to(np.asarray(given, dtype=np.float64), scores.shape)
    known = np.isfinite(scores)
    if not (np.isfinite(values[known]).all() and (values[known] > 0).all()):
        raise ValueError(f"Got {name} with NaN, infinity or values <= 0, expected positive ones.")
    values = np.where(known, values, 1.0)
    return 1 / values**2 if errors is not None else values


def _without_a_part(sizes: Array, scores: Array, weights: Array, params: Array) -> Array:
    """Fit each curve without one part of its points, and keep what errs least absolutely.

    From the fit of all points an outlier that bent the curve is not seen any more.
    """
    best, least = params.copy(), _absolute_error(sizes, scores, weights, params)
    for part in np.array_split(np.argsort(sizes), min(len(sizes), _PARTS)):
        rows = np.flatnonzero(np.isfinite(scores[:, part]).any(axis=1))
        kept = weights[rows]
        kept[:, part] *= _LITTLE
        found = fit_curves(sizes, scores[rows], kept)
        error = _absolute_error(sizes, scores[rows], weights[rows], found)
        better = error < least[rows]
        best[rows[better]], least[rows[better]] = found[better], error[better]
    return best


def _reweighted(sizes: Array, scores: Array, weights: Array, params: Array) -> tuple[Array, Array]:
    """Fit with Huber's weights in turn with finding them, while they move."""
    params, final = params.copy(), weights.copy()
    rows = np.arange(len(scores))
    for _ in range(_ROUNDS):
        errors = (scores[rows] - evaluate(sizes, params[rows])) * np.sqrt(weights[rows])
        kept = weights[rows] * _huber_weights(errors)
        moved = (np.abs(kept - final[rows]) > _STILL * weights[rows]).any(axis=1)
        rows, kept = rows[moved], kept[moved]
        if len(rows) == 0:
            break
        final[rows] = kept
        params[rows] = fit_curves(sizes, scores[rows], kept)
    return params, final


def _absolute_error(sizes: Array, scores: Array, weights: Array, params: Array) -> Array:
    return np.nansum(np.abs(scores - evaluate(sizes, params)) * np.sqrt(weights), axis=1)


def _huber_weights(residuals: Array) -> Array:
    """Give weights that turn squared errors into Huber's, by a robust scale of each curve."""
    sizes = np.abs(residuals)
    scale = _NORMAL_MAD * np.nanmedian(sizes, axis=1, keepdims=True)
    limit = _HUBER * np.maximum(scale, _LEAST_NOISE)
    return np.where(sizes > limit, limit / np.maximum(sizes, _LEAST_NOISE), 1.0)
