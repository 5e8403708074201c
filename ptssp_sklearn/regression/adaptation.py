"""A model moved to a new learner or metric by a handful of its curves, without images."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.linalg import sqrtm

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.mixture import N_COORDINATES, USUAL_SPREAD, Mixture, shrunk
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.population import Population
from ptssp_sklearn.bayes.posterior import CurvePrior, sample_posterior
from ptssp_sklearn.curves.sigmoid import from_unbounded, sigmoid_curve
from ptssp_sklearn.curves.table import check_curve_table
from ptssp_sklearn.regression.hierarchical.learner_regressor import LearnerCurveRegressor

if TYPE_CHECKING:
    from ptssp_sklearn.regression.regressor import CurveParamRegressor

_ROUNDS = 4
_SAMPLES = 64
_SPREAD_WEIGHT = 10.0
_LEAST_PAIRS = 3
_LONG_CURVE = 6
_POINTS_FOR_NOISE = 20


@dataclass(frozen=True)
class Shift:
    """An affine map of unbounded coordinates: ``z -> matrix @ z + offset``.

    Parameters
    ----------
    matrix : ndarray of shape (4, 4)
    offset : ndarray of shape (4,)
    """

    matrix: Array
    offset: Array

    @classmethod
    def none(cls) -> Shift:
        """Give the map that changes nothing."""
        return cls(np.eye(N_COORDINATES), np.zeros(N_COORDINATES))

    def move(self, mixture: Mixture) -> Mixture:
        """Map the first four dimensions of a mixture; further ones stay."""
        n = mixture.means.shape[-1]
        matrix, offset = np.eye(n), np.zeros(n)
        matrix[:N_COORDINATES, :N_COORDINATES] = self.matrix
        offset[:N_COORDINATES] = self.offset
        covariances = matrix @ mixture.covariances @ matrix.T
        return Mixture(mixture.weights, mixture.means @ matrix.T + offset, covariances)


def adapt_regressor(
    regressor: CurveParamRegressor | LearnerCurveRegressor, curves: Any
) -> CurveParamRegressor | LearnerCurveRegressor:
    """Give a regressor whose population and priors are moved to where `curves` lie.

    Parameters
    ----------
    regressor : CurveParamRegressor or LearnerCurveRegressor
        Fitted on curves; it stays as it is.
    curves : curve table
        Curves of the new learner or metric. Curves named as training datasets tell what is
        different for the same datasets, which says more.

    Returns
    -------
    regressor : CurveParamRegressor or LearnerCurveRegressor
    """
    table = check_curve_table(curves)
    sizes, scores = table.columns.to_numpy(dtype=float), table.to_numpy()
    if isinstance(regressor, LearnerCurveRegressor):
        hierarchy = regressor.hierarchy_
        unknown = hierarchy.mixture([None])
        population = Population(unknown, hierarchy.noise, np.empty((0, 0, N_COORDINATES)))
        shift, noise = fit_shift(population, sizes, scores, seed=regressor.seed_)
        return regressor.moved(shift.matrix, shift.offset, noise)
    known = regressor.references_.curves
    paired = np.full(len(table), -1)
    if known.index.is_unique:
        paired = known.index.get_indexer(pd.Index([str(name) for name in table.index]))
    population = regressor.population_
    old = None
    if (paired >= 0).sum() >= max(_LEAST_PAIRS, len(paired) / 2):
        use = paired >= 0
        old = _samples(population, known.iloc[paired[use]], regressor.seed_)
        scores = scores[use]
    shift, noise = fit_shift(population, sizes, scores, old=old, seed=regressor.seed_)
    moved = copy(regressor)
    moved.population_ = replace(population, mixture=shift.move(population.mixture), noise=noise)
    moved.experts_ = [copy(expert) for expert in regressor.experts_]
    for expert in moved.experts_:
        expert.joint_, expert.tilted_ = shift.move(expert.joint_), False
    return moved


def fit_shift(
    population: Population, sizes: Array, scores: Array, *, old: Array | None = None, seed: int = 0
) -> tuple[Shift, MeasurementNoise]:
    """Learn how the curves of a new learner lie about those of a population.

    Mean and covariance of the new curves' coordinates are estimated in turn with the
    curves themselves, whose prior is the moved population. The shift of the mean has a
    Gaussian prior of the usual spread of curves about no shift; the covariance is that of
    the population with the weight of ten curves. The map is the optimal transport between
    the two Gaussians [1]_, the nearest to no change.

    Parameters
    ----------
    population : Population
    sizes : ndarray of shape (n_sizes,), images
    scores : ndarray of shape (n_curves, n_sizes), NaN where not measured
    old : ndarray of shape (n_curves, n_samples, 4), optional
        Coordinates of the curves of the same datasets under the old learner.
    seed : int, default=0

    Returns
    -------
    shift : Shift
    noise : MeasurementNoise
        Between the population's and that of the curves, by their number; the
        population's where there are few points.

    References
    ----------
    .. [1] Peyré, G., Cuturi, M. (2019). Computational optimal transport. Foundations and
       Trends in Machine Learning, 11(5-6), remark 2.31.
    """
    shift, noise = Shift.none(), population.noise
    for _ in range(_ROUNDS):
        moved = shift.move(population.mixture)
        prior = CurvePrior(moved.rows(len(scores)), noise, seed)
        samples = sample_posterior(prior, sizes, scores, n_samples=_SAMPLES)
        shift = _estimate(population.mixture, samples, old)
        noise = _refit_noise(population.noise, sizes, scores, samples)
    return shift, noise


def _estimate(mixture: Mixture, new: Array, old: Array | None) -> Shift:
    """Estimate the shift from samples (n_curves, n_samples, 4) of the new curves."""
    n_curves = len(new)
    mean, usual = _moments(mixture)
    if old is None:
        centre, before, error = mean, usual, usual
    else:
        centre = old.mean(axis=(0, 1))
        before = shrunk(_spread(old, centre), usual, n_curves, _SPREAD_WEIGHT)
        gaps = new.mean(axis=1) - old.mean(axis=1)
        error = shrunk(np.cov(gaps.T, bias=True), usual, n_curves, _SPREAD_WEIGHT)
    gap = new.mean(axis=(0, 1)) - centre
    wide = np.diag(USUAL_SPREAD**2)
    goal = centre + wide @ np.linalg.solve(wide + error / n_curves, gap)
    after = shrunk(_spread(new, goal), usual, n_curves, _SPREAD_WEIGHT)
    matrix = _transport(before, after)
    return Shift(matrix, goal - matrix @ centre)


def _moments(mixture: Mixture) -> tuple[Array, Array]:
    """Give mean and covariance of a mixture of one row."""
    weights = mixture.weights[0] / mixture.weights[0].sum()
    mean = weights @ mixture.means[0]
    gaps = mixture.means[0] - mean
    between = np.einsum("k,ki,kj->ij", weights, gaps, gaps)
    return mean, np.einsum("k,kij->ij", weights, mixture.covariances) + between


def _spread(samples: Array, centre: Array) -> Array:
    """Give the covariance of samples about a centre."""
    gaps = samples.reshape(-1, N_COORDINATES) - centre
    return gaps.T @ gaps / len(gaps)


def _transport(before: Array, after: Array) -> Array:
    """Give the symmetric matrix that turns one covariance into another."""
    root = np.real(sqrtm(before))
    inverse = np.linalg.inv(root)
    return inverse @ np.real(sqrtm(root @ after @ root)) @ inverse


def _samples(population: Population, table: pd.DataFrame, seed: int) -> Array:
    """Draw coordinates of measured curves under the population they belong to."""
    prior = population.prior(len(table), seed=seed)
    sizes = table.columns.to_numpy(dtype=float)
    return sample_posterior(prior, sizes, table.to_numpy(), n_samples=_SAMPLES)


def _refit_noise(
    noise: MeasurementNoise, sizes: Array, scores: Array, samples: Array
) -> MeasurementNoise:
    n_known = np.isfinite(scores).sum(axis=1)
    if n_known[n_known >= _LONG_CURVE].sum() < _POINTS_FOR_NOISE:
        return noise
    fitted = sigmoid_curve(sizes, from_unbounded(samples)).mean(axis=1)
    found = noise.refit(sizes, scores, fitted)
    own, usual = (np.array([np.log(one.scale), one.slope]) for one in (found, noise))
    log_scale, slope = shrunk(own, usual, len(scores), _SPREAD_WEIGHT)
    return replace(noise, scale=float(np.exp(log_scale)), slope=float(slope))
