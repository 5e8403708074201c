"""One trained ensemble on one set of features: scaling, bootstrap, training, shrinkage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNetRegressor
from skorch.callbacks import LRScheduler

from ptssp_sklearn.calibration import MOST_CURVES, calibrate
from ptssp_sklearn.distribution import NOMINAL
from ptssp_sklearn.losses import LossReport, listener
from ptssp_sklearn.mixture import Mixture, fit_mixture
from ptssp_sklearn.network import CurveLoss, NetworkEnsemble, TargetLoss
from ptssp_sklearn.noise import MeasurementNoise
from ptssp_sklearn.patterns import Region
from ptssp_sklearn.posterior import CurvePrior
from ptssp_sklearn.projection import fit_curves
from ptssp_sklearn.scaling import Standardiser, relevance
from ptssp_sklearn.sigmoid import from_unbounded, sigmoid_curve, to_unbounded

Array = NDArray[np.float64]

_SHRINKAGES = np.linspace(0.0, 1.0, 21)
_LEAST_ROWS = 20
_LEAST_BOOTSTRAP = 8
_JOINT_POINTS = 20_000
_FAR = 10.0
_LEAST_WEIGHT = 0.5


@dataclass(frozen=True)
class ExpertSettings:
    """Settings of an ensemble; `sizes` is None where targets are no curves."""

    n_networks: int
    n_hidden: int
    n_steps: int
    batch_size: int
    lr: float
    weight_decay: float
    dropout: float
    input_dropout: float
    sizes: tuple[float, ...] | None
    device: str
    verbose: int


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
        Of a curve's coordinates and their prediction by networks that did not see it;
        only where targets are curves.
    level_maps_ : (LevelMap, LevelMap)
        Calibration without a pilot and with one; see `calibrate`.
    """

    def __init__(self, settings: ExpertSettings, region: Region) -> None:
        self.settings = settings
        self.region = region
        self.level_maps_ = (NOMINAL, NOMINAL)
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
            Of this ensemble among those of the estimator: names its losses.
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
        weights = _bootstrap(groups[rows], self.settings.n_networks, seed)
        known, profiles = np.isfinite(X), self._profiles(targets)
        own = [relevance(inputs, known, profiles, counts) for counts in weights.T]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.net_ = self._make_net(np.array(own, dtype=np.float32), len(goal))
            if listener() is not None:
                self.net_.set_params(callbacks=[*self.net_.callbacks, LossReport(number)])
            self.net_.fit(inputs, np.hstack([goal, weights]).astype(np.float32))
        members = self._members(inputs)
        self.shrinkage_ = self._find_shrinkage(members, weights, targets)
        if samples is not None:
            unseen, centre = self._predict_unseen(members, weights)
            self._held_out = np.flatnonzero(rows)[unseen], centre
            self.joint_ = _join(samples[rows][unseen], centre, targets[unseen], seed)
        return self

    def predict(self, X: Array) -> Array:
        """Predict the targets of rows, shape (n_rows, n_outputs)."""
        deviation = self._members(self.scaler_.transform(X[:, self.region.columns])).mean(axis=1)
        return self.mean_ + self.shrinkage_ * deviation * self.scale_

    def prior(self, X: Array) -> Mixture:
        """Give what is believed of the curves of rows, over unbounded coordinates."""
        return self.joint_.condition(self.predict(X))

    def calibrate(self, sizes: Array, scores: Array, noise: MeasurementNoise, seed: int) -> None:
        """Calibrate on rows as predicted by networks that did not see them.

        Parameters
        ----------
        sizes : ndarray of shape (n_sizes,), images
        scores : ndarray of shape (n_rows, n_sizes)
            Measured curves of the rows `fit` was given.
        noise : MeasurementNoise
        seed : int
        """
        assert self._held_out is not None
        rows, centre = self._held_out
        order = np.random.default_rng(seed).permutation(len(rows))
        _, first = np.unique(scores[rows[order]], axis=0, return_index=True)
        picked = order[np.sort(first)[:MOST_CURVES]]
        prior = CurvePrior(self.joint_.condition(centre[picked]), noise, seed)
        self.level_maps_ = calibrate(prior, sizes, scores[rows[picked]])
        self._held_out = None

    def represent(self, X: Array) -> Array:
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

    def _members(self, inputs: NDArray[np.float32]) -> Array:
        """Give each network's standardised answer, shape (n_rows, n_networks, n_outputs)."""
        return self.net_.forward(inputs).cpu().numpy().astype(np.float64)

    def _make_net(self, weights: NDArray[np.float32], n_rows: int) -> NeuralNetRegressor:
        settings = self.settings
        steps = max(1, -(-n_rows // settings.batch_size))
        epochs = -(-settings.n_steps // steps)
        schedule = LRScheduler(
            torch.optim.lr_scheduler.OneCycleLR,
            max_lr=settings.lr,
            total_steps=epochs * steps + 1,
            step_every="batch",
        )
        return NeuralNetRegressor(
            NetworkEnsemble,
            module__relevance=torch.from_numpy(weights),
            module__n_outputs=len(self.mean_),
            module__n_hidden=settings.n_hidden,
            module__dropout=settings.dropout,
            module__input_dropout=settings.input_dropout,
            optimizer=torch.optim.AdamW,
            optimizer__weight_decay=settings.weight_decay,
            lr=settings.lr,
            max_epochs=epochs,
            batch_size=settings.batch_size,
            iterator_train__shuffle=True,
            train_split=None,
            callbacks=[("schedule", schedule)],
            device=_device(settings.device),
            verbose=settings.verbose,
            **self._criterion(),
        )

    def _criterion(self) -> dict[str, Any]:
        if self.settings.sizes is None:
            return {"criterion": TargetLoss}
        as_tensor = {
            "mean": self.mean_,
            "scale": self.scale_,
            "sizes": np.array(self.settings.sizes),
        }
        return {"criterion": CurveLoss} | {
            f"criterion__{k}": torch.tensor(v, dtype=torch.float32) for k, v in as_tensor.items()
        }

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

    def _find_shrinkage(self, members: Array, weights: Array, targets: Array) -> float:
        """Choose the shrinkage that is best on rows the networks were not trained on."""
        unseen = weights == 0
        rows = unseen.any(axis=1)
        if rows.sum() < _LEAST_ROWS:
            return 1.0
        deviation = _average(members[rows], unseen[rows]) * self.scale_
        truth = self._profiles(targets[rows])
        errors = [
            np.mean((self._profiles(self.mean_ + factor * deviation) - truth) ** 2)
            for factor in _SHRINKAGES
        ]
        return float(_SHRINKAGES[int(np.argmin(errors))])

    def _predict_unseen(self, members: Array, weights: Array) -> tuple[NDArray[np.intp], Array]:
        """Predict rows by the networks that did not see them; give which rows have some."""
        unseen = weights == 0
        if not unseen.any():
            unseen = np.ones_like(unseen)
        rows = np.flatnonzero(unseen.any(axis=1))
        deviation = _average(members[rows], unseen[rows]) * self.scale_
        return rows, self.mean_ + self.shrinkage_ * deviation


def _join(samples: Array, centre: Array, targets: Array, seed: int) -> Mixture:
    """Learn how curves lie about their predictions."""
    n_samples = int(np.clip(_JOINT_POINTS // len(centre), 2, samples.shape[1]))
    picked = samples[:, :n_samples]
    beside = np.broadcast_to(centre[:, None], picked.shape)
    n_curves = len(np.unique(targets, axis=0))
    return fit_mixture(np.concatenate([picked, beside], axis=2), n_curves=n_curves, seed=seed)


def _average(members: Array, weights: NDArray[np.bool_]) -> Array:
    """Average the networks' answers (n_rows, n_networks, n_outputs), each row its own."""
    share = weights / weights.sum(axis=1, keepdims=True)
    return np.einsum("nko,nk->no", members, share)


def _bootstrap(groups: NDArray[np.intp], n_networks: int, seed: int) -> Array:
    """Draw how often each network sees a row; a group is drawn as one."""
    rng = np.random.default_rng(seed)
    names, place = np.unique(groups, return_inverse=True)
    if len(names) < _LEAST_BOOTSTRAP:
        return np.ones((len(groups), n_networks))
    return rng.poisson(1.0, size=(len(names), n_networks)).astype(np.float64)[place.ravel()]


def _device(name: str) -> str:
    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"
