"""Collections played through in simulation: rounds of labelling, training and measuring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.curves.sigmoid import inverse_sigmoid_curve, sigmoid_curve, whole_images

_TRUTHS = 200
_BELIEVED = 400
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Rollouts:
    """Simulated collections.

    Parameters
    ----------
    labelled : int
        Images there are from the start.
    sizes : ndarray of shape (n_truths, n_rounds), images in all
    on, reached : bool ndarray of shape (n_truths, n_rounds)
        Rounds in which a collection was still on, and in which it reached the target.
    """

    labelled: int
    sizes: Array
    on: NDArray[np.bool_]
    reached: NDArray[np.bool_]

    @property
    def success(self) -> float:
        """Share of the collections that reached the target."""
        return float(self.reached.any(axis=1).mean())

    @property
    def final(self) -> Array:
        """Images at the end of each collection, shape (n_truths,)."""
        return np.where(self.on, self.sizes, 0.0).max(axis=1)

    def table(self) -> pd.DataFrame:
        """Give one row a round, as `CollectionPlan.rounds` has it."""
        rows = []
        for number, on in enumerate(self.on.T):
            size = float(np.median(self.sizes[on, number])) if on.any() else np.nan
            reached = float(self.reached[:, : number + 1].any(axis=1).mean())
            rows.append({"size": np.ceil(size), "needed": float(on.mean()), "reached": reached})
        return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="round"))


@dataclass(frozen=True)
class Simulator:
    """What collections are simulated on.

    Parameters
    ----------
    truths : ndarray of shape (n_truths, 4)
        A, B, C, D of curves that are taken for the truth in turn.
    believed : ndarray of shape (n_believed, 4)
        Curves that a collection thinks possible, by rising required size.
    needed : ndarray of shape (n_believed,), images
        The required size of each.
    noise : MeasurementNoise
    draws : ndarray of shape (n_truths, n_rounds)
        Standardised noise of the measurements.
    target : float, fraction
    labelled : int, images
    first_size : float, images
        More is not asked for in the first round.
    max_size : float, images
    """

    truths: Array
    believed: Array
    needed: Array
    noise: MeasurementNoise
    draws: Array
    target: float
    labelled: int
    first_size: float
    max_size: float

    @classmethod
    def of(
        cls,
        now: CurveDistribution,
        target: float,
        *,
        labelled: int,
        first_size: float,
        max_size: float,
        rounds: int,
    ) -> Simulator:
        """Set up what is believed now, a distribution of one row."""
        truths, believed = (now.ranked_params(target, _even(n))[0] for n in (_TRUTHS, _BELIEVED))
        needed = inverse_sigmoid_curve(np.array([target]), believed)[:, 0]
        finite = needed <= max_size
        if finite.any():
            believed, needed = believed[finite], needed[finite]
        return cls(
            truths=truths,
            believed=believed,
            needed=np.minimum(needed, max_size),
            noise=now.noise,
            draws=np.random.default_rng(now.seed).standard_t(now.noise.df, (_TRUTHS, rounds)),
            target=target,
            labelled=labelled,
            first_size=first_size,
            max_size=max_size,
        )

    def simulate(self, levels: Array) -> Rollouts:
        """Collect once for each truth.

        Parameters
        ----------
        levels : ndarray of shape (n_rounds,), in (0, 1)
            Quantile of the believed required size that each round asks for.
        """
        n, rounds = self.draws.shape
        log_weights = np.zeros((n, len(self.believed)))
        sizes = np.zeros((n, rounds))
        on, reached = np.zeros((n, rounds), bool), np.zeros((n, rounds), bool)
        last, going = np.full(n, float(self.labelled)), np.ones(n, bool)
        for number, level in enumerate(levels):
            on[:, number] = going
            wanted = self._quantile(log_weights, level)
            wanted = np.minimum(wanted, self.max_size if number else self.first_size)
            last = sizes[:, number] = np.minimum(np.maximum(wanted, last + 1), self.max_size)
            if not going.any():
                continue
            true = sigmoid_curve(last[:, None], self.truths)[:, 0]
            reached[:, number] = going & (true >= self.target - _ROUNDING)
            going = going & ~reached[:, number]
            if number + 1 < rounds:
                measured = true + self.draws[:, number] * self.noise.scales(last, true)
                log_weights[going] += self._weigh(last[going], measured[going])
        return Rollouts(self.labelled, sizes, on, reached)

    def _weigh(self, sizes: Array, measured: Array) -> Array:
        """Give the log likelihood of measurements under the believed curves."""
        curves = sigmoid_curve(sizes, self.believed).T
        scale = self.noise.scales(sizes, measured)[:, None]
        square = ((measured[:, None] - curves) / scale) ** 2
        return self.noise.log_kernel(square)

    def _quantile(self, log_weights: Array, level: float) -> Array:
        weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
        edges = np.cumsum(weights, axis=1)
        place = (edges < level * edges[:, -1:]).sum(axis=1)
        return whole_images(self.needed[np.minimum(place, len(self.needed) - 1)])


def _even(n: int) -> Array:
    """Give the middles of so many equal shares."""
    return (np.arange(n) + 0.5) / n
