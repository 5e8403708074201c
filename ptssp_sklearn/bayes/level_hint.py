"""What pictures say of a data set's level, before anything is measured.

A regression on features of a few labelled images tells the score that a known learner would
have at one size, with the error it had on data sets left out. This is less than a measured
point, and it must not count for one: it multiplies the prior by a Gaussian over the logit of
that score [1]_, which narrows the prior as much as the features were worth, and no more.

References
----------
.. [1] Robertson, J. C., Tallman, E. W., Whiteman, C. H. (2005). Forecasting using relative
   entropy. Journal of Money, Credit and Banking, 37(3), 383-401.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.mixture import N_COORDINATES, resample_systematically
from ptssp_sklearn.curves.sigmoid import from_unbounded, sigmoid_curve

EDGE = 0.01
"""Scores nearer to 0 or 1 count as this far away where their logit is taken."""


@dataclass(frozen=True)
class LevelHint:
    """A Gaussian over the logit of one learner's score at one size, a row each.

    Parameters
    ----------
    centre : ndarray of shape (n_rows,)
        Logit of the score.
    spread : ndarray of shape (n_rows,)
        Standard deviation; infinite where nothing is said.
    size : float, images
    block : int, default=0
        Which of a row's curves the score is of; see `CurvePrior`.
    """

    centre: Array
    spread: Array
    size: float
    block: int = 0

    def log_density(self, points: Array) -> Array:
        """Give the log density of points (n_rows, n_points, n_dims), but for a constant a row."""
        start = N_COORDINATES * self.block
        params = from_unbounded(points[..., start : start + N_COORDINATES])
        scores = sigmoid_curve(np.array([self.size]), params)[..., 0]
        gaps = logit(np.clip(scores, EDGE, 1.0 - EDGE)) - self.centre[:, None]
        return -0.5 * (gaps / self.spread[:, None]) ** 2

    def pick(self, points: Array, n_samples: int) -> Array:
        """Resample points of the prior, shape (n_rows, n_samples, n_dims)."""
        density = self.log_density(points)
        weights = np.exp(density - density.max(axis=1, keepdims=True))
        picked = [resample_systematically(row, n_samples) for row in weights]
        return np.take_along_axis(points, np.array(picked)[..., None], axis=1)
