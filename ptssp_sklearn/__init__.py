"""Predict learning curves of vision tasks, and the training images a target mAP needs.

Names are loaded when first used, so that ``import ptssp_sklearn`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "CurveParamRegressor": "regression",
    "ImageEmbedder": "embedding",
    "SigmoidCurveFitter": "fitting",
    "TrainingSizePipeline": "pipeline",
    "load_curve_bank": "banks",
    "load_pretrained": "pretrained",
    "make_training_size_pipeline": "pipeline",
}

__all__ = sorted(_HOMES)

if TYPE_CHECKING:
    from ptssp_sklearn.banks import load_curve_bank as load_curve_bank
    from ptssp_sklearn.embedding import ImageEmbedder as ImageEmbedder
    from ptssp_sklearn.fitting import SigmoidCurveFitter as SigmoidCurveFitter
    from ptssp_sklearn.pipeline import TrainingSizePipeline as TrainingSizePipeline
    from ptssp_sklearn.pipeline import make_training_size_pipeline as make_training_size_pipeline
    from ptssp_sklearn.pretrained import load_pretrained as load_pretrained
    from ptssp_sklearn.regression import CurveParamRegressor as CurveParamRegressor


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ptssp_sklearn' has no attribute {name!r}")
    return getattr(import_module(f"ptssp_sklearn.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
