"""What is asked of whom: banks as vectors, conditions, folds of whole groups, the truth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import Bunch

from experiments.protocol.draws import Draw, bank_draws, embed_draws
from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.metrics import reached_tables
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from ptssp_sklearn.curves.variable_projection import fit_curves

N_FOLDS = 5
SHARES = (0.5, 0.75, 0.9)
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
    draws : list of Draw
        Empty where there are no images.
    vectors : list of ndarray of shape (n_rows, n_features), one a draw
    names : ndarray of shape (n_rows,)
        Of the datasets.
    """

    name: str
    sizes: Array
    curves: Array
    groups: NDArray
    draws: list[Draw]
    vectors: list[Array]
    names: NDArray

    def __len__(self) -> int:
        return len(self.curves)

    def take(self, rows: NDArray) -> Bank:
        """Keep some rows."""
        return replace(
            self,
            curves=self.curves[rows],
            groups=self.groups[rows],
            names=self.names[rows],
            vectors=[v[rows] for v in self.vectors],
        )

    def of(self, condition: str) -> Array:
        """Give the vectors of the first draw of a condition."""
        return self.only(condition).vectors[0]

    def only(self, condition: str) -> Bank:
        """Keep the draws of one condition."""
        pairs = zip(self.draws, self.vectors, strict=True)
        kind = CONDITIONS[condition]
        kept = [(draw, v) for draw, v in pairs if (draw.n_images, draw.masks) == kind]
        return replace(self, draws=[draw for draw, _ in kept], vectors=[v for _, v in kept])

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
    draws = [] if bank.X is None else bank_draws(bank)
    sizes = bank.y.columns.to_numpy(dtype=float)
    vectors = embed_draws(bank, draws) if draws else []
    curves, groups, names = bank.y.to_numpy(), np.asarray(bank.groups), bank.y.index.to_numpy(str)
    return Bank(bank.name, sizes, curves, groups, draws, vectors, names)


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
        return cls(sizes, curves, *reached_tables(sizes, curves, shares))

    def take(self, rows: NDArray) -> Truth:
        """Keep some rows."""
        return Truth(self.sizes, self.curves[rows], self.targets[rows], self.needed[rows])
