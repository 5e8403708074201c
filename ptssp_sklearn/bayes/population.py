"""The population of curves a bank is a sample of, learned from its measured points."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.mixture import Mixture, fit_mixture
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.posterior import CurvePrior, sample_posterior
from ptssp_sklearn.bayes.quantile_levels import NOMINAL, LevelMap
from ptssp_sklearn.curves.pilot import pilot_limits
from ptssp_sklearn.curves.sigmoid import from_unbounded, sigmoid_curve, to_unbounded
from ptssp_sklearn.curves.variable_projection import fit_curves

_ROUNDS = 3
_SAMPLES = 64
_LEAST_CURVES = 8
_EXACT, _ROUGH = MeasurementNoise(), MeasurementNoise(correlation=0.6, discount=1.0)
_WHOLE_CURVE = 0.6
"""Part of the discount that holds while whole curves are learned from."""

_LOWEST = np.array([-6.0, -3.0, -4.6, -5.0])
_HIGHEST = np.array([4.0, 3.0, 23.0, 5.0])
"""Box of the unbounded coordinates that the fits start from."""


@dataclass(frozen=True)
class Population:
    """Curves a bank tells of.

    Parameters
    ----------
    mixture : Mixture of one row
        Over unbounded coordinates.
    noise : MeasurementNoise
        Noise of the bank's measurements.
    samples : ndarray of shape (n_curves, n_samples, 4)
        Coordinates each measured curve may have: what was not measured is left open.
    level_maps : tuple of LevelMap, optional
        Calibration of the prior by number of points, see `calibrate`.
    """

    mixture: Mixture
    noise: MeasurementNoise
    samples: Array
    level_maps: tuple[LevelMap, ...] = (NOMINAL,)

    @classmethod
    def fit(cls, sizes: Array, scores: Array, *, seed: int = 0) -> Population:
        """Learn population and noise from measured points by Monte Carlo EM [1]_.

        Where it makes pilots of these curves foretell the rest better, points count
        as correlated, and small sizes as saying less about large ones: curves that are no
        exact 4PL, such as those of warm-started trainings.

        Parameters
        ----------
        sizes : ndarray of shape (n_sizes,), images
        scores : ndarray of shape (n_curves, n_sizes), NaN where not measured

        References
        ----------
        .. [1] Wei, G. C. G., Tanner, M. A. (1990). A Monte Carlo implementation of the EM
           algorithm. JASA, 85(411), 699-704.
        """
        exact = _fit(sizes, scores, _EXACT, seed)
        if len(scores) < _LEAST_CURVES:
            return exact
        rough = _fit(sizes, scores, _ROUGH, seed)
        errors = [found.pilot_error(sizes, scores, seed=seed) for found in (exact, rough)]
        return rough if errors[1] < errors[0] else exact

    def pilot_error(self, sizes: Array, scores: Array, *, seed: int = 0) -> float:
        """Give the mean absolute error of scores beyond the pilots of `pilot_limits`.

        Parameters
        ----------
        sizes : ndarray of shape (n_sizes,), images
        scores : ndarray of shape (n_curves, n_sizes), NaN where not measured
        """
        prior = self.prior(len(scores), seed=seed)
        errors = []
        for limit in pilot_limits(sizes):
            shown = sizes <= limit
            found = prior.distribution(sizes[shown], scores[:, shown], n_samples=_SAMPLES * 2)
            gaps = found.curves(sizes[~shown]).mean(axis=1) - scores[:, ~shown]
            errors.append(np.nanmean(np.abs(gaps)))
        return float(np.mean(errors))

    def prior(self, n_rows: int = 1, *, seed: int = 0) -> CurvePrior:
        """Believe of every row what the population says."""
        return CurvePrior(self.mixture.rows(n_rows), self.noise, seed, self.level_maps)


def _fit(sizes: Array, scores: Array, noise: MeasurementNoise, seed: int) -> Population:
    fitted = to_unbounded(fit_curves(sizes, scores))
    samples = np.clip(fitted, _LOWEST, _HIGHEST)[:, None]
    mixture = fit_mixture(samples, seed=seed)
    for _ in range(_ROUNDS):
        whole = replace(noise, discount=_WHOLE_CURVE * noise.discount)
        prior = CurvePrior(mixture.rows(len(scores)), whole, seed)
        samples = sample_posterior(prior, sizes, scores, n_samples=_SAMPLES)
        curves = sigmoid_curve(sizes, from_unbounded(samples)).mean(axis=1)
        noise = noise.refit(sizes, scores, curves)
        mixture = fit_mixture(samples, seed=seed)
    return Population(mixture, noise, samples)
