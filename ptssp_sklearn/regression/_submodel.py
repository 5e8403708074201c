"""One trained ensemble: what it learns from, how far it is trusted, how curves lie about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNetRegressor

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.calibration import MOST_CURVES, calibrate
from ptssp_sklearn.bayes.exponential_tilting import TILT_SIZES, find_slopes, mean_scores
from ptssp_sklearn.bayes.mixture import Mixture, blend, fit_mixture
from ptssp_sklearn.bayes.population import Population
from ptssp_sklearn.bayes.posterior import CurvePrior
from ptssp_sklearn.bayes.quantile_levels import NOMINAL, LevelMap
from ptssp_sklearn.curves.sigmoid import from_unbounded, sigmoid_curve, to_unbounded
from ptssp_sklearn.curves.variable_projection import fit_curves
from ptssp_sklearn.regression._missing_patterns import Region
from ptssp_sklearn.regression._out_of_bag import average_unseen, choose_shrinkage, draw_counts
from ptssp_sklearn.regression._scaling import Standardiser, relevance
from ptssp_sklearn.regression._training import ExpertSettings, make_net

_JOINT_POINTS = 20_000
_FAR = 10.0
_LEAST_WEIGHT = 0.5


class Expert:
    """An ensemble of networks for the rows of a region.

    Attributes
    ----------
    scaler_ : Standardiser
    net_ : skorch.NeuralNetRegressor
    mean_, scale_ : ndarray of shape (n_outputs,)
        Standardisation of the targets; curves are centred on that of their mean.
    shrinkage_ : float
        Share of the predicted deviation from the mean that is kept, in [0, 1].
    joint_ : Mixture
        Distribution of a curve's coordinates and their prediction by networks that did not see it;
        only where targets are curves.
    level_maps_ : tuple of LevelMap
        Calibration by number of points; see `calibrate`.
    tilted_ : bool
        Whether the mean of what is believed is the predicted curve; see
        `ptssp_sklearn.bayes.exponential_tilting`.
    """

    def __init__(self, settings: ExpertSettings, region: Region) -> None:
        self.settings = settings
        self.region = region
        self.level_maps_: tuple[LevelMap, ...] = (NOMINAL,)
        self.tilted_ = True
        self._held_out: tuple[NDArray[np.intp], Array] | None = None

    def fit(
        self,
        X: Array,
        targets: Array,
        *,
        groups: NDArray[np.intp],
        samples: Array | None = None,
        number: int = 0,
        seed: int,
    ) -> Expert:
        """Train on the rows of X that lie in the region.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features)
        targets : ndarray of shape (n_rows, n_outputs)
        groups : ndarray of shape (n_rows,)
            Numbers of what is drawn together: networks saw all of a group or nothing.
        samples : ndarray of shape (n_rows, n_samples, 4), optional
            Coordinates each row's curve may have, for `prior`.
        number : int, default=0
            Number of this ensemble among those of the estimator: names its losses.
        seed : int
        """
        rows = self.region.holds(X)
        X, targets = X[rows][:, self.region.columns], targets[rows]
        self.mean_ = self._centre(targets)
        deviation = targets.std(axis=0)
        self.scale_ = np.where(deviation > 1e-9, deviation, 1.0)
        goal = (targets - self.mean_) / self.scale_
        self.scaler_ = Standardiser().fit(X)
        inputs = self.scaler_.transform(X)
        weights = draw_counts(groups[rows], self.settings.n_networks, seed)
        known, profiles = np.isfinite(X), self._profiles(targets)
        datasets = np.unique(targets, axis=0, return_inverse=True)[1].ravel()
        own = [relevance(inputs, known, profiles, c, datasets) for c in weights.T]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.net_ = self._make_net(np.array(own), len(goal), number)
            self.net_.fit(inputs, np.hstack([goal, weights]).astype(np.float32))
        members = self._members(inputs)
        self.shrinkage_ = self._find_shrinkage(members, weights, targets, datasets)
        if samples is not None:
            unseen, centre = self._predict_unseen(members, weights)
            self._held_out = np.flatnonzero(rows)[unseen], centre
            self.joint_ = _join(samples[rows][unseen], centre, datasets[unseen], seed)
        return self

    def predict(self, X: Array) -> Array:
        """Predict the targets of rows, shape (n_rows, n_outputs)."""
        deviation = self._members(self.scaler_.transform(X[:, self.region.columns])).mean(axis=1)
        return self.mean_ + self.shrinkage_ * deviation * self.scale_

    def prior(
        self, X: Array, population: Population, seed: int, share: Array | None = None
    ) -> CurvePrior:
        """Give what is believed of the curves of rows.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features)
        population : Population
        seed : int
        share : ndarray of shape (n_rows,), optional
            How much each row is believed to be like the population; by default not at all.
        """
        prior = self._around(self.predict(X), population, seed, share)
        return replace(prior, level_maps=self.level_maps_)

    def calibrate(self, sizes: Array, scores: Array, population: Population, seed: int) -> None:
        """Calibrate on rows as predicted by networks that did not see them.

        Parameters
        ----------
        sizes : ndarray of shape (n_sizes,), images
        scores : ndarray of shape (n_rows, n_sizes)
            Measured curves of the rows `fit` was given.
        population : Population
        seed : int
        """
        assert self._held_out is not None
        rows, centre = self._held_out
        order = np.random.default_rng(seed).permutation(len(rows))
        _, first = np.unique(scores[rows[order]], axis=0, return_index=True)
        picked = order[np.sort(first)[:MOST_CURVES]]
        prior = self._around(centre[picked], population, seed)
        self.level_maps_ = calibrate(prior, sizes, scores[rows[picked]])
        self._held_out = None

    def transform(self, X: Array) -> Array:
        """Place rows where distance is unlikeness: standardised, weighted by relevance.

        No feature weighs nothing: what says little of curves may still be strange.
        """
        weights = np.hypot(self.net_.module_.relevance.cpu().numpy().mean(axis=0), _LEAST_WEIGHT)
        return weights * self.scaler_.transform(X[:, self.region.columns], limit=_FAR)

    def restore(self, state: dict[str, torch.Tensor]) -> Expert:
        """Build the networks from their weights instead of training them."""
        self.net_ = self._make_net(state["relevance"].numpy(), 1).initialize()
        self.net_.module_.load_state_dict(state)
        return self

    def _around(
        self, centre: Array, population: Population, seed: int, share: Array | None = None
    ) -> CurvePrior:
        """Believe that curves lie about predicted ones, whose mean they keep where tilted."""
        mixture = self.joint_.condition(centre)
        if share is not None:
            mixture = blend(mixture, population.mixture.rows(len(centre)), share)
        if not self.tilted_:
            return CurvePrior(mixture, population.noise, seed)
        goal = sigmoid_curve(TILT_SIZES, from_unbounded(centre))
        if share is not None:
            usual = mean_scores(population.mixture, seed)
            goal += share[:, None] * (usual - goal)
        return CurvePrior(mixture, population.noise, seed, slopes=find_slopes(mixture, goal, seed))

    def _members(self, inputs: NDArray[np.float32]) -> Array:
        """Give each network's standardised answer, shape (n_rows, n_networks, n_outputs)."""
        return self.net_.forward(inputs).cpu().numpy().astype(np.float64)

    def _make_net(self, weights: Array, n_rows: int, number: int = 0) -> NeuralNetRegressor:
        return make_net(self.settings, weights, self.mean_, self.scale_, n_rows, number=number)

    def _profiles(self, targets: Array) -> Array:
        """Give what errors are measured in: the curve's points, or the standardised targets."""
        if self.settings.sizes is None:
            return (targets - self.mean_) / self.scale_
        return sigmoid_curve(np.array(self.settings.sizes), from_unbounded(targets))

    def _centre(self, targets: Array) -> Array:
        """Give the constant that errs least: the coordinates of the mean curve."""
        if self.settings.sizes is None:
            return targets.mean(axis=0)
        sizes = np.array(self.settings.sizes)
        mean = sigmoid_curve(sizes, from_unbounded(targets)).mean(axis=0)
        return to_unbounded(fit_curves(sizes, mean[None]))[0]

    def _find_shrinkage(
        self, members: Array, weights: Array, targets: Array, datasets: NDArray[np.intp]
    ) -> float:
        """Choose the shrinkage that is best on rows the networks were not trained on."""
        rows, deviation = average_unseen(members, weights)
        truth = self._profiles(targets[rows])

        def errors(share: float) -> Array:
            found = self._profiles(self.mean_ + share * deviation * self.scale_)
            return ((found - truth) ** 2).mean(axis=1)

        return choose_shrinkage(errors, datasets[rows])

    def _predict_unseen(self, members: Array, weights: Array) -> tuple[NDArray[np.intp], Array]:
        """Predict rows by the networks that did not see them; give which rows have some."""
        if not (weights == 0).any():
            weights = np.zeros_like(weights)
        rows, deviation = average_unseen(members, weights)
        return rows, self.mean_ + self.shrinkage_ * deviation * self.scale_


def _join(samples: Array, centre: Array, datasets: NDArray[np.intp], seed: int) -> Mixture:
    """Learn how curves lie about their predictions.

    What is learned is the distance from the prediction: where few curves tell of it, it is
    drawn towards none, not the curve towards the mean of all.
    """
    n_samples = int(np.clip(_JOINT_POINTS // len(centre), 2, samples.shape[1]))
    picked = samples[:, :n_samples]
    beside = np.broadcast_to(centre[:, None], picked.shape)
    points = np.concatenate([picked - beside, beside], axis=2)
    apart = fit_mixture(points, n_curves=len(np.unique(datasets)), seed=seed)
    n = samples.shape[2]
    back = np.eye(2 * n) + np.eye(2 * n, k=n)
    return Mixture(apart.weights, apart.means @ back.T, back @ apart.covariances @ back.T)
