"""Which rows get networks of their own: those that lack the same features, at one level.

Rows of one image and rows of eight tell of the same domain with very different certainty,
so networks are trained for levels of one feature (the number of images) as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn._typing import Array

Columns = NDArray[np.bool_]

MAX_PATTERNS = 4
MAX_LEVELS = 4
_SHARE_OF_ROWS = 0.05
"""Part of the rows that makes a pattern."""

_ENOUGH = 0.85
"""Part of a pattern's features that a row must have to belong to it."""

_ROWS_A_LEVEL = 20
"""Rows that share a value and so make it a level."""


@dataclass(frozen=True)
class Region:
    """Rows that have the same features, and one of them between two bounds.

    Parameters
    ----------
    columns : bool ndarray of shape (n_features,)
        Features the rows have.
    feature : int or None
        Place of the feature that is bounded.
    low, high : float
        The bounds; `low` belongs to the region.
    """

    columns: Columns
    feature: int | None = None
    low: float = -np.inf
    high: float = np.inf

    def holds(self, X: Array) -> NDArray[np.bool_]:
        """Tell which rows have nearly all of the features and lie between the bounds."""
        return has_pattern(X, self.columns) & self.spans(X)

    def spans(self, X: Array) -> NDArray[np.bool_]:
        """Tell which rows lie between the bounds; an unknown value counts as the highest."""
        if self.feature is None:
            return np.ones(len(X), dtype=bool)
        values = np.where(np.isnan(X[:, self.feature]), np.finfo(float).max, X[:, self.feature])
        return (values >= self.low) & (values < self.high)


def level_place(feature: int | None, n_features: int) -> int | None:
    """Count the place of the feature whose levels are told apart from the front.

    Parameters
    ----------
    feature : int or None
        Negative from the end.
    n_features : int

    Returns
    -------
    place : int or None
        None without such a feature, or of a model without any.

    Raises
    ------
    ValueError
        If there are not so many features.
    """
    if feature is None or not n_features:
        return None
    if not -n_features <= feature < n_features:
        raise ValueError(
            f"Got level_feature={feature} for {n_features} features, expected {-n_features} to "
            f"{n_features - 1}."
        )
    return feature % n_features


def find_regions(X: Array, feature: int | None = None) -> list[Region]:
    """Find the regions of training rows.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), NaN where a feature does not exist
    feature : int, optional
        Place of the feature whose levels are told apart.

    Returns
    -------
    regions : list of Region
        Pattern by pattern, the most complete first, and in each by rising level; levels are
        those of the rows that have no richer pattern.
    """
    regions = []
    richer = np.zeros(len(X), dtype=bool)
    for columns in find_patterns(X):
        mine = has_pattern(X, columns)
        edges = [-np.inf, np.inf]
        if feature is not None:
            edges = _edges(X[mine & ~richer, feature])
        regions += [Region(columns, feature, low, high) for low, high in pairwise(edges)]
        richer |= mine
    return regions


def choose_region(X: Array, regions: list[Region]) -> NDArray[np.intp]:
    """Give each row the first region that holds it, else that of its level with least features."""
    chosen = np.full(len(X), len(regions) - 1)
    backwards = list(enumerate(regions))[::-1]
    for number, region in backwards:
        if np.array_equal(region.columns, regions[-1].columns):
            chosen[region.spans(X)] = number
    for number, region in backwards:
        chosen[region.holds(X)] = number
    return chosen


def find_patterns(X: Array) -> list[Columns]:
    """Find the sets of features that whole groups of rows share.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), NaN where a feature does not exist

    Returns
    -------
    patterns : list of bool ndarray of shape (n_features,)
        The most complete first; at most four, each different from the ones before it
        by at least 15 % of its features. A pattern needs 5 % of the rows.
    """
    known = np.isfinite(X)
    seen, counts = np.unique(known, axis=0, return_counts=True)
    patterns: list[Columns] = [np.asarray(known.any(axis=0))]
    frequent = seen[counts >= max(2, _SHARE_OF_ROWS * len(X))]
    for columns in sorted(frequent, key=lambda c: -int(c.sum())):
        if not columns.any() or len(patterns) == MAX_PATTERNS:
            continue
        if all((columns & other).sum() < _ENOUGH * other.sum() for other in patterns):
            patterns.append(columns)
    return patterns


def has_pattern(X: Array, columns: Columns) -> NDArray[np.bool_]:
    """Tell which rows have nearly all features of a pattern."""
    return (
        np.isfinite(X[:, columns]).mean(axis=1) >= _ENOUGH
        if columns.any()
        else np.ones(len(X), bool)
    )


def _edges(values: Array) -> list[float]:
    """Give the bounds between levels: values that many rows share, the most frequent ones."""
    seen, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    usual = seen[counts >= _ROWS_A_LEVEL]
    frequent = np.argsort(-counts[counts >= _ROWS_A_LEVEL], kind="stable")[:MAX_LEVELS]
    levels = np.sort(usual[frequent])
    return [-np.inf, *((levels[1:] + levels[:-1]) / 2).tolist(), np.inf]
