"""Learn a hierarchy of curves from points: Gibbs sampling with Metropolis steps.

In each sweep the coordinates of every pair of data set and learner move by random walk, alone
and together with their data set, their learner, their kind and all; then levels,
covariances and noise are drawn given the coordinates [1]_.

References
----------
.. [1] Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed. CRC Press, ch. 11 and 15.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.hierarchy.levels import (
    MEAN_SPREAD,
    SHIFT_SPREAD,
    USUAL_MEAN,
    Spreads,
    draw_levels,
    draw_spread,
)
from ptssp_sklearn.bayes.hierarchy.points import KINDS, LevelPoints
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.curves.sigmoid import from_unbounded, sigmoid_curve

Places = NDArray[np.intp]

_USUAL = Spreads(
    np.diag(np.array([1.5, 0.5, 1.5, 1.0]) ** 2),
    np.diag(np.array([0.3, 0.2, 0.4, 0.3]) ** 2),
    np.diag(np.array([0.7, 0.3, 0.7, 0.5]) ** 2),
)
_DF = 4.0
_GOOD_ACCEPTANCE = 0.3
_STEPS = (1.0, 3.0, 1.0, 3.0)
"""Lengths of the steps of one pair in a sweep: near, and far for those little is known of."""
_SCALE_SPREAD, _SLOPE_SPREAD = 0.5, 0.1
_USUAL_NOISE = MeasurementNoise(scale=0.02, slope=-0.35, df=_DF, correlation=0.0)


@dataclass
class _Reach:
    """Lengths of the steps, in spreads; tuned until enough of them are taken."""

    length: Array

    def tune(self, accepted: NDArray[np.bool_]) -> None:
        self.length = np.clip(self.length * np.exp(0.1 * (accepted - _GOOD_ACCEPTANCE)), 0.01, 3.0)


class Sampler:
    """A chain over all that is unknown.

    Attributes
    ----------
    z : ndarray of shape (n_pairs, 4)
        Coordinates of the curve of each pair.
    levels : Levels
    spreads : Spreads
    noise : MeasurementNoise
    """

    def __init__(self, data: LevelPoints, rng: np.random.Generator) -> None:
        self.data, self.rng = data, rng
        self.z = _start(data) + 0.05 * rng.normal(size=(data.n_pairs, 4))
        self.spreads, self.noise = _USUAL, _USUAL_NOISE
        self.levels = draw_levels(self.z, data, self.spreads, rng)
        self._calm = np.ones(data.n_pairs)
        self._dataset, self._learner = data.dataset[data.pair], data.learner[data.pair]
        self._variance = self._variances(self.noise)
        self._misfit = self._misfits(self.z)
        n_all = 1 + len(KINDS)
        counts = {"pair": data.n_pairs, "dataset": data.n_datasets, "all": n_all}
        starts = {"pair": 0.5, "dataset": 0.3, "all": 0.1, "learner": 0.2}
        counts["learner"] = len(data.names)
        self._reach = {key: _Reach(np.full(counts[key], starts[key])) for key in counts}

    def sweep(self, *, tune: bool) -> None:
        """Move and draw everything once."""
        for length in _STEPS:
            self._move_pairs(length, tune=tune and length == 1.0)
        for _ in range(3):
            self._move_datasets(tune=tune)
        for _ in range(2):
            self._move_learners(tune=tune)
            for place in range(1 + len(KINDS)):
                self._move_all(place, tune=tune)
        self.levels = draw_levels(self.z, self.data, self.spreads, self.rng)
        self._draw_spreads()
        self._draw_calm()
        self._draw_noise()

    def _misfits(self, z: Array) -> Array:
        """Give the squared residual of each point."""
        params = from_unbounded(z)[self.data.pair]
        sizes = np.exp(self.data.log_sizes)
        return (self.data.scores - sigmoid_curve(sizes[:, None], params)[:, 0]) ** 2

    def _variances(self, noise: MeasurementNoise) -> Array:
        sizes = np.exp(np.maximum(self.data.log_sizes, 0.0))
        return noise.scales(sizes, self.data.scores) ** 2 + self.data.errors**2

    def _gain(self, misfit: Array, index: Places, n: int) -> Array:
        """Give the gain in log likelihood of new misfits, summed by an index of the points."""
        calm = self._calm[self.data.pair]
        gains = 0.5 * calm * (self._misfit - misfit) / self._variance
        return np.asarray(np.bincount(index, gains, minlength=n), dtype=np.float64)

    def _steps(self, key: str, spread: Array, length: float = 1.0) -> Array:
        reach = length * self._reach[key].length[:, None]
        return reach * (self.rng.normal(size=(len(reach), 4)) @ np.linalg.cholesky(spread).T)

    def _accept(self, gain: Array) -> NDArray[np.bool_]:
        return np.log(self.rng.random(len(gain))) < gain

    def _move_pairs(self, length: float, *, tune: bool) -> None:
        data, levels = self.data, self.levels
        new = self.z + self._steps("pair", self.spreads.within, length)
        misfit = self._misfits(new)
        centre = levels.dataset[data.dataset] + levels.learner[data.learner]
        gain = self._gain(misfit, data.pair, data.n_pairs)
        gain += _log_ratio(new - centre, self.z - centre, self.spreads.within)
        accepted = self._accept(gain)
        self._take(new, misfit, accepted, accepted[data.pair])
        if tune:
            self._reach["pair"].tune(accepted)

    def _move_datasets(self, *, tune: bool) -> None:
        levels, n = self.levels, self.data.n_datasets
        step = self._steps("dataset", self.spreads.dataset)
        new = self.z + step[self.data.dataset]
        misfit = self._misfits(new)
        own = levels.dataset - levels.mean
        gain = self._gain(misfit, self._dataset, n)
        change = _log_ratio(own + step, own, self.spreads.dataset)
        accepted = self._accept(gain + self.data.dataset_weights * change)
        levels.dataset = levels.dataset + step * accepted[:, None]
        self._take(new, misfit, accepted[self.data.dataset], accepted[self._dataset])
        if tune:
            self._reach["dataset"].tune(accepted)

    def _move_learners(self, *, tune: bool) -> None:
        levels, n = self.levels, len(self.data.names)
        step = self._steps("learner", self.spreads.learner)
        new = self.z + step[self.data.learner]
        misfit = self._misfits(new)
        own = levels.learner - levels.shifts[self.data.kind]
        gain = self._gain(misfit, self._learner, n)
        accepted = self._accept(gain + _log_ratio(own + step, own, self.spreads.learner))
        levels.learner = levels.learner + step * accepted[:, None]
        self._take(new, misfit, accepted[self.data.learner], accepted[self._learner])
        if tune:
            self._reach["learner"].tune(accepted)

    def _move_all(self, place: int, *, tune: bool) -> None:
        """Move all curves together (place 0), or those of one kind."""
        levels, data = self.levels, self.data
        of_learner = np.ones(len(data.names), bool) if place == 0 else data.kind == place - 1
        if not of_learner.any():
            return
        spread = self.spreads.dataset if place == 0 else self.spreads.learner
        step = self._steps("all", spread)[place]
        new = self.z + step * of_learner[data.learner][:, None]
        misfit = self._misfits(new)
        if place == 0:
            old, centre, width = levels.mean, USUAL_MEAN, MEAN_SPREAD
        else:
            old, centre, width = levels.shifts[place - 1], np.zeros(4), SHIFT_SPREAD
        gain = self._gain(misfit, np.zeros_like(data.pair), 1)
        gain += _log_ratio((old + step - centre)[None], (old - centre)[None], np.diag(width**2))
        accepted = self._accept(gain)
        if accepted[0]:
            self.z, self._misfit = new, misfit
            if place == 0:
                levels.mean, levels.dataset = levels.mean + step, levels.dataset + step
            else:
                levels.learner = levels.learner + step * of_learner[:, None]
                levels.shifts = levels.shifts.copy()
                levels.shifts[place - 1] += step
        if tune:
            reach = self._reach["all"].length
            reach[place] *= np.exp(0.1 * (accepted[0] - _GOOD_ACCEPTANCE))

    def _take(
        self, z: Array, misfit: Array, pairs: NDArray[np.bool_], points: NDArray[np.bool_]
    ) -> None:
        self.z = np.where(pairs[:, None], z, self.z)
        self._misfit = np.where(points, misfit, self._misfit)

    def _draw_spreads(self) -> None:
        data, levels = self.data, self.levels
        centre = levels.dataset[data.dataset] + levels.learner[data.learner]
        to_mean = levels.dataset - levels.mean
        to_shift = levels.learner - levels.shifts[data.kind]
        self.spreads = Spreads(
            draw_spread(to_mean, data.dataset_weights, data.n_datasets, _USUAL.dataset, self.rng),
            draw_spread(to_shift, data.learner_weights, None, _USUAL.learner, self.rng),
            draw_spread(self.z - centre, data.pair_weights, None, _USUAL.within, self.rng),
        )

    def _draw_calm(self) -> None:
        """Draw how little noise each curve has: with it the noise is Student-t."""
        data = self.data
        counts = np.bincount(data.pair, minlength=data.n_pairs)
        square = np.bincount(data.pair, self._misfit / self._variance, minlength=data.n_pairs)
        self._calm = self.rng.gamma((_DF + counts) / 2, 2 / (_DF + square))

    def _draw_noise(self) -> None:
        old = self.noise
        scale = old.scale * np.exp(0.1 * self.rng.normal())
        slope = float(np.clip(old.slope + 0.04 * self.rng.normal(), -0.6, 0.1))
        new = MeasurementNoise(float(scale), slope, _DF, 0.0)
        variance = self._variances(new)
        if np.log(self.rng.random()) < self._fit(new, variance) - self._fit(old, self._variance):
            self.noise, self._variance = new, variance

    def _fit(self, noise: MeasurementNoise, variance: Array) -> float:
        calm = self._calm[self.data.pair]
        fit = -0.5 * (np.log(variance) + calm * self._misfit / variance).sum()
        fit -= 0.5 * (np.log(noise.scale / _USUAL_NOISE.scale) / _SCALE_SPREAD) ** 2
        return float(fit - 0.5 * ((noise.slope - _USUAL_NOISE.slope) / _SLOPE_SPREAD) ** 2)


def _start(data: LevelPoints) -> Array:
    """Give curves of the usual shape at the mean level of their points."""
    level = logit(np.clip(data.scores, 0.05, 0.95))
    counts = np.bincount(data.pair, minlength=data.n_pairs)
    mean = np.bincount(data.pair, level, minlength=data.n_pairs) / counts
    z = np.tile(USUAL_MEAN, (data.n_pairs, 1))
    z[:, [0, 3]] += 0.7 * (mean - 0.2)[:, None]
    return z


def _log_ratio(new: Array, old: Array, spread: Array) -> Array:
    """Give the gain in log density of deviations (n, 4) from 0."""
    precision = np.linalg.inv(spread)
    return 0.5 * (((old @ precision) * old).sum(axis=1) - ((new @ precision) * new).sum(axis=1))
