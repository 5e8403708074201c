"""A question about curves, and an answer to it in the form all models give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.protocol.questions import Truth
from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.curves.sigmoid import sigmoid_curve

CERTAINTIES = (0.5, 0.8, 0.9)
"""With which a required size is to suffice."""

NOMINAL = (0.5, 0.8, 0.9, 0.95)
LEVELS = np.sort([0.5 + sign * share / 2 for share in NOMINAL for sign in (-1, 1)])
"""Quantiles that every distribution is asked for: the ends of the nominal intervals."""


@dataclass(frozen=True)
class Question:
    """What a model is shown and asked: never what lies beyond the pilot.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,), images, asked about
    targets : ndarray of shape (n_rows, n_targets), fractions
    pilot_sizes : ndarray of shape (n_pilot,), images
    pilot_scores : ndarray of shape (n_rows, n_pilot), NaN where not measured
    """

    sizes: Array
    targets: Array
    pilot_sizes: Array
    pilot_scores: Array

    @classmethod
    def of(cls, truth: Truth, limit: float) -> Question:
        """Show the measurements at sizes of at most `limit` images."""
        shown = truth.sizes <= limit
        return cls(truth.sizes, truth.targets, truth.sizes[shown], truth.curves[:, shown])

    def __len__(self) -> int:
        return len(self.targets)

    def pilot(self) -> pd.DataFrame:
        """Give the pilot as a curve table; one column of NaN where nothing was measured."""
        if not len(self.pilot_sizes):
            return pd.DataFrame(np.full((len(self), 1), np.nan), columns=self.sizes[:1])
        return pd.DataFrame(self.pilot_scores, columns=self.pilot_sizes)


@dataclass(frozen=True)
class Forecast:
    """An answer.

    Parameters
    ----------
    curves : ndarray of shape (n_rows, n_sizes), fractions
    needed : ndarray of shape (n_rows, n_targets), images, inf where out of reach
        With certainty 0.5, where a model knows of any.
    bands : ndarray of shape (n_rows, n_sizes, n_levels), optional
        Quantiles of the score one would measure, at `LEVELS`.
    spans : ndarray of shape (n_rows, n_targets, n_levels), optional
        Quantiles of the required size.
    certain : ndarray of shape (n_rows, n_targets, n_certainties), images, optional
        Sizes that suffice with `CERTAINTIES`.
    failed : ndarray of shape (n_rows,), bool, optional
        Rows for which the model had no answer, so that the last value was taken.
    """

    curves: Array
    needed: Array
    bands: Array | None = None
    spans: Array | None = None
    certain: Array | None = None
    failed: NDArray[np.bool_] | None = None

    @classmethod
    def of_distribution(cls, distribution: CurveDistribution, question: Question) -> Forecast:
        """Ask a distribution as the pipeline does: mean curve, sizes that suffice, quantiles."""
        levels = [*CERTAINTIES, *LEVELS]
        sizes = np.stack([distribution.required_sizes(t, levels) for t in question.targets.T], 1)
        certain, spans = np.split(sizes, [len(CERTAINTIES)], axis=2)
        return cls(
            curves=sigmoid_curve(question.sizes, distribution.central_params()),
            needed=certain[..., 0],
            bands=distribution.curve_quantiles(question.sizes, LEVELS),
            spans=spans,
            certain=certain,
        )

    @classmethod
    def of_points(cls, question: Question, grid: Array, curves: Array) -> Forecast:
        """Read scores and sizes off curves given at the sizes of a grid.

        Parameters
        ----------
        question : Question
        grid : ndarray of shape (n_grid,), images, ascending
        curves : ndarray of shape (n_rows, n_grid)
        """
        places, log_grid = np.log(question.sizes), np.log(grid)
        needed = [
            crossings(log_grid, row, goal)
            for row, goal in zip(curves, question.targets, strict=True)
        ]
        scores = [np.interp(places, log_grid, row) for row in curves]
        return cls(np.array(scores), np.array(needed).reshape(question.targets.shape))

    def take(self, rows: NDArray) -> Forecast:
        """Keep some rows."""
        parts = {name: getattr(self, name) for name in self.__dataclass_fields__}
        kept: dict[str, Any] = {k: None if p is None else p[rows] for k, p in parts.items()}
        return Forecast(**kept)

    @classmethod
    def join(cls, parts: list[Forecast], places: list[NDArray]) -> Forecast:
        """Put the rows of several answers back into their places."""
        order = np.argsort(np.concatenate(places))

        def joined(name: str) -> Any:
            found = [getattr(part, name) for part in parts]
            return None if found[0] is None else np.concatenate(found)[order]

        return cls(**{name: joined(name) for name in cls.__dataclass_fields__})


def crossings(log_sizes: Array, scores: Array, targets: Array) -> Array:
    """Give the first size at which a curve reaches each target, inf where it never does."""
    rising = np.maximum.accumulate(scores)
    answer = np.full(len(targets), np.inf)
    for number, target in enumerate(targets):
        if rising[-1] >= target:
            answer[number] = np.exp(np.interp(target, rising, log_sizes))
    return answer
