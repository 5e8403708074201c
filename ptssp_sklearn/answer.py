"""The answer to one user's question, as data and as words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ptssp_sklearn.forecasting import check_target
from ptssp_sklearn.images import ImageError
from ptssp_sklearn.pipeline import TrainingSizePipeline
from ptssp_sklearn.sigmoid import PARAM_NAMES, inverse_sigmoid_curve, sigmoid_curve, whole_images

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
    params : dict of str to float
        A, B, C, D.
    curve : dict of int to float
        Score at `SHOWN_SIZES`.
    model : str
    warning : str
        What the model is not good for; empty where nothing is to be said.
    """

    target_map: float
    required_size: float
    params: dict[str, float]
    curve: dict[int, float]
    model: str
    warning: str

    @property
    def reachable(self) -> bool:
        return bool(np.isfinite(self.required_size))

    def sentence(self) -> str:
        """Say the answer in words."""
        if self.reachable:
            return f"About {self.required_size:,.0f} training images for mAP {self.target_map:g}."
        return (
            f"mAP {self.target_map:g} is out of reach: the predicted curve levels off at "
            f"{self.params['D']:.3f}."
        )

    def to_json(self) -> dict[str, Any]:
        """Give plain values; an unreachable size is None."""
        return {
            "target_map": self.target_map,
            "required_size": int(self.required_size) if self.reachable else None,
            "reachable": self.reachable,
            "params": {name: round(value, 6) for name, value in self.params.items()},
            "curve": {str(size): round(score, 4) for size, score in self.curve.items()},
            "model": self.model,
            "warning": self.warning,
        }


def one_row(images: Sequence[Any], masks: Sequence[Any] = ()) -> pd.DataFrame:
    """Build the image table of one dataset.

    Raises
    ------
    ImageError
        If there are masks, but not as many as images.
    """
    if not images:
        raise ImageError("Got no image, expected at least one; four are better.")
    if masks and len(masks) != len(images):
        raise ImageError(
            f"Got {len(masks)} masks for {len(images)} images, expected one a image, in the same "
            "order, or none."
        )
    cells = {f"image_{i}": [cell] for i, cell in enumerate(images, 1)}
    cells |= {f"mask_{i}": [cell] for i, cell in enumerate(masks, 1)}
    return pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in cells.items()})


def answer_for(model: TrainingSizePipeline, X: pd.DataFrame, target_map: float) -> Answer:
    """Ask a model about one dataset.

    Parameters
    ----------
    model : TrainingSizePipeline
        Fitted; its `about_`, where it has one, names it.
    X : image table of one row
    target_map : float
        A fraction in (0, 1).
    """
    target = float(check_target(target_map))
    params: NDArray[np.float64] = model.predict(X)[0]
    about = getattr(model, "about_", {})
    return Answer(
        target_map=target,
        required_size=float(whole_images(inverse_sigmoid_curve(target, params))),
        params=dict(zip(PARAM_NAMES, params.tolist(), strict=True)),
        curve=dict(zip(SHOWN_SIZES, sigmoid_curve(SHOWN_SIZES, params).tolist(), strict=True)),
        model=about.get("name", "unnamed"),
        warning=about.get("warning", ""),
    )
