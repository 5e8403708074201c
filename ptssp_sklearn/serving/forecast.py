"""What a model believes of one dataset: looked at once, then asked about any target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.bayes.quantile_levels import interval_levels
from ptssp_sklearn.curves.pilot_oddities import below_measured, odd_points
from ptssp_sklearn.datasets.typical import as_table
from ptssp_sklearn.images.table import check_image_table
from ptssp_sklearn.pipeline.training_size import TrainingSizePipeline
from ptssp_sklearn.pipeline.validation import (
    asked_metric,
    asked_relation,
    features_of,
    knows_learners,
    without_images,
)

_TARGETS = np.arange(1, 100) / 100
_WITHIN = (0.5, 0.8)


@dataclass(frozen=True)
class Seen:
    """What was looked at.

    Attributes
    ----------
    n_images, n_masks : int
    classes : str or None
        The class that was asked about; None for all.
    """

    n_images: int = 0
    n_masks: int = 0
    classes: str | None = None

    @classmethod
    def of(cls, X: pd.DataFrame | None, classes: str | None = None) -> Seen:
        """Count the images and masks of an image table of one row."""
        if X is None:
            return cls(classes=classes)
        row = check_image_table(X)[0]
        return cls(len(row.images), sum(mask is not None for mask in row.masks), classes)


@dataclass(frozen=True)
class Forecast:
    """A model's belief about one dataset, and what it rests on.

    Attributes
    ----------
    believed : CurveDistribution
        Belief about one row.
    seen : Seen
    pilot : list of (float, float)
        Measured points it rests on.
    learner : str
        Whose curve it is, in words.
    metric : {"map50_95", "map50"}
    shape : {"boxes", "masks", ""}
        What is scored; empty where the model does not say.
    out_of_domain : float or None
        Score in [0, 1]; None without images.
    neighbours : DataFrame or None
        Datasets that look most alike; None without images.
    alike : curve table or None
        Their measured curves.
    model : str
    warning : str
        What the model is not good for; empty where nothing is to be said.
    remarks : tuple of str
        What is odd of the images, masks and measured points.
    """

    believed: CurveDistribution
    seen: Seen
    pilot: list[tuple[float, float]]
    learner: str
    metric: str
    shape: str
    out_of_domain: float | None
    neighbours: pd.DataFrame | None
    alike: pd.DataFrame | None
    model: str
    warning: str
    remarks: tuple[str, ...] = ()

    @cached_property
    def params(self) -> Array:
        """A, B, C, D of the mean curve, shape (4,)."""
        return self.believed.central_params()[0]

    @cached_property
    def best_reachable(self) -> dict[float, float | None]:
        """The highest score, in hundredths, that is reached with 0.5 and with 0.8 certainty.

        None where not even 0.01 is.
        """
        sizes = self.believed.repeat(len(_TARGETS)).required_sizes(_TARGETS, _WITHIN)
        within = [_TARGETS[np.isfinite(column)] for column in sizes.T]
        found = [float(scores.max()) if len(scores) else None for scores in within]
        return dict(zip(_WITHIN, found, strict=True))

    def curve(self, sizes: ArrayLike) -> Array:
        """Give the median curve, on which required sizes lie, shape (n_sizes,), fractions."""
        return self.believed.certain_scores(sizes)[0]

    @property
    def most_alike(self) -> list[str]:
        """Names of the three datasets that look most alike; none without images."""
        if self.neighbours is None:
            return []
        return [name.split(" | ")[0] for name in self.neighbours["dataset"].head(3)]

    def band(self, sizes: ArrayLike, coverage: float) -> Array:
        """Give the interval of the score one would measure.

        Parameters
        ----------
        sizes : array-like of shape (n_sizes,), images
        coverage : float
            Coverage of the interval, in (0, 1).

        Returns
        -------
        band : ndarray of shape (n_sizes, 2), fractions
        """
        return self.believed.curve_quantiles(sizes, interval_levels(coverage))[0]


def embed(model: TrainingSizePipeline, X: pd.DataFrame | None) -> Array | None:
    """Embed the images of one dataset: the slow part of an answer.

    Parameters
    ----------
    model : TrainingSizePipeline
        Fitted.
    X : image table of one row, labelled data set or its path, or None

    Returns
    -------
    features : ndarray of shape (1, n_features), or None where X is None
    """
    X = without_images(model, X)
    return None if X is None else features_of(model, as_table(X))


def forecast_for(
    model: TrainingSizePipeline,
    features: Array | None,
    *,
    pilot: Sequence[tuple[Any, ...]] = (),
    learner: str | None = None,
    metric: str | None = None,
    seen: Seen | None = None,
) -> Forecast:
    """Predict from embedded images.

    Parameters
    ----------
    model : TrainingSizePipeline
        Fitted; its `about_`, where it has one, names it.
    features : ndarray of shape (1, n_features), or None
        What `embed` gives; None asks for the population of the training curves.
    pilot : list of points, optional
        Measured points; see `ptssp_sklearn.curves.read_pilot`.
    learner : str, optional
        Whose curve is asked for, of a model that knows several.
    metric : {"map50_95", "map50"}, optional
        What pilot and answer are scores of; by default the model's own.
    seen : Seen, optional
        What the features are of.

    Returns
    -------
    forecast : Forecast
    """
    last: Any = model.steps[-1][1]
    about = getattr(model, "about_", {})
    neighbours = None if features is None else last.neighbours(features)
    known = model.training_curves
    given = {"learner": learner, "relation": asked_relation(last, about, metric)}
    asked = {name: value for name, value in given.items() if value is not None}
    found = Forecast(
        believed=last.predict_distribution(features, pilot=list(pilot) or None, **asked),
        seen=seen or Seen(),
        pilot=[(float(point[0]), float(point[1])) for point in pilot],
        learner=learner or _usual_learner(about, last),
        metric=asked_metric(about, metric),
        shape=about.get("shape", _shape(last)),
        out_of_domain=None if features is None else float(last.out_of_domain(features)[0]),
        neighbours=neighbours,
        alike=None if neighbours is None else known.loc[neighbours["dataset"]],
        model=about.get("name", "unnamed"),
        warning=_warnings(about, last, () if "relation" in asked else pilot),
    )
    return replace(found, remarks=(*odd_points(pilot), *below_measured(pilot, found.curve)))


def _shape(last: Any) -> str:
    """Say what is scored where the model's card does not: published detectors know boxes."""
    return "boxes" if knows_learners(last) else ""


def _usual_learner(about: dict[str, Any], last: Any) -> str:
    """Say whose curve it is where none is named."""
    banks = about.get("banks", {})
    if not banks:
        return "a learner that is not named"
    known = max(banks.values(), key=lambda bank: bank["datasets"])["learner"]
    return f"any of {known}" if knows_learners(last) else known


def _warnings(about: dict[str, Any], last: Any, pilot: Sequence[tuple[Any, ...]]) -> str:
    """Say what the model is not good for, and of points that can hardly be right."""
    found = [about["warning"]] if about.get("warning") else []
    above = last.above_all(pilot) if pilot and hasattr(last, "above_all") else None
    if above is not None:
        size, score = above
        found.append(
            f"no known detector has mAP50-95 {score:g} with {size:,.0f} images: was this mAP50? "
            "Then ask with metric map50."
        )
    return " ".join(found)
