"""What measured points say about a fitted curve: covariance, noise, bands, required sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from scipy.stats import t as student

from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves._robust import fit_params
from ptssp_sklearn.curves.sigmoid import PARAM_BOUNDS, PARAM_NAMES, from_unbounded, to_unbounded
from ptssp_sklearn.curves.sigmoid import sigmoid_curve as evaluate

_WIDEST = 10.0
_NARROWEST = 1e-5
_USUAL_NOISE = 0.03
_LEAST_NOISE = 1e-6
_AT_BOUND = 1e-9
_MANY = 1e6
_DENSE = 400


@dataclass(frozen=True)
class CurveFits:
    """Fitted curves and how sure they are.

    Attributes
    ----------
    params : ndarray of shape (n_curves, 4)
        A, B, C, D.
    covariance : ndarray of shape (n_curves, 4, 4)
        Covariance of the unbounded coordinates logit A, log B, log C and
        logit((D - A) / (1 - A)), which `to_unbounded` gives. A coordinate that the points do
        not determine has a standard deviation of 10, the widest that is told.
    residual_std : ndarray of shape (n_curves,)
        Standard deviation of a point of weight 1 about the curve, score; where standard
        errors were given, in units of them. NaN for curves of fewer than five points.
    at_bound : ndarray of bool of shape (n_curves, 4)
        Which parameters lie on a bound; A and D also where they are equal.
    degrees : ndarray of shape (n_curves,)
        Degrees of freedom of the noise; infinite where standard errors were given.
    sizes : ndarray of shape (n_sizes,), images
    weights : ndarray of shape (n_curves, n_sizes)
        Final weights of the points, those of outliers reduced by the robust loss.
    """

    params: Array
    covariance: Array
    residual_std: Array
    at_bound: NDArray[np.bool_]
    degrees: Array
    sizes: Array
    weights: Array

    def band(self, sizes: ArrayLike, level: float = 0.9) -> tuple[Array, Array]:
        """Give the low and high end of each curve at some sizes.

        The variance of the coordinates is carried over to the curve to first order [1]_;
        the quantile is Student's. Where a bound is active, the band tells too little on
        that side.

        Parameters
        ----------
        sizes : array-like of shape (n,), images
        level : float
            Probability that the true score at a size lies between the ends.

        Returns
        -------
        low, high : ndarray of shape (n_curves, n), fractions in [0, 1]

        References
        ----------
        .. [1] Seber, G. A. F., Wild, C. J. (1989). Nonlinear Regression. Wiley, ch. 5.
        """
        sizes = np.atleast_1d(np.asarray(sizes, dtype=np.float64))
        slopes = coordinate_jacobian(sizes, self.params)
        variance = np.einsum("nsi,nij,nsj->ns", slopes, self.covariance, slopes)
        reach = student.ppf((1 + level) / 2, self.degrees)[:, None] * np.sqrt(variance)
        centre = evaluate(sizes, self.params)
        return np.clip(centre - reach, 0.0, 1.0), np.clip(centre + reach, 0.0, 1.0)

    def required_size(self, score: float, level: float = 0.9) -> Array:
        """Give the sizes between which each curve reaches a score.

        The ends are where the high and the low end of the band first reach it, between a
        hundredth of the smallest size and a million times the largest.

        Returns
        -------
        sizes : ndarray of shape (n_curves, 2), images
            Infinite where an end of the band never reaches the score.
        """
        low, high = np.log(self.sizes.min() / 100), np.log(self.sizes.max() * _MANY)
        sizes = np.exp(np.linspace(low, high, _DENSE))
        ends = self.band(sizes, level)[::-1]
        return np.stack([_first_reach(sizes, end, score) for end in ends], axis=-1)


def fit_with_uncertainty(
    sizes: ArrayLike,
    scores: ArrayLike,
    *,
    errors: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    loss: str = "squared",
) -> CurveFits:
    """Fit every row of a curve table and tell how sure the fits are.

    Parameters
    ----------
    sizes : array-like of shape (n_sizes,), images
        A size may stand more than once: repeated measurements.
    scores : array-like of shape (n_curves, n_sizes), NaN where not measured
    errors : array-like that broadcasts to scores, optional
        Standard errors of the scores, taken as known.
    weights : array-like that broadcasts to scores, optional
        Weights of the squared errors, such as the number of repeats behind a mean.
    loss : {"squared", "huber"}
        ``"huber"`` counts errors beyond 1.345 robust standard deviations linearly [1]_.

    Returns
    -------
    fits : CurveFits

    Raises
    ------
    ValueError
        If a weight or a standard error is not positive, both are given, or the loss is
        unknown.

    References
    ----------
    .. [1] Huber, P. J. (1964). Robust estimation of a location parameter. Annals of
       Mathematical Statistics, 35(1).
    """
    sizes, scores = np.asarray(sizes, float), np.atleast_2d(np.asarray(scores, float))
    params, final = fit_params(sizes, scores, errors=errors, weights=weights, loss=loss)
    known = np.isfinite(scores)
    final = np.where(known, final, 0.0)
    residuals = np.where(known, scores - evaluate(sizes, params), 0.0)
    return _uncertain(sizes, params, residuals, final, known.sum(axis=1), errors is not None)


def coordinate_jacobian(sizes: ArrayLike, params: ArrayLike) -> Array:
    """Differentiate curves by the unbounded coordinates, moved off the bounds.

    Parameters
    ----------
    sizes : array-like of shape (n_sizes,), images
    params : array-like of shape (n_curves, 4)

    Returns
    -------
    jacobian : ndarray of shape (n_curves, n_sizes, 4)
    """
    a, b, c, d = from_unbounded(to_unbounded(params)).T[..., None]
    distance = np.log(c) - np.log(np.asarray(sizes, dtype=np.float64))
    share = expit(b * distance)
    bend = (a - d) * share * (1 - share) * b
    rise = (d - a) / (1 - a)
    by_a = a * (1 - a) * (share + (1 - share) * (1 - rise))
    by_rise = (1 - share) * (1 - a) * rise * (1 - rise)
    return np.stack([by_a, bend * distance, bend, by_rise], axis=-1)


def _uncertain(
    sizes: Array, params: Array, residuals: Array, weights: Array, n_points: Array, absolute: bool
) -> CurveFits:
    """Put the fits and their covariance together."""
    degrees = np.maximum(n_points - len(PARAM_NAMES), 0).astype(np.float64)
    squares = (weights * residuals**2).sum(axis=1)
    enough = degrees > 0
    spread = np.where(enough, np.sqrt(squares / np.maximum(degrees, 1.0)), np.nan)
    noise = np.ones_like(spread)
    if not absolute:
        noise = np.where(enough, np.maximum(spread, _LEAST_NOISE), _USUAL_NOISE)
    slopes = coordinate_jacobian(sizes, params)
    information = np.einsum("nsi,ns,nsj->nij", slopes, weights / noise[:, None] ** 2, slopes)
    values, vectors = np.linalg.eigh(information + np.eye(4) / _WIDEST**2)
    variances = np.maximum(1 / np.maximum(values, _WIDEST**-2), _NARROWEST**2)
    covariance = np.einsum("nij,nj,nkj->nik", vectors, variances, vectors)
    return CurveFits(
        params=params,
        covariance=(covariance + np.swapaxes(covariance, 1, 2)) / 2,
        residual_std=spread,
        at_bound=_on_bounds(params),
        degrees=np.where(enough & (not absolute), degrees, np.inf if absolute else 1.0),
        sizes=sizes,
        weights=weights,
    )


def _on_bounds(params: Array) -> NDArray[np.bool_]:
    bounds = np.array([PARAM_BOUNDS[name] for name in PARAM_NAMES]).T
    near = [np.isclose(params, bound, rtol=_AT_BOUND, atol=_AT_BOUND) for bound in bounds]
    at_bound = near[0] | near[1]
    at_bound[:, [0, 3]] |= (params[:, 3] - params[:, 0] <= _AT_BOUND)[:, None]
    return at_bound


def _first_reach(sizes: Array, scores: Array, target: float) -> Array:
    """Give the first of some sizes at which each row is at the target, or infinity."""
    reached = scores >= target
    first = reached.argmax(axis=1)
    return np.where(reached.any(axis=1), sizes[first], np.inf)
