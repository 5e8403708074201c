"""Levels of quantiles: what calibration makes of nominal ones, and the ends of an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ptssp_sklearn._typing import Array

LEVELS = np.linspace(0.0, 1.0, 101)
"""Nominal levels of quantiles that a `LevelMap` maps."""


@dataclass(frozen=True)
class LevelMap:
    """Levels that nominal ones become by calibration, at 0, 0.01, … 1.

    Parameters
    ----------
    curve, size : ndarray of shape (n_rows, 101) or (1, 101)
        For quantiles of scores, and of required sizes.
    """

    curve: Array
    size: Array

    def rows(self, n_rows: int) -> LevelMap:
        """Repeat a map of one row."""
        return LevelMap(
            *[np.broadcast_to(m, (n_rows, len(LEVELS))) for m in (self.curve, self.size)]
        )


NOMINAL = LevelMap(LEVELS[None], LEVELS[None])
"""The map that changes nothing."""


def map_levels(nominal: ArrayLike, mapped: Array, n_rows: int) -> Array:
    """Look up what levels become.

    Parameters
    ----------
    nominal : array-like of shape (n_levels,), in [0, 1]
    mapped : ndarray of shape (n_rows, 101) or (1, 101)
        One of the maps of a `LevelMap`.
    n_rows : int

    Returns
    -------
    levels : ndarray of shape (n_rows, n_levels), in [0, 1]
    """
    asked = np.atleast_1d(nominal)
    rows = np.broadcast_to(mapped, (n_rows, len(LEVELS)))
    return np.array([np.interp(asked, LEVELS, row) for row in rows])


def nominal_levels(levels: Array, mapped: Array) -> Array:
    """Look up which nominal level became a level: the inverse of `map_levels`.

    Parameters
    ----------
    levels : ndarray of shape (n_rows,), in [0, 1]
        One a row.
    mapped : ndarray of shape (n_rows, 101) or (1, 101)
        One of the maps of a `LevelMap`.

    Returns
    -------
    nominal : ndarray of shape (n_rows,), in [0, 1]
    """
    rows = np.broadcast_to(mapped, (len(levels), len(LEVELS)))
    pairs = zip(levels, rows, strict=True)
    return np.array([np.interp(level, row, LEVELS) for level, row in pairs])


def interval_levels(coverage: float) -> list[float]:
    """Give the levels of the ends of a central interval.

    Raises
    ------
    ValueError
        If the coverage is not in (0, 1).
    """
    if not 0 < coverage < 1:
        raise ValueError(f"Got the interval {coverage:g}, expected a fraction in (0, 1).")
    return [0.5 - coverage / 2, 0.5 + coverage / 2]
