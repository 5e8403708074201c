"""Families of learning curves: the 4PL, two power laws, Weibull and MMF.

Each is a start, a plateau and a shape in between, with 0 <= start <= plateau <= 1, so
that all are fitted by the same exhaustive search (`protocol.exhaustive_search`): the same grid, the
same starts, the same bounds, no random numbers. The 4PL, Weibull and MMF start
at 0 images. A power law has no value there; it starts at a curve's first measured size.

References
----------
.. [1] Mohr, F., Viering, T., Loog, M., van Rijn, J. N. (2022). LCDB 1.0: an extensive
   learning curves database for classification tasks. ECML PKDD. (pow3, pow4, wbl4, mmf4)
.. [2] Viering, T., Loog, M. (2023). The shape of learning curves: a review.
   IEEE Transactions on Pattern Analysis and Machine Intelligence, 45(6).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from experiments.protocol.exhaustive_search import fit_4pl, logistic, search_curves
from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.sigmoid import sigmoid_curve

_LOG_2 = np.log(2.0)


@dataclass(frozen=True)
class Family:
    """A family of curves with its published formula.

    Parameters
    ----------
    name, formula : str
    n_params : int
    fit : callable
        ``fit(sizes, scores)`` gives params of shape (n_curves, n_params), the best in the
        sense of least squares; scores of shape (n_curves, n_sizes), NaN where not measured.
    curve : callable
        ``curve(sizes, params)`` gives scores of shape (n_curves, n_sizes).
    """

    name: str
    formula: str
    n_params: int
    fit: Callable[[Array, Array], Array]
    curve: Callable[[Array, Array], Array]

    def predict(self, sizes: Array, scores: Array) -> Array:
        """Fit every row and evaluate the fits at all sizes."""
        return self.curve(sizes, self.fit(sizes, scores))


def power3(sizes: Array, params: Array) -> Array:
    """Evaluate ``a - b n^-c``."""
    a, b, c = _columns(params)
    return a - b * sizes**-c


def power4(sizes: Array, params: Array) -> Array:
    """Evaluate ``a - b (n + d)^-c``; below the first size that d allows, NaN."""
    a, b, c, d = _columns(params)
    shifted = np.where(sizes + d > 0, sizes + d, np.nan)
    return a - b * shifted**-c


def weibull(sizes: Array, params: Array) -> Array:
    """Evaluate ``a - (a - b) exp(-(n / c)^d)``."""
    a, b, c, d = _columns(params)
    return a - (a - b) * np.exp(-((sizes / c) ** d))


def mmf(sizes: Array, params: Array) -> Array:
    """Evaluate ``(a b + c n^d) / (b + n^d)``: the 4PL with A = a, B = d, C = b^(1/d), D = c."""
    a, b, c, d = _columns(params)
    return (a * b + c * sizes**d) / (b + sizes**d)


def fit_power3(sizes: Array, scores: Array) -> Array:
    """Fit a, b, c: a power law from the first measured size on."""
    points, start, plateau = search_curves(sizes, scores, _power3_shape)
    first = _first_sizes(sizes, scores)
    c = _power3_rate(points, np.log(first))
    return np.stack([plateau, (plateau - start) * first**c, c], axis=-1)


def fit_power4(sizes: Array, scores: Array) -> Array:
    """Fit a, b, c, d: a shifted power law from the first measured size on."""
    points, start, plateau = search_curves(sizes, scores, _power4_shape)
    first = _first_sizes(sizes, scores)
    c = np.exp(points[:, 0])
    origin = np.exp(points[:, 1]) / np.expm1(_LOG_2 / c)
    return np.stack([plateau, (plateau - start) * origin**c, c, origin - first], axis=-1)


def fit_weibull(sizes: Array, scores: Array) -> Array:
    """Fit a, b, c, d."""
    points, start, plateau = search_curves(sizes, scores, _weibull_shape)
    d = np.exp(points[:, 0])
    c = np.exp(points[:, 1] - np.log(_LOG_2) / d)
    return np.stack([plateau, start, c, d], axis=-1)


def fit_mmf(sizes: Array, scores: Array) -> Array:
    """Fit a, b, c, d."""
    points, start, plateau = search_curves(sizes, scores, logistic)
    d = np.exp(points[:, 0])
    return np.stack([start, np.exp(d * points[:, 1]), plateau, d], axis=-1)


def _power3_shape(points: Array, log_sizes: Array, log_first: Array) -> Array:
    c = _power3_rate(points, log_first[..., 0])[..., None]
    return np.exp(-c * np.maximum(log_sizes - log_first, 0.0))


def _power3_rate(points: Array, log_first: Array) -> Array:
    """Halve the way to the plateau ``half-way size / slope`` images after the first size."""
    return _LOG_2 / np.logaddexp(0.0, points[..., 1] - points[..., 0] - log_first)


def _power4_shape(points: Array, log_sizes: Array, log_first: Array) -> Array:
    """Halve the way ``half-way size`` images after the first size; the slope is c."""
    c = np.exp(points[..., 0, None])
    origin = np.exp(points[..., 1, None]) / np.expm1(_LOG_2 / c)
    beyond = np.maximum(np.exp(log_sizes) - np.exp(log_first), 0.0)
    return np.exp(-c * np.log1p(beyond / origin))


def _weibull_shape(points: Array, log_sizes: Array, log_first: Array) -> Array:
    d = np.exp(points[..., 0, None])
    return np.exp(-_LOG_2 * np.exp(np.minimum(d * (log_sizes - points[..., 1, None]), 99.0)))


def _first_sizes(sizes: Array, scores: Array) -> Array:
    return np.where(np.isfinite(scores), sizes, np.inf).min(axis=1)


def _columns(params: Array) -> tuple[Array, ...]:
    return tuple(np.asarray(params).T[:, :, None])


FAMILIES = (
    Family("4PL", "D + (A - D) / (1 + (n/C)^B)", 4, fit_4pl, sigmoid_curve),
    Family("power law (3)", "a - b n^-c", 3, fit_power3, power3),
    Family("power law (4)", "a - b (n + d)^-c", 4, fit_power4, power4),
    Family("Weibull", "a - (a - b) exp(-(n/c)^d)", 4, fit_weibull, weibull),
    Family("MMF", "(a b + c n^d) / (b + n^d)", 4, fit_mmf, mmf),
)
"""All that are compared, the 4PL first."""
