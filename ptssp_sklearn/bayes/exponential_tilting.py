"""Tilting: the least change of a distribution over curves that gives it a known mean curve.

A mixture says well how curves scatter about a prediction; an ensemble trained on whole curves
says better where their mean lies. Exponential tilting [1]_ brings the two together: the
density is multiplied by ``exp(slopes @ scores)``, the scores being those of a curve at
`TILT_SIZES`. Of all densities with the wanted mean it is the nearest to the mixture in
Kullback-Leibler divergence.

References
----------
.. [1] Robertson, J. C., Tallman, E. W., Whiteman, C. H. (2005). Forecasting using relative
   entropy. Journal of Money, Credit and Banking, 37(3), 383-401.
"""

from __future__ import annotations

import numpy as np

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.mixture import Mixture, resample_systematically
from ptssp_sklearn.curves.sigmoid import from_unbounded, sigmoid_curve

TILT_SIZES = np.array([2.0, 8.0, 32.0, 128.0, 512.0])
"""Where the mean curve is asked for, images."""

TILT_SAMPLES = 2000
_RIDGE = 0.01
_STEPS = 40
_ROWS = 64
_LARGEST_STEP = 5.0
_NEAR = 1e-4


def find_slopes(mixture: Mixture, mean_curves: Array, seed: int) -> Array:
    """Find the tilt that moves the mean curve of each row to where it should be.

    A little of the way is left where the mixture holds hardly any curve that high or low: the
    squared slopes are penalised.

    Parameters
    ----------
    mixture : Mixture of n_rows rows
    mean_curves : ndarray of shape (n_rows, 5), fractions
        At `TILT_SIZES`.
    seed : int
        Seed of the samples that stand for the mixture.

    Returns
    -------
    slopes : ndarray of shape (n_rows, 5), per unit of score
    """
    slopes = np.zeros(mean_curves.shape)
    for start in range(0, len(slopes), _ROWS):
        rows = slice(start, start + _ROWS)
        points = mixture.take(rows).sample(TILT_SAMPLES, np.random.default_rng(seed))
        slopes[rows] = _solve(scores_of(points) - mean_curves[rows, None])
    return slopes


def mean_scores(mixture: Mixture, seed: int) -> Array:
    """Give the mean curve of a mixture at `TILT_SIZES`, shape (n_rows, 5)."""
    return scores_of(mixture.sample(TILT_SAMPLES, np.random.default_rng(seed))).mean(axis=1)


def tilt(points: Array, slopes: Array) -> Array:
    """Give the log density the tilt adds, shape (n_rows, n_points), but for a constant."""
    return np.einsum("rns,rs->rn", scores_of(points), slopes)


def pick_tilted(points: Array, slopes: Array, n_samples: int) -> Array:
    """Resample points of a mixture so that they follow the tilted one.

    Systematic resampling in the order of the points: with the same points a row's picks
    depend on no other row. Shape (n_rows, n_samples, 4).
    """
    weights = _weights(scores_of(points), slopes)
    picked = [resample_systematically(row, n_samples) for row in weights]
    return np.take_along_axis(points, np.array(picked)[..., None], axis=1)


def scores_of(points: Array) -> Array:
    """Evaluate curves at `TILT_SIZES`, shape (n_rows, n_points, 5)."""
    return sigmoid_curve(TILT_SIZES, from_unbounded(points))


def _solve(gaps: Array) -> Array:
    """Find slopes under which the mean of gaps (n_rows, n_points, 5) is nearly 0, by Newton."""
    slopes = np.zeros((len(gaps), gaps.shape[-1]))
    ridge, done = _RIDGE * np.eye(gaps.shape[-1]), np.zeros(len(gaps), dtype=bool)
    for _ in range(_STEPS):
        weighted = _weights(gaps, slopes)[..., None] * gaps
        mean = weighted.sum(axis=1)
        square = weighted.transpose(0, 2, 1) @ gaps
        curvature = square - mean[:, :, None] * mean[:, None] + ridge
        step = np.linalg.solve(curvature, (mean + _RIDGE * slopes)[..., None])[..., 0]
        largest = np.abs(step).max(axis=1)
        step *= np.minimum(1.0, _LARGEST_STEP / np.maximum(largest, 1e-12))[:, None]
        slopes -= np.where(done[:, None], 0.0, step)
        done |= largest < _NEAR
        if done.all():
            break
    return slopes


def _weights(scores: Array, slopes: Array) -> Array:
    height = np.einsum("rns,rs->rn", scores, slopes)
    weights = np.exp(height - height.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)
