"""Pipelines as MLflow models: logged with signature, example and card; loaded without code."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from ptssp_sklearn.banks import load_curve_bank
from ptssp_sklearn.exceptions import InputError, need_mlflow
from ptssp_sklearn.pipeline.persistence import load_model as read_pipeline
from ptssp_sklearn.pipeline.persistence import save_model
from ptssp_sklearn.pipeline.provenance import code_version, pinned_requirements
from ptssp_sklearn.pipeline.training_size import TrainingSizePipeline
from ptssp_sklearn.pipeline.validation import looks_at_images, needs_images
from ptssp_sklearn.serving.handler import (
    OUTPUT_COLUMNS,
    PARAM_DEFAULTS,
    TEXT_COLUMNS,
    encode_images,
    input_columns,
)

_FILE, _CARD = "pipeline.safetensors", "model_card.md"
_EXAMPLE_PARAMS = PARAM_DEFAULTS | {"target_map": 0.3}
_EXAMPLE_PILOT = "[[16, 0.12], [64, 0.25]]"


def log_model(
    pipeline: TrainingSizePipeline,
    name: str = "model",
    *,
    registered_model_name: str | None = None,
    alias: str | None = None,
    input_example: Any = None,
    about: dict[str, Any] | None = None,
) -> Any:
    """Log a fitted pipeline as an MLflow model, and register it.

    The pipeline is stored by `ptssp_sklearn.pipeline.persistence`: tensors and JSON, no pickle. The
    model belongs to the run that is open, if there is one.

    Parameters
    ----------
    pipeline : TrainingSizePipeline
        Fitted, of an `ImageEmbedder` and a `CurveParamRegressor`, or of curves alone.
    name : str, default="model"
    registered_model_name : str, optional
        Registers a version of this name.
    alias : str, optional
        Such as ``"champion"``, set on that version.
    input_example : image table of one row, optional
        By default a row of the bank ``"procedural"``.
    about : dict, optional
        What the model is, as JSON; by default the pipeline's own `about_`. The keys
        ``name`` and ``warning`` are shown with answers.

    Returns
    -------
    info : mlflow.models.model.ModelInfo
        ``model_uri``, and ``registered_model_version`` where it was registered.

    Raises
    ------
    ValueError
        If the pipeline has other steps than those, or an alias is given without a name.
    """
    mlflow = need_mlflow()
    if alias is not None and registered_model_name is None:
        raise ValueError(
            f"Got alias={alias!r} without registered_model_name, expected both. An alias points "
            "at a registered version."
        )
    about = dict(getattr(pipeline, "about_", {}) if about is None else about)
    about.setdefault("name", registered_model_name or name)
    with tempfile.TemporaryDirectory() as folder:
        file, note = Path(folder, _FILE), Path(folder, _CARD)
        save_model(pipeline, file, about=about)
        card = model_card(pipeline, about)
        note.write_text(card, encoding="utf-8")
        info = mlflow.pyfunc.log_model(
            name=name,
            python_model=str(Path(__file__).with_name("served_model.py")),
            artifacts={"pipeline": str(file), "card": str(note)},
            signature=signature(pipeline),
            input_example=(_example(pipeline, input_example), _EXAMPLE_PARAMS),
            pip_requirements=pinned_requirements("mlflow"),
            registered_model_name=registered_model_name,
        )
    if registered_model_name is not None:
        client, version = mlflow.MlflowClient(), info.registered_model_version
        client.update_model_version(registered_model_name, version, description=card)
        if alias is not None:
            client.set_registered_model_alias(registered_model_name, alias, version)
    return info


def load_model(model_uri: str | Path) -> TrainingSizePipeline:
    """Load a pipeline that `log_model` logged; no code of the model is run.

    Parameters
    ----------
    model_uri : str or Path
        Such as ``"models:/ptssp@champion"``, ``"models:/ptssp/3"``, ``"runs:/…/model"``, or the
        folder of a model.

    Returns
    -------
    pipeline : TrainingSizePipeline
        Fitted; `about_` says what it is.

    Raises
    ------
    ValueError
        If there is no such model, or it was not logged by `log_model`.
    """
    mlflow = need_mlflow()
    try:
        folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=str(model_uri)))
    except (mlflow.MlflowException, OSError) as error:
        message = f"Got the model '{model_uri}', which cannot be had ({error})."
        raise InputError(message, "unknown_model", uri=str(model_uri)) from None
    file = folder / "artifacts" / _FILE
    if not file.is_file():
        raise InputError(
            f"Got the model '{model_uri}', expected one logged by "
            "ptssp_sklearn.tracking.log_model.",
            "other_model",
            uri=str(model_uri),
        )
    return read_pipeline(file)


def signature(pipeline: TrainingSizePipeline) -> Any:
    """Describe what a served pipeline takes and gives as an MLflow `ModelSignature`."""
    need_mlflow()
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    needed = {"image_1"} if needs_images(pipeline) else set()
    columns: list[Any] = [
        ColSpec(DataType.string, name, required=name in needed) for name in input_columns(pipeline)
    ]
    answers: list[Any] = [
        ColSpec(DataType.string if n in TEXT_COLUMNS else DataType.double, n, required=False)
        for n in OUTPUT_COLUMNS
    ]
    kinds = dict.fromkeys(("unreachable", "learner", "metric"), DataType.string)
    params = [
        ParamSpec(name, kinds.get(name, DataType.double), default)
        for name, default in PARAM_DEFAULTS.items()
    ]
    return ModelSignature(Schema(columns), Schema(answers), ParamSchema(params))


def model_card(pipeline: TrainingSizePipeline, about: dict[str, Any]) -> str:
    """Write what a model is as Markdown: its facts, its parameters, how it is stored."""
    steps = "\n".join(f"- `{name}`: `{_one_line(step)}`" for name, step in pipeline.steps)
    known = pipeline.training_curves
    asks = "images, better with labels, a pilot, or both"
    if not looks_at_images(pipeline):
        asks = "a pilot; it knows no images"
    return (
        f"# Model card: {about['name']}\n\n"
        "Predicts the learning curve of a vision task (A, B, C, D of a logistic, with a "
        f"distribution) and the training images a target mAP needs. It asks for {asks}.\n\n"
        f"Made by ptssp_sklearn {code_version()} from {len(known)} curves at "
        f"{', '.join(f'{size:g}' for size in known.columns)} training images.\n\n"
        f"{about.get('warning', '')}\n\n## Steps\n\n{steps}\n\n"
        f"## Facts\n\n```json\n{json.dumps(about, indent=1)[:4000]}\n```\n\n"
        "Stored as one safetensors file: tensors and JSON, no pickle, no code.\n"
    )


def _one_line(step: Any) -> str:
    return " ".join(repr(step).split())


def _example(pipeline: TrainingSizePipeline, given: Any) -> pd.DataFrame:
    if not looks_at_images(pipeline):
        return pd.DataFrame({"pilot": [_EXAMPLE_PILOT]})
    if given is None:
        columns = ["image_1", "image_2", "mask_1", "mask_2"]
        given = load_curve_bank("procedural").X[columns].iloc[:1]
    return encode_images(given).assign(pilot=_EXAMPLE_PILOT)
