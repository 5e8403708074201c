"""The learning curve of a study, and the size its requirement needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.studies.results import Result
from ptssp_sklearn import SigmoidCurveFitter
from ptssp_sklearn.curves.sigmoid import inverse_sigmoid_curve, whole_images

LEAST_SIZES = 3
NEAR_THE_END = 0.9
"""Share of the level a curve ends at that is asked for where the documents ask for no score."""


@dataclass(frozen=True)
class Curve:
    """Mean scores by size, and the fitted A, B, C, D (None below three sizes)."""

    sizes: NDArray[np.float64]
    scores: NDArray[np.float64]
    params: NDArray[np.float64] | None

    def near_the_end(self) -> float:
        """Give nine tenths of the level the fitted curve ends at, NaN without one."""
        return float("nan") if self.params is None else NEAR_THE_END * float(self.params[3])

    def required_size(self, score: float) -> float:
        """Give the training examples the fitted curve needs for a score.

        Infinite where it levels off below, NaN where there is no fitted curve.
        """
        if self.params is None:
            return float("nan")
        return float(whole_images(inverse_sigmoid_curve(score, self.params)))


def learning_curve(results: Sequence[Result], metric: str) -> Curve:
    """Take the mean over seeds at each size and fit the 4PL.

    Raises
    ------
    ValueError
        If the results are of different data or settings.
    """
    kinds = {result.kind for result in results}
    if len(kinds) != 1:
        raise ValueError(
            f"Got results of {len(kinds)} data and settings, expected one of each. "
            "Pass results of one Result.kind."
        )
    table = pd.DataFrame(
        {"size": [r.size for r in results], "score": [r.scores[metric] for r in results]}
    )
    means = table.groupby("size")["score"].mean().sort_index()
    sizes, scores = means.index.to_numpy(dtype=float), means.to_numpy(dtype=float)
    params = None
    if len(sizes) >= LEAST_SIZES:
        frame = pd.DataFrame([scores], columns=sizes)
        params = SigmoidCurveFitter().fit_transform(frame)[0]
    return Curve(sizes, scores, params)
