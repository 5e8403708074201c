"""The answer to one user's question, as data and as words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ptssp_sklearn.bayes.quantile_levels import interval_levels
from ptssp_sklearn.curves.display import PredictedCurveDisplay
from ptssp_sklearn.curves.sigmoid import PARAM_NAMES, whole_images
from ptssp_sklearn.datasets.typical import as_table
from ptssp_sklearn.exceptions import hear_remarks
from ptssp_sklearn.pipeline.training_size import TrainingSizePipeline
from ptssp_sklearn.pipeline.validation import check_target
from ptssp_sklearn.regression.novelty import NOVEL
from ptssp_sklearn.serving import wording
from ptssp_sklearn.serving.forecast import Forecast, Seen, embed, forecast_for

SHOWN_SIZES = (4, 16, 64, 256, 1024, 4096)
"""Sizes at which an answer states the curve, images."""

CERTAINTIES = (0.5, 0.8, 0.9)
"""With which the numbers of an answer suffice."""

REACH_SIZES = (1000.0, 10000.0, np.inf)
"""Sizes with which an answer states the chance to reach the target, images."""

_WITH_ADVICE = re.compile(r"; for another learner add measurements of its own \(a pilot\)\.")
"""What a model's card says to one who asks without measured points."""


@dataclass(frozen=True)
class Answer:
    """What was asked and what the model predicts.

    Attributes
    ----------
    target_map : float
    sizes : dict of float to float
        Images that suffice with each of `CERTAINTIES`; whole, at least 1, inf where the target
        is out of reach.
    score : float
        Score of the median curve at the first of these sizes; NaN where it is infinite.
    interval : tuple of float
        Ends of the interval of the required size, images; they may be inf.
    coverage : float
        Coverage of the interval.
    reach : dict of float to float
        Probability that the target is reached with `REACH_SIZES`.
    curve : dict of int to float
        Median score at `SHOWN_SIZES`.
    band : dict of int to (float, float)
        Interval of the score one would measure at `SHOWN_SIZES`.
    forecast : Forecast
        What the model believes, and what that rests on.
    """

    target_map: float
    sizes: dict[float, float]
    score: float
    interval: tuple[float, float]
    coverage: float
    reach: dict[float, float]
    curve: dict[int, float]
    band: dict[int, tuple[float, float]]
    forecast: Forecast

    @property
    def params(self) -> dict[str, float]:
        """A, B, C, D of the mean curve."""
        return dict(zip(PARAM_NAMES, self.forecast.params.tolist(), strict=True))

    @property
    def required_size(self) -> float:
        """Images that suffice with certainty 0.5; inf where the target is out of reach."""
        return self.sizes[CERTAINTIES[0]]

    @property
    def reachable(self) -> bool:
        """Whether there is a required size."""
        return bool(np.isfinite(self.required_size))

    def sentence(self) -> str:
        """Say the answer in words."""
        return wording.sentence(self)

    def lines(self) -> list[str]:
        """Say what stands under the sentence."""
        return wording.lines(self)

    def notes(self) -> list[str]:
        """List what must be said beside the answer, one sentence each."""
        warning = self.forecast.warning
        if self.forecast.pilot:
            warning = _WITH_ADVICE.sub(".", warning)
        notes = [warning] if warning else []
        novelty = self.forecast.out_of_domain
        if novelty is not None and novelty > NOVEL:
            notes.append(
                "the images are unlike those the model was trained on (out of domain "
                f"{novelty:.2f}): the answer leans on the average task."
            )
        return [*notes, *self.forecast.remarks]

    def to_json(self) -> dict[str, Any]:
        """Give plain values; an infinite size is None."""
        low, high = self.interval
        chances = {"ever" if np.isinf(n) else f"{n:g}": p for n, p in self.reach.items()}
        best = self.forecast.best_reachable
        return {
            "target_map": self.target_map,
            "reachable": self.reachable,
            "sizes": {_percent(level): _whole(size) for level, size in self.sizes.items()},
            "interval": {"coverage": self.coverage, "low": _whole(low), "high": _whole(high)},
            "reach": {size: round(chance, 4) for size, chance in chances.items()},
            "best_reachable": {_percent(level): score for level, score in best.items()},
            "params": {name: round(value, 6) for name, value in self.params.items()},
            "curve": {str(size): round(score, 4) for size, score in self.curve.items()},
            "band": {str(n): [round(end, 4) for end in ends] for n, ends in self.band.items()},
            **_grounds(self.forecast),
            "warning": " ".join(self.notes()),
        }


def _grounds(forecast: Forecast) -> dict[str, Any]:
    """Give what an answer rests on as plain values."""
    alike, novelty = forecast.neighbours, forecast.out_of_domain
    if alike is not None:
        alike = alike.drop(columns="row").round(4)
    return {
        "metric": forecast.metric,
        "shape": forecast.shape,
        "classes": forecast.seen.classes,
        "learner": forecast.learner,
        "n_images": forecast.seen.n_images,
        "n_masks": forecast.seen.n_masks,
        "pilot": [list(point) for point in forecast.pilot],
        "out_of_domain": None if novelty is None else round(novelty, 4),
        "neighbours": None if alike is None else alike.to_dict(orient="records"),
        "model": forecast.model,
    }


def _percent(level: float) -> str:
    return f"{100 * level:.0f}"


def _whole(size: float) -> int | None:
    return int(size) if np.isfinite(size) else None


def answer_for(
    model: TrainingSizePipeline,
    X: pd.DataFrame | None,
    target_map: float,
    *,
    pilot: Sequence[tuple[Any, ...]] = (),
    learner: str | None = None,
    metric: str | None = None,
    classes: str | None = None,
    coverage: float = 0.9,
) -> Answer:
    """Ask a model about one dataset.

    Parameters
    ----------
    model : TrainingSizePipeline
        Fitted; its `about_`, where it has one, names it.
    X : image table of one row, or None
        None asks a model of curves alone, or the population of another.
    target_map : float
        A fraction in (0, 1).
    pilot : list of points, optional
        Measured points; see `ptssp_sklearn.curves.read_pilot`.
    learner : str, optional
        Whose curve is asked for, of a model that knows several.
    metric : {"map50_95", "map50"}, optional
        What target and pilot are scores of; by default what the model was trained on.
    classes : str, optional
        The class that is asked about, to be named in the answer; by default all.
    coverage : float, default=0.9
        Coverage of the interval.

    Returns
    -------
    answer : Answer

    Raises
    ------
    ValueError
        If images, pilot, target or coverage are not usable.
    """
    table = as_table(X)
    seen = Seen.of(table, classes)
    with hear_remarks() as said:
        features = embed(model, table)
    forecast = forecast_for(model, features, pilot=pilot, learner=learner, metric=metric, seen=seen)
    forecast = replace(forecast, remarks=(*said, *forecast.remarks))
    return answer_about(forecast, target_map, coverage)


def answer_about(forecast: Forecast, target_map: float, coverage: float = 0.9) -> Answer:
    """Ask a forecast about one target; parameters as in `answer_for`."""
    target = float(check_target(target_map))
    levels = [*CERTAINTIES, *interval_levels(coverage)]
    asked, believed = np.array([target]), forecast.believed
    sizes = whole_images(believed.required_sizes(asked, levels))[0].tolist()
    chances = [float(believed.reach_probability(asked, size)[0]) for size in REACH_SIZES]
    band = forecast.band(SHOWN_SIZES, coverage).tolist()
    at = sizes[0] if np.isfinite(sizes[0]) else 1.0
    course = forecast.curve([*SHOWN_SIZES, at]).tolist()
    return Answer(
        target_map=target,
        sizes=dict(zip(CERTAINTIES, sizes, strict=False)),
        score=course[-1] if np.isfinite(sizes[0]) else np.nan,
        interval=(sizes[-2], sizes[-1]),
        coverage=coverage,
        reach=dict(zip(REACH_SIZES, chances, strict=True)),
        curve=dict(zip(SHOWN_SIZES, course, strict=False)),
        band={n: (ends[0], ends[1]) for n, ends in zip(SHOWN_SIZES, band, strict=True)},
        forecast=forecast,
    )


def answer_display(answer: Answer) -> PredictedCurveDisplay:
    """Build the plot of an answer: the median curve, the target and the number on the curve."""
    forecast = answer.forecast
    last = max(1024.0, 4 * answer.required_size if answer.reachable else 0.0)
    sizes = np.geomspace(1.0, 10 ** np.ceil(np.log10(min(last, wording.MANY))), 200)
    sizes = np.union1d(sizes, answer.required_size) if answer.reachable else sizes
    low, high = forecast.band(sizes, answer.coverage).T
    return PredictedCurveDisplay(
        sizes=sizes,
        scores=forecast.curve(sizes),
        target_map=answer.target_map,
        required_size=answer.required_size,
        metric=wording.score_name(forecast),
        band=(sizes, low, high),
        band_label=f"{answer.coverage:.0%} interval",
        pilot=forecast.pilot,
        neighbours=forecast.alike,
    )
