"""The four-parameter logistic (4PL) learning curve. Pure NumPy; every formula of it stands here."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

PARAM_NAMES = ("A", "B", "C", "D")
"""Order of the parameters in every array: start, slope, half-way size (images), plateau."""

PARAM_BOUNDS = {"A": (0.0, 1.0), "B": (0.05, 20.0), "C": (1e-2, 1e10), "D": (0.0, 1.0)}
"""Box every fitted or predicted parameter lies in; besides, A <= D always holds."""

_EDGE = 1e-4


def sigmoid_curve(sizes: ArrayLike, params: ArrayLike) -> NDArray[np.float64]:
    """Evaluate learning curves at training-set sizes.

    ``score(n) = D + (A - D) / (1 + (n / C)**B)``

    Parameters
    ----------
    sizes : array-like of shape (n_sizes,) or (..., n_sizes), or scalar
        Training-set sizes, images; 0 gives A and infinity gives D.
    params : array-like of shape (..., 4)
        A, B, C, D.

    Returns
    -------
    scores : ndarray of shape (..., n_sizes), or (...) for a scalar size
        Scores, fractions in [0, 1].

    Raises
    ------
    ValueError
        If a size is negative or the last axis of `params` is not of length 4.

    References
    ----------
    .. [1] Finney, D. J. (1979). Bioassay and the practice of statistical inference.
       International Statistical Review, 47(1), 1-12.

    Examples
    --------
    >>> from ptssp_sklearn.curves import sigmoid_curve
    >>> sigmoid_curve([0, 100, 1e9], [0.1, 1.0, 100.0, 0.9]).round(2)
    array([0.1, 0.5, 0.9])
    """
    sizes = np.asarray(sizes, dtype=np.float64)
    if np.any(sizes < 0):
        raise ValueError(f"Got the size {sizes.min():g}, expected sizes of at least 0 images.")
    a, b, c, d = _split(params, scalar=sizes.ndim == 0)
    with np.errstate(divide="ignore"):
        below = expit(b * (np.log(c) - np.log(sizes)))
    return d + (a - d) * below


def inverse_sigmoid_curve(scores: ArrayLike, params: ArrayLike) -> NDArray[np.float64]:
    """Give the size at which a curve reaches a score.

    ``n = C * ((score - A) / (D - score))**(1 / B)``

    Parameters
    ----------
    scores : array-like of shape (n_scores,) or (..., n_scores), or scalar
        Scores, fractions in [0, 1].
    params : array-like of shape (..., 4)
        A, B, C, D.

    Returns
    -------
    sizes : ndarray of shape (..., n_scores), or (...) for a scalar score
        Sizes, images. A score <= A gives 0, a score >= D gives inf.

    Raises
    ------
    ValueError
        If the last axis of `params` is not of length 4.

    Examples
    --------
    >>> from ptssp_sklearn.curves import inverse_sigmoid_curve
    >>> inverse_sigmoid_curve([0.05, 0.5, 0.95], [0.1, 1.0, 100.0, 0.9]).round(6)
    array([  0., 100.,  inf])
    """
    scores = np.asarray(scores, dtype=np.float64)
    a, b, c, d = _split(params, scalar=scores.ndim == 0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        sizes = np.exp(np.log(c) + (np.log(scores - a) - np.log(d - scores)) / b)
    sizes = np.where(scores >= d, np.inf, sizes)
    return np.where(scores <= a, 0.0, sizes)


def whole_images(sizes: ArrayLike) -> NDArray[np.float64]:
    """Round sizes up to whole images, at least one; a billionth above a number counts as it.

    Parameters
    ----------
    sizes : array-like, images

    Returns
    -------
    images : ndarray of the same shape
        inf stays.
    """
    return np.maximum(np.ceil(np.asarray(sizes, dtype=np.float64) * (1.0 - 1e-9)), 1.0)


def to_unbounded(params: ArrayLike) -> NDArray[np.float64]:
    """Map A, B, C, D to the real coordinates learning happens in.

    The coordinates are logit A, log B, log C and logit((D - A) / (1 - A)).
    Values on the border of the box are first moved inside by 1e-4.

    Parameters
    ----------
    params : array-like of shape (..., 4)

    Returns
    -------
    coordinates : ndarray of shape (..., 4)
    """
    a, b, c, d = _split(params, scalar=True)
    a = np.clip(a, _EDGE, 1 - 2 * _EDGE)
    rise = np.clip((d - a) / (1 - a), _EDGE, 1 - _EDGE)
    b = np.clip(b, *PARAM_BOUNDS["B"])
    c = np.clip(c, *PARAM_BOUNDS["C"])
    return np.stack([logit(a), np.log(b), np.log(c), logit(rise)], axis=-1)


def from_unbounded(coordinates: ArrayLike) -> NDArray[np.float64]:
    """Map real coordinates back to A, B, C, D inside the bounds (see `to_unbounded`).

    Parameters
    ----------
    coordinates : array-like of shape (..., 4)

    Returns
    -------
    params : ndarray of shape (..., 4)
    """
    u, v, w, z = _split(coordinates, scalar=True)
    a = expit(u)
    d = np.minimum(a + (1 - a) * expit(z), 1.0)
    b = np.exp(np.clip(v, *np.log(PARAM_BOUNDS["B"])))
    c = np.exp(np.clip(w, *np.log(PARAM_BOUNDS["C"])))
    params = np.stack([a, b, c, d], axis=-1)
    low, high = np.transpose([PARAM_BOUNDS[name] for name in PARAM_NAMES])
    return np.clip(params, low, high)


def _split(params: ArrayLike, *, scalar: bool) -> tuple[NDArray[np.float64], ...]:
    """Split the last axis; without `scalar`, leave an axis of length 1 for the sizes."""
    params = np.asarray(params, dtype=np.float64)
    if params.ndim == 0 or params.shape[-1] != len(PARAM_NAMES):
        raise ValueError(
            f"Got params of shape {params.shape}, expected (..., 4): {', '.join(PARAM_NAMES)}."
        )
    parts = np.moveaxis(params, -1, 0)
    return tuple(parts) if scalar else tuple(parts[..., None])
