"""The answer to one user's question, as data and as words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ptssp_sklearn.bayes.quantile_levels import interval_levels
from ptssp_sklearn.curves.display import PredictedCurveDisplay
from ptssp_sklearn.curves.sigmoid import PARAM_NAMES, sigmoid_curve, whole_images
from ptssp_sklearn.pipeline.training_size import TrainingSizePipeline
from ptssp_sklearn.pipeline.validation import check_target
from ptssp_sklearn.regression.novelty import NOVEL
from ptssp_sklearn.serving.forecast import Forecast, embed, forecast_for

SHOWN_SIZES = (4, 16, 64, 256, 1024, 4096)
"""Sizes at which an answer states the curve, images."""


@dataclass(frozen=True)
class Answer:
    """What was asked and what the model predicts.

    Attributes
    ----------
    target_map : float
    required_size : float
        Images, rounded up; inf where the target is out of reach.
    interval : tuple of float
        Ends of the interval of the required size, images; the upper one may be inf.
    coverage : float
        Of the interval.
    unreachable : float
        Probability that the target is out of reach, whatever the size.
    best_reachable : (float, float) or None
        Highest score more likely reached than not, in hundredths, and its size in images.
    params : dict of str to float
        A, B, C, D of the mean curve.
    curve : dict of int to float
        Score at `SHOWN_SIZES`.
    band : dict of int to (float, float)
        Interval of the score one would measure at `SHOWN_SIZES`.
    pilot : list of (float, float)
        Measured points the answer rests on.
    out_of_domain : float or None
        Score in [0, 1]; None without images.
    neighbours : DataFrame or None
        Datasets that look most alike; None without images.
    model : str
    warning : str
        What the model is not good for; empty where nothing is to be said.
    """

    target_map: float
    required_size: float
    interval: tuple[float, float]
    coverage: float
    unreachable: float
    best_reachable: tuple[float, float] | None
    params: dict[str, float]
    curve: dict[int, float]
    band: dict[int, tuple[float, float]]
    pilot: list[tuple[float, float]]
    out_of_domain: float | None
    neighbours: pd.DataFrame | None
    model: str
    warning: str

    @property
    def reachable(self) -> bool:
        """Whether there is a required size; see `Answer.out_of_reach` for the odds."""
        return bool(np.isfinite(self.required_size))

    @property
    def out_of_reach(self) -> bool:
        """Whether the target is less likely reached than not."""
        return not self.reachable or self.unreachable > 0.5

    def sentence(self) -> str:
        """Say the answer in words."""
        goal = f"mAP {self.target_map:g}"
        if self.out_of_reach:
            size, score = list(self.curve.items())[-1]
            text = (
                f"{goal} is likely out of reach ({self.unreachable:.0%}): the predicted curve "
                f"levels off at {self.params['D']:.3f} and has {score:.3f} with {size:,} images."
            )
            if self.best_reachable is None:
                return text
            score, images = self.best_reachable
            return f"{text} Within reach is mAP {score:g}, with about {images:,.0f} images."
        low, high = (f"{end:,.0f}" if np.isfinite(end) else "no limit" for end in self.interval)
        text = f"About {self.required_size:,.0f} training images "
        text += f"({self.coverage:.0%}: {low} to {high}) for {goal}."
        if self.unreachable >= 0.05:
            text += f" The probability that it is out of reach is {self.unreachable:.0%}."
        return text

    def notes(self) -> list[str]:
        """List what must be said beside the answer, one sentence each."""
        notes = [self.warning] if self.warning else []
        if self.out_of_domain is not None and self.out_of_domain > NOVEL:
            notes.append(
                "the images are unlike those the model was trained on (out of domain "
                f"{self.out_of_domain:.2f}): the answer leans on the average task."
            )
        return notes

    def to_json(self) -> dict[str, Any]:
        """Give plain values; an unreachable size is None."""
        low, high = self.interval
        alike = None if self.neighbours is None else self.neighbours.drop(columns="row").round(4)
        return {
            "target_map": self.target_map,
            "required_size": _whole(self.required_size),
            "reachable": self.reachable,
            "interval": {"coverage": self.coverage, "low": _whole(low), "high": _whole(high)},
            "probability_out_of_reach": round(self.unreachable, 4),
            "best_reachable": _best(self.best_reachable),
            "params": {name: round(value, 6) for name, value in self.params.items()},
            "curve": {str(size): round(score, 4) for size, score in self.curve.items()},
            "band": {str(n): [round(end, 4) for end in ends] for n, ends in self.band.items()},
            "pilot": [list(point) for point in self.pilot],
            "out_of_domain": None if self.out_of_domain is None else round(self.out_of_domain, 4),
            "neighbours": None if alike is None else alike.to_dict(orient="records"),
            "model": self.model,
            "warning": " ".join(self.notes()),
        }


def _whole(size: float) -> int | None:
    return int(size) if np.isfinite(size) else None


def _best(found: tuple[float, float] | None) -> dict[str, Any] | None:
    return None if found is None else {"map": found[0], "required_size": _whole(found[1])}


def answer_for(
    model: TrainingSizePipeline,
    X: pd.DataFrame | None,
    target_map: float,
    *,
    pilot: Sequence[tuple[Any, ...]] = (),
    learner: str | None = None,
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
    coverage : float, default=0.9
        Of the interval.

    Returns
    -------
    answer : Answer

    Raises
    ------
    ValueError
        If images, pilot, target or coverage are not usable.
    """
    forecast = forecast_for(model, embed(model, X), pilot=pilot, learner=learner)
    return answer_about(forecast, target_map, coverage)


def answer_about(forecast: Forecast, target_map: float, coverage: float = 0.9) -> Answer:
    """Ask a forecast about one target; parameters as in `answer_for`."""
    target = float(check_target(target_map))
    levels = interval_levels(coverage)
    asked, believed, params = np.array([target]), forecast.believed, forecast.params
    low, high = whole_images(believed.size_quantiles(asked, levels))[0].tolist()
    size = float(whole_images(believed.typical_sizes(asked))[0])
    band = forecast.band(SHOWN_SIZES, coverage).tolist()
    return Answer(
        target_map=target,
        required_size=float(np.clip(size, low, high)),
        interval=(low, high),
        coverage=coverage,
        unreachable=1.0 - float(believed.reach_probability(asked)[0]),
        best_reachable=forecast.best_reachable,
        params=dict(zip(PARAM_NAMES, params.tolist(), strict=True)),
        curve=dict(zip(SHOWN_SIZES, sigmoid_curve(SHOWN_SIZES, params).tolist(), strict=True)),
        band={n: (ends[0], ends[1]) for n, ends in zip(SHOWN_SIZES, band, strict=True)},
        pilot=forecast.pilot,
        out_of_domain=forecast.out_of_domain,
        neighbours=forecast.neighbours,
        model=forecast.model,
        warning=forecast.warning,
    )


def answer_display(answer: Answer, alike: pd.DataFrame | None) -> PredictedCurveDisplay:
    """Build the plot of an answer; `alike` is a curve table of datasets that look alike."""
    low, high = zip(*answer.band.values(), strict=True)
    return PredictedCurveDisplay(
        list(answer.params.values()),
        target_map=answer.target_map,
        band=(list(answer.band), low, high),
        band_label=f"{answer.coverage:.0%} interval",
        pilot=answer.pilot,
        neighbours=alike,
        required_size=answer.required_size,
    )
