"""The population of curves a bank is a sample of, learned from its measured points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.mixture import Mixture, fit_mixture
from ptssp_sklearn.noise import MeasurementNoise
from ptssp_sklearn.posterior import CurvePrior, sample_posterior
from ptssp_sklearn.projection import fit_curves
from ptssp_sklearn.sigmoid import from_unbounded, sigmoid_curve, to_unbounded

Array = NDArray[np.float64]

_ROUNDS = 3
_SAMPLES = 64
_LOWEST = np.array([-6.0, -3.0, -4.6, -5.0])
_HIGHEST = np.array([4.0, 3.0, 23.0, 5.0])


@dataclass(frozen=True)
class Population:
    """Curves a bank tells of.

    Parameters
    ----------
    mixture : Mixture of one row
        Over unbounded coordinates.
    noise : MeasurementNoise
        Of the bank's measurements.
    samples : ndarray of shape (n_curves, n_samples, 4)
        Coordinates each measured curve may have: what was not measured is left open.
    """

    mixture: Mixture
    noise: MeasurementNoise
    samples: Array

    @classmethod
    def fit(cls, sizes: Array, scores: Array, *, seed: int = 0) -> Population:
        """Learn population and noise from measured points by Monte Carlo EM [1]_.

        Parameters
        ----------
        sizes : ndarray of shape (n_sizes,), images
        scores : ndarray of shape (n_curves, n_sizes), NaN where not measured

        References
        ----------
        .. [1] Wei, G. C. G., Tanner, M. A. (1990). A Monte Carlo implementation of the EM
           algorithm. JASA, 85(411), 699-704.
        """
        fitted = to_unbounded(fit_curves(sizes, scores))
        samples = np.clip(fitted, _LOWEST, _HIGHEST)[:, None]
        noise = MeasurementNoise()
        mixture = fit_mixture(samples, seed=seed)
        for _ in range(_ROUNDS):
            prior = CurvePrior(mixture.rows(len(scores)), noise, seed)
            samples = sample_posterior(prior, sizes, scores, n_samples=_SAMPLES)
            curves = sigmoid_curve(sizes, from_unbounded(samples)).mean(axis=1)
            noise = MeasurementNoise.fit(sizes, scores, curves)
            mixture = fit_mixture(samples, seed=seed)
        return cls(mixture, noise, samples)

    def prior(self, n_rows: int = 1, *, seed: int = 0) -> CurvePrior:
        """Believe of every row what the population says."""
        return CurvePrior(self.mixture.rows(n_rows), self.noise, seed)
