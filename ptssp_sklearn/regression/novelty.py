"""What a model was trained on: how unlike a row is, and which datasets are most alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import euclidean_distances

from ptssp_sklearn._typing import Array

NOVEL = 0.95
"""Rows with a higher score are out of domain: one training dataset in twenty lies so far."""

_NEIGHBOURS = 5
_MOST_ROWS = 2000
_STEEPNESS = 4
_MOST_POPULATION = 0.999


@dataclass(frozen=True)
class References:
    """The training datasets as a model remembers them.

    Parameters
    ----------
    curves : DataFrame of shape (n_datasets, n_sizes)
        Curve table; the index names the datasets.
    features : ndarray of shape (n_rows, n_features), float32
        Some of the training rows; NaN where a feature does not exist.
    dataset : ndarray of shape (n_rows,)
        Place of each row's dataset in `curves`.
    """

    curves: pd.DataFrame
    features: NDArray[np.float32]
    dataset: NDArray[np.intp]

    @classmethod
    def of(
        cls, curves: pd.DataFrame, X: Array | None, dataset: NDArray[np.intp], *, seed: int
    ) -> References:
        """Keep at most 2000 rows, as many of each dataset as of any other."""
        if X is None:
            return cls(curves, np.empty((0, 0), np.float32), np.empty(0, np.intp))
        order = np.random.default_rng(seed).permutation(len(X))
        turn = pd.Series(order).groupby(dataset[order]).cumcount().to_numpy()
        kept = np.sort(order[np.argsort(turn, kind="stable")[:_MOST_ROWS]])
        return cls(curves, X[kept].astype(np.float32), dataset[kept])


@dataclass(frozen=True)
class Domain:
    """Training rows as points of a space in which distance means something.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_dims)
    dataset : ndarray of shape (n_points,)
        Points of one dataset are draws of it, and no neighbours of each other.
    """

    points: Array
    dataset: NDArray[np.intp]

    @cached_property
    def datasets(self) -> NDArray[np.intp]:
        """The distinct datasets, ascending."""
        return np.unique(self.dataset)

    @cached_property
    def usual(self) -> Array:
        """Distance of each training point from the other datasets, ascending."""
        if len(self.datasets) < 2:
            return np.empty(0)
        apart = self.distances(self.points)
        apart[self.dataset[:, None] == self.datasets] = np.inf
        return np.sort(_near(apart, len(self.datasets) - 1))

    @cached_property
    def limit(self) -> float:
        """Distance beyond which a row is out of domain; inf where datasets are few."""
        n = len(self.datasets)
        level = NOVEL * (n + 1) / n if n else np.inf
        return float(np.quantile(self.usual, level)) if n > 1 and level < 1 else np.inf

    def distances(self, points: Array) -> Array:
        """Give the distance of points to the nearest draw of each of `datasets`."""
        order = np.argsort(self.dataset, kind="stable")
        apart = euclidean_distances(points, self.points[order])
        starts = np.searchsorted(self.dataset[order], self.datasets)
        return np.minimum.reduceat(apart, starts, axis=1)

    def novelty_score(self, points: Array) -> Array:
        """Give the share of training points nearer to other datasets than each point is.

        With n datasets it is at most n / (n + 1): a few cannot say that a row is strange.
        """
        if not len(self.usual):
            return np.zeros(len(points))
        n = len(self.datasets)
        below = np.searchsorted(self.usual, self._apart(points), side="left")
        return below / len(self.usual) * n / (n + 1)

    def population_share(self, points: Array) -> Array:
        """Give the weight of the population: 0 in the domain, rising to 1 far from it."""
        if np.isinf(self.limit):
            return np.zeros(len(points))
        beyond = self.limit / np.maximum(self._apart(points), self.limit)
        return np.minimum(1.0 - beyond**_STEEPNESS, _MOST_POPULATION)

    def nearest(self, points: Array, n: int) -> tuple[NDArray[np.intp], Array, Array]:
        """Give the nearest datasets of each point, nearest first.

        Returns
        -------
        datasets : ndarray of shape (n_points, n)
        distances : ndarray of shape (n_points, n)
        weights : ndarray of shape (n_points, n)
            Weights of a Gaussian as wide as training points are usually apart; their sum is 1.
        """
        apart = self.distances(points)
        order = np.argsort(apart, axis=1, kind="stable")[:, :n]
        near = np.take_along_axis(apart, order, axis=1)
        width = np.median(self.usual) if len(self.usual) else 1.0
        weights = np.exp(-0.5 * (near**2 - near[:, :1] ** 2) / max(width, 1e-9) ** 2)
        return self.datasets[order], near, weights / weights.sum(axis=1, keepdims=True)

    def neighbours(
        self, points: Array, n: int, names: pd.Index, rows: NDArray[np.intp]
    ) -> pd.DataFrame:
        """List the nearest datasets of each point by name.

        Parameters
        ----------
        points : ndarray of shape (n_points, n_dims)
        n : int
        names : Index of shape (n_datasets,)
        rows : ndarray of shape (n_points,)
            What stands in the column row.

        Returns
        -------
        neighbours : DataFrame
            Columns row, dataset, distance and weight, nearest first.
        """
        found, distances, weights = self.nearest(points, n)
        columns = {"row": np.repeat(rows, found.shape[1]), "dataset": names[found.ravel()]}
        return pd.DataFrame(columns | {"distance": distances.ravel(), "weight": weights.ravel()})

    def _apart(self, points: Array) -> Array:
        return _near(self.distances(points), len(self.datasets))


def _near(distances: Array, n_others: int) -> Array:
    """Average the distances to the five nearest datasets, or to all where there are fewer."""
    n = min(_NEIGHBOURS, n_others)
    return np.partition(distances, n - 1, axis=1)[:, :n].mean(axis=1)
