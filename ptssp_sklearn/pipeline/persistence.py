"""Store a fitted pipeline in one safetensors file: tensors and JSON, no pickle, no code."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ptssp_sklearn._version import __version__
from ptssp_sklearn.curves.fitter import SigmoidCurveFitter
from ptssp_sklearn.embedding.embedder import ImageEmbedder
from ptssp_sklearn.embedding.registry import make_backbone
from ptssp_sklearn.exceptions import InputError
from ptssp_sklearn.pipeline.training_size import TrainingSizePipeline
from ptssp_sklearn.pipeline.validation import looks_at_images
from ptssp_sklearn.regression.hierarchical.learner_regressor import LearnerCurveRegressor
from ptssp_sklearn.regression.state import regressor_state, restore_regressor

if TYPE_CHECKING:
    from ptssp_sklearn.regression.regressor import CurveParamRegressor

FORMAT = 1
_KEY = "ptssp_sklearn"
_OF_THE_MACHINE = ("engine", "cache_dir", "cache_size", "progress")


def save_model(
    pipeline: TrainingSizePipeline, path: str | Path, *, about: dict[str, Any] | None = None
) -> None:
    """Write a fitted pipeline of an `ImageEmbedder` and a regressor of curves.

    Parameters
    ----------
    pipeline : TrainingSizePipeline
    path : str or Path
        Path of the file; it is replaced only when all of the new one is written.
    about : dict, optional
        What the model is, as JSON: name, domain, bank, measured errors.

    Raises
    ------
    ValueError
        If the pipeline has other steps, or networks' weights would have to be stored.
    """
    embedder, regressor = _parts(pipeline)
    about_regressor, tensors = regressor_state(regressor)
    header = {
        "format": FORMAT,
        "version": __version__,
        "about": about or {},
        "names": [name for name, _ in pipeline.steps],
        "embedder": None if embedder is None else _about_embedder(embedder),
        "regressor": about_regressor,
    }
    whole = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    data = save(whole, metadata={_KEY: json.dumps(header)})
    partial = Path(path).with_name(f".{Path(path).name}.partial")
    partial.write_bytes(data)
    os.replace(partial, path)


def load_model(path: str | Path) -> TrainingSizePipeline:
    """Read a pipeline written by `save_model`; nothing in the file is run.

    Returns
    -------
    pipeline : TrainingSizePipeline
        Fitted; `about_` says what it is.

    Raises
    ------
    ValueError
        If the file is missing, damaged, of another kind or of another format.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {})[_KEY])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        message = f"Got '{path}', expected a model written by ptssp_sklearn ({error})."
        raise InputError(message, "no_model", name=f"'{path}'") from None
    if header["format"] != FORMAT:
        todo = "Update this package" if header["format"] > FORMAT else "Train and store it again"
        message = f"Got '{path}', written by ptssp_sklearn {header['version']}. {todo}."
        raise InputError(message, "model_version", name=f"'{path}'", version=header["version"])
    try:
        regressor = restore_regressor(header["regressor"], tensors)
    except KeyError as missing:
        message = f"Got '{path}', which lacks {missing}. Train and store it again."
        raise InputError(message, "no_model", name=f"'{path}'") from None
    embedder = header["embedder"]
    steps = ["passthrough" if embedder is None else _restore_embedder(embedder), regressor]
    named = list(zip(header["names"], steps, strict=True))
    pipeline = TrainingSizePipeline(named, curve_fitter=SigmoidCurveFitter())
    pipeline.about_ = header["about"]
    return pipeline


def _parts(
    pipeline: TrainingSizePipeline,
) -> tuple[ImageEmbedder | None, CurveParamRegressor | LearnerCurveRegressor]:
    """Give embedder and regressor; no embedder where the model knows no images."""
    from ptssp_sklearn.regression.regressor import CurveParamRegressor

    steps = [step for _, step in pipeline.steps]
    first, last = steps[0], steps[-1]
    regresses = isinstance(last, CurveParamRegressor | LearnerCurveRegressor) and len(steps) == 2
    knows_images = isinstance(first, ImageEmbedder)
    if not regresses or (not knows_images and looks_at_images(pipeline)):
        kinds = ", ".join(type(step).__name__ for step in steps)
        raise ValueError(
            f"Got a pipeline of {kinds}, expected an ImageEmbedder and a "
            "CurveParamRegressor. Other pipelines can be stored with skops."
        )
    if knows_images and first.backbone_ is None:
        raise ValueError("Got backbone='precomputed', expected an embedder of images.")
    return (first if knows_images else None), last


def _about_embedder(embedder: ImageEmbedder) -> dict[str, Any]:
    return {
        "params": {k: v for k, v in embedder.get_params().items() if k not in _OF_THE_MACHINE},
        "n_images": embedder.n_images_,
        "n_columns": embedder.n_features_in_,
    }


def _restore_embedder(header: dict[str, Any]) -> ImageEmbedder:
    embedder = ImageEmbedder(**header["params"])
    embedder.backbone_ = make_backbone(embedder.backbone, embedder.get_params())
    embedder.n_images_ = header["n_images"]
    embedder.n_features_in_ = header["n_columns"]
    return embedder
