"""Prior and pilot -> posterior: tempered sequential Monte Carlo over a curve's coordinates.

The curves of a prior are drawn, weighted by how well they explain the measured points in
small steps from "not at all" to "fully", resampled, and moved by random-walk Metropolis [1]_.
Random numbers are the same for every row, so that a row's answer depends on no other row.

References
----------
.. [1] Del Moral, P., Doucet, A., Jasra, A. (2006). Sequential Monte Carlo samplers.
   JRSS B, 68(3), 411-436.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.bayes.exponential_tilting import pick_tilted, tilt
from ptssp_sklearn.bayes.hierarchy.points import MetricRelation
from ptssp_sklearn.bayes.level_hint import LevelHint
from ptssp_sklearn.bayes.metric_relation import lax_params
from ptssp_sklearn.bayes.mixture import N_COORDINATES, Mixture, resample_systematically
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.quantile_levels import NOMINAL, LevelMap
from ptssp_sklearn.curves.sigmoid import from_unbounded, sigmoid_curve

N_SAMPLES = 1000
"""Curves that stand for a distribution, by default."""

_MOVES = 4
_LEAST_EFFECTIVE = 0.5
_HALVINGS = 16
_GOOD_ACCEPTANCE = 0.3
_HINTED = 8
"""Draws of the prior for each that is kept where pictures say something."""


@dataclass(frozen=True)
class CurvePrior:
    """What is believed of each row's curve before it is measured.

    Parameters
    ----------
    mixture : Mixture
        Over unbounded coordinates, one row a curve.
    noise : MeasurementNoise
    seed : int, default=0
    level_maps : tuple of LevelMap, optional
        Calibration without a pilot, with one point, with two, …, the last for all above; by
        default none.
    slopes : ndarray of shape (n_rows, 5), optional
        Tilt of the mixture, see `ptssp_sklearn.bayes.exponential_tilting`; by default none.
    blocks : ndarray of shape (n_sizes,), optional
        Where the mixture is over several curves a row, four coordinates each: which of them
        each size is measured on. The first curve is the one asked about.
    errors : ndarray of shape (n_sizes,), optional
        Standard errors of the measured points, scores; NaN where the noise says it.
    hint : LevelHint, optional
        What pictures say of each row; by default nothing.
    relation : MetricRelation, optional
        Where points are of mAP50 and its curve is asked for. How far the data set lies beside
        the relation is then one more coordinate, the last one.
    """

    mixture: Mixture
    noise: MeasurementNoise
    seed: int = 0
    level_maps: tuple[LevelMap, ...] = (NOMINAL,)
    slopes: Array | None = None
    blocks: NDArray[np.intp] | None = None
    errors: Array | None = None
    hint: LevelHint | None = None
    relation: MetricRelation | None = None

    def __len__(self) -> int:
        return len(self.mixture.means)

    def sample(self, n_samples: int, rng: np.random.Generator) -> Array:
        """Draw unbounded coordinates, shape (n_rows, n_samples, n_dims)."""
        points = self._drawn(n_samples, rng)
        if self.relation is None:
            return points
        aside = self.relation.spread * rng.normal(size=(n_samples, 1))
        return np.concatenate([points, np.broadcast_to(aside, (*points.shape[:2], 1))], axis=2)

    def _drawn(self, n_samples: int, rng: np.random.Generator) -> Array:
        if self.hint is not None:
            return self.hint.pick(self.mixture.sample(_HINTED * n_samples, rng), n_samples)
        if self.slopes is None:
            return self.mixture.sample(n_samples, rng)
        return pick_tilted(self.mixture.sample(2 * n_samples, rng), self.slopes, n_samples)

    def log_density(self, points: Array) -> Array:
        """Give the log density of points (n_rows, n_points, n_dims), but for a constant a row."""
        beside: Array | float = 0.0
        if self.relation is not None:
            points, beside = points[..., :-1], -0.5 * (points[..., -1] / self.relation.spread) ** 2
        density = self.mixture.log_density(points) + beside
        if self.hint is not None:
            density = density + self.hint.log_density(points)
        return density if self.slopes is None else density + tilt(points, self.slopes)

    def distribution(
        self,
        sizes: Array | None = None,
        scores: Array | None = None,
        *,
        n_samples: int = N_SAMPLES,
    ) -> CurveDistribution:
        """Draw curves, given measured points where there are any.

        Parameters
        ----------
        sizes : ndarray of shape (n_sizes,), images, optional
        scores : ndarray of shape (n_rows, n_sizes), NaN where not measured, optional
        n_samples : int, default=1000
            Curves that stand for the distribution.
        """
        if sizes is None or scores is None:
            points = self.sample(n_samples, np.random.default_rng(self.seed))
        else:
            points = sample_posterior(self, sizes, scores, n_samples=n_samples)
        level_map = self.level_maps[0] if scores is None else self._level_map(scores)
        return CurveDistribution(self.params(points), self.noise, self.seed, level_map)

    def params(self, points: Array) -> Array:
        """Give A, B, C, D of the curve asked about, shape (n_rows, n_samples, 4)."""
        return self._turned(from_unbounded(points[..., :N_COORDINATES]), points)

    def curves(self, points: Array, sizes: Array) -> Array:
        """Evaluate samples at measured sizes, each on the curve it was measured on."""
        if self.blocks is None:
            return sigmoid_curve(sizes, self.params(points))
        own = points if self.relation is None else points[..., :-1]
        each = own.reshape(*own.shape[:2], -1, N_COORDINATES)[:, :, self.blocks]
        params = self._turned(from_unbounded(each), points[:, :, None])
        return sigmoid_curve(sizes[:, None], params)[..., 0]

    def _turned(self, params: Array, points: Array) -> Array:
        """Turn curves into those of mAP50 where that is asked for."""
        if self.relation is None:
            return params
        return lax_params(params, self.relation, points[..., -1])

    def _level_map(self, scores: Array) -> LevelMap:
        """Give each row the map of its number of points: a row of a pilot may be empty."""
        counts = np.minimum(np.isfinite(scores).sum(axis=1), len(self.level_maps) - 1)
        curves, sizes = zip(*[(one.curve[0], one.size[0]) for one in self.level_maps], strict=True)
        return LevelMap(np.array(curves)[counts], np.array(sizes)[counts])


def sample_posterior(
    prior: CurvePrior, sizes: Array, scores: Array, *, n_samples: int = N_SAMPLES
) -> Array:
    """Draw unbounded coordinates given measured points, shape (n_rows, n_samples, n_dims)."""
    rng = np.random.default_rng(prior.seed)
    cloud = _Cloud.start(prior, sizes, scores, prior.sample(n_samples, rng))
    while not cloud.done.all():
        cloud.warm(rng.random())
        for _ in range(_MOVES):
            cloud.move(rng.normal(size=(n_samples, cloud.n_dims)), rng.random(n_samples))
    return cloud.points


@dataclass
class _Cloud:
    """The samples of all rows on their way from prior to posterior.

    Attributes
    ----------
    scores, known : ndarray of shape (n_rows, n_sizes)
    precision : ndarray of shape (n_rows, n_sizes, n_sizes)
    points : ndarray of shape (n_rows, n_samples, n_dims)
        Unbounded coordinates.
    log_prior, log_likelihood : ndarray of shape (n_rows, n_samples)
    heat : ndarray of shape (n_rows,)
        How much the measurements count, from 0 (not at all) to 1 (fully).
    reach : ndarray of shape (n_rows,)
        Length of a step, in spreads of the samples.
    roots : ndarray of shape (n_rows, n_dims, n_dims)
        Cholesky roots of the covariance of the samples.
    active : bool ndarray of shape (n_rows,)
        Rows that move in this round.
    """

    prior: CurvePrior
    sizes: Array
    scores: Array
    known: NDArray[np.bool_]
    precision: Array
    points: Array
    log_prior: Array
    log_likelihood: Array
    heat: Array
    reach: Array
    roots: Array
    active: NDArray[np.bool_]

    @classmethod
    def start(cls, prior: CurvePrior, sizes: Array, scores: Array, points: Array) -> _Cloud:
        known, n_dims = np.isfinite(scores), points.shape[-1]
        cloud = cls(
            prior=prior,
            sizes=sizes,
            scores=np.nan_to_num(scores),
            known=known,
            precision=prior.noise.precision(sizes, scores, prior.errors),
            points=points,
            log_prior=prior.log_density(points),
            log_likelihood=np.zeros(points.shape[:2]),
            heat=np.where(known.any(axis=1), 0.0, 1.0),
            reach=np.full(len(points), np.sqrt(N_COORDINATES / n_dims)),
            roots=np.zeros((len(points), n_dims, n_dims)),
            active=np.asarray(known.any(axis=1)),
        )
        cloud.log_likelihood = cloud._likelihood(points)
        return cloud

    @property
    def n_dims(self) -> int:
        return self.points.shape[-1]

    @property
    def done(self) -> NDArray[np.bool_]:
        return self.heat >= 1.0

    def warm(self, offset: float) -> None:
        """Count the measurements a little more, and resample."""
        self.active = ~self.done
        gap = self.log_likelihood - self.log_likelihood.max(axis=1, keepdims=True)
        step = _largest_step(gap, 1.0 - self.heat)
        self.heat = np.where(self.active, np.minimum(self.heat + step, 1.0), self.heat)
        self.heat[self.heat > 1.0 - 1e-9] = 1.0
        weights = np.exp(gap * step[:, None])
        n = weights.shape[1]
        for row in np.flatnonzero(self.active):
            picked = resample_systematically(weights[row], n, offset)
            self.points[row] = self.points[row, picked]
            self.log_prior[row] = self.log_prior[row, picked]
            self.log_likelihood[row] = self.log_likelihood[row, picked]
        centred = self.points - self.points.mean(axis=1, keepdims=True)
        covariance = centred.transpose(0, 2, 1) @ centred / n + 1e-8 * np.eye(self.n_dims)
        self.roots = np.linalg.cholesky(covariance)

    def move(self, normal: Array, uniform: Array) -> None:
        """Make one random-walk Metropolis step."""
        step = self.reach[:, None, None] * (normal @ self.roots.transpose(0, 2, 1))
        moved = self.points + step
        log_prior = self.prior.log_density(moved)
        log_likelihood = self._likelihood(moved)
        gain = log_prior - self.log_prior
        gain += self.heat[:, None] * (log_likelihood - self.log_likelihood)
        accepted = (np.log(uniform) < gain) & self.active[:, None]
        self.points = np.where(accepted[..., None], moved, self.points)
        self.log_prior = np.where(accepted, log_prior, self.log_prior)
        self.log_likelihood = np.where(accepted, log_likelihood, self.log_likelihood)
        self.reach = self.reach * np.exp(accepted.mean(axis=1) - _GOOD_ACCEPTANCE)

    def _likelihood(self, points: Array) -> Array:
        curves = self.prior.curves(points, self.sizes)
        residuals = np.where(self.known[:, None], self.scores[:, None] - curves, 0.0)
        n_known = self.known.sum(axis=1)
        return self.prior.noise.log_likelihood(residuals, self.precision, n_known)


def _largest_step(gap: Array, left: Array) -> Array:
    """Find by halving the largest step that keeps half of the samples effective."""
    low, high = np.zeros_like(left), left.copy()
    if _effective(gap, high).min() >= _LEAST_EFFECTIVE:
        return high
    whole = _effective(gap, left) >= _LEAST_EFFECTIVE
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        enough = _effective(gap, middle) >= _LEAST_EFFECTIVE
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return np.where(whole, left, np.maximum(low, 1e-4))


def _effective(gap: Array, step: Array) -> Array:
    """Give the share of samples that count after a step, shape (n_rows,)."""
    weights = np.exp(gap * step[:, None])
    return weights.sum(axis=1) ** 2 / (weights**2).sum(axis=1) / weights.shape[1]
