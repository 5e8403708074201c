"""What is asked of whom: banks as vectors, conditions, folds of whole groups, the truth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import Bunch

from experiments.draws import embed_draws, standard_draws
from ptssp_sklearn.metrics import reached_sizes
from ptssp_sklearn.projection import fit_curves
from ptssp_sklearn.sigmoid import sigmoid_curve

Array = NDArray[np.float64]

N_FOLDS = 10
SHARES = (0.5, 0.75, 0.9)
DRAWS = standard_draws()
CONDITIONS = {
    "four images + masks": (4, True),
    "eight images + masks": (8, True),
    "four images": (4, False),
}
"""Number of images and whether they have masks; the first such draw is asked about."""


@dataclass(frozen=True)
class Bank:
    """A bank as vectors.

    Parameters
    ----------
    name : str
    sizes : ndarray of shape (n_sizes,), images
    curves : ndarray of shape (n_rows, n_sizes), fractions, NaN where not measured
    groups : ndarray of shape (n_rows,)
        What must not stand on both sides of a split.
    vectors : list of ndarray of shape (n_rows, n_features)
        One table a draw; empty where there are no images.
    """

    name: str
    sizes: Array
    curves: Array
    groups: NDArray
    vectors: list[Array]

    def __len__(self) -> int:
        return len(self.curves)

    def take(self, rows: NDArray) -> Bank:
        """Keep some rows."""
        return replace(
            self,
            curves=self.curves[rows],
            groups=self.groups[rows],
            vectors=[v[rows] for v in self.vectors],
        )

    def of(self, condition: str) -> Array:
        """Give the vectors of the first draw of a condition; a bank of one draw has no other."""
        if len(self.vectors) == 1:
            return self.vectors[0]
        kind = CONDITIONS[condition]
        pairs = zip(DRAWS, self.vectors, strict=True)
        return next(v for draw, v in pairs if (draw.n_images, draw.masks) == kind)

    def only(self, condition: str) -> Bank:
        """Keep the vectors of one condition."""
        return replace(self, vectors=[self.of(condition)])

    def one_group_a_row(self) -> Bank:
        """Let every row be a group of its own."""
        return replace(self, groups=np.arange(len(self)))

    def at(self, sizes: Array) -> Array:
        """Give the curves at given sizes, NaN where not measured."""
        table = pd.DataFrame(self.curves, columns=self.sizes)
        return table.reindex(columns=pd.Index(sizes)).to_numpy()

    def filled(self, sizes: Array) -> Array:
        """Give the curves at given sizes; what was not measured is read off the fitted 4PL."""
        curves = self.at(sizes)
        missing = np.isnan(curves)
        if missing.any():
            fitted = sigmoid_curve(sizes, fit_curves(self.sizes, self.curves))
            curves = np.where(missing, fitted, curves)
        return curves


def read_bank(bank: Bunch) -> Bank:
    """Embed a bank's images, where it has any."""
    vectors = [] if bank.X is None else embed_draws(bank, DRAWS)
    sizes = bank.y.columns.to_numpy(dtype=float)
    return Bank(bank.name, sizes, bank.y.to_numpy(), np.asarray(bank.groups), vectors)


def fold_numbers(groups: NDArray, n_folds: int, seed: int) -> NDArray[np.intp]:
    """Give each row the number of its fold; a group is in one fold only.

    Parameters
    ----------
    groups : ndarray of shape (n_rows,)
    n_folds : int
        At most as many folds as there are groups are used.
    seed : int
    """
    names, place = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(names))
    start = int(rng.integers(n_folds))
    return (order[place.ravel()] + start) % n_folds


def named_groups(bank: Bank) -> NDArray[np.str_]:
    """Give the groups of a bank names of their own, so that banks can stand together."""
    return np.char.add(f"{bank.name}:", bank.groups.astype(str))


@dataclass(frozen=True)
class Truth:
    """Measured curves, and the sizes at which they reach shares of their final score.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,), images
    curves : ndarray of shape (n_rows, n_sizes)
    targets, needed : ndarray of shape (n_rows, n_shares)
        `needed` is NaN where the first measured score is above the target already.
    """

    sizes: Array
    curves: Array
    targets: Array
    needed: Array

    @classmethod
    def of(cls, sizes: Array, curves: Array, shares: tuple[float, ...] = SHARES) -> Truth:
        pairs = [reached_sizes(sizes, curve, shares) for curve in curves]
        return cls(sizes, curves, np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs]))

    def take(self, rows: NDArray) -> Truth:
        """Keep some rows."""
        return Truth(self.sizes, self.curves[rows], self.targets[rows], self.needed[rows])
