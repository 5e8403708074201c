"""Which features rows have: the patterns of missing features that get networks of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Columns = NDArray[np.bool_]

MAX_PATTERNS = 4
_SHARE_OF_ROWS = 0.05
_ENOUGH = 0.85


def find_patterns(X: NDArray[np.float64]) -> list[Columns]:
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


def has_pattern(X: NDArray[np.float64], columns: Columns) -> NDArray[np.bool_]:
    """Tell which rows have nearly all features of a pattern."""
    return (
        np.isfinite(X[:, columns]).mean(axis=1) >= _ENOUGH
        if columns.any()
        else np.ones(len(X), bool)
    )


def choose_pattern(X: NDArray[np.float64], patterns: list[Columns]) -> NDArray[np.intp]:
    """Give each row the first pattern it has nearly all features of, else the last one."""
    chosen = np.full(len(X), len(patterns) - 1)
    for number in range(len(patterns) - 1, -1, -1):
        chosen[has_pattern(X, patterns[number])] = number
    return chosen
