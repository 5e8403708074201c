"""Scores of answers over all rows, and over the rows of each fold."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.protocol.markdown import Frames

Rows = NDArray[np.intp]
Scorer = Callable[[Rows], dict[str, float]]
"""Takes places of rows, gives the scores of an answer on them."""


class Sheet:
    """Collects the scores of one table."""

    def __init__(self) -> None:
        self._whole: list[dict[str, Any]] = []
        self._parts: list[dict[str, Any]] = []

    def add(self, labels: dict[str, Any], folds: Rows, score: Scorer) -> None:
        """Score an answer.

        Parameters
        ----------
        labels : dict
            What was asked of whom.
        folds : ndarray of shape (n_rows,)
            Fold of each row.
        score : Scorer
        """
        self._whole.append({**labels, **score(np.arange(len(folds)))})
        with warnings.catch_warnings():
            # a fold may hold too few rows for a measure, which is then NaN
            warnings.simplefilter("ignore", RuntimeWarning)
            for fold in np.unique(folds):
                found = score(np.flatnonzero(folds == fold))
                self._parts.append({**labels, "fold": int(fold), **found})

    def frames(self) -> Frames:
        """Give the scores as ``scores``, and as ``folds`` with a column fold after the labels."""
        return {"scores": pd.DataFrame(self._whole), "folds": pd.DataFrame(self._parts)}


def label_columns(folds: pd.DataFrame) -> list[str]:
    """Name the columns of `Sheet.frames` that say what was asked of whom."""
    return [str(name) for name in folds.columns[: folds.columns.get_loc("fold")]]
