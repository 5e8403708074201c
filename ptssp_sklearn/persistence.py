"""Store a fitted pipeline in one safetensors file: tensors and JSON, no pickle, no code."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ptssp_sklearn._version import __version__
from ptssp_sklearn.bayes.mixture import Mixture
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.population import Population
from ptssp_sklearn.bayes.quantile_levels import LevelMap
from ptssp_sklearn.curves.fitter import SigmoidCurveFitter
from ptssp_sklearn.curves.sigmoid import PARAM_NAMES
from ptssp_sklearn.embedding.embedder import ImageEmbedder
from ptssp_sklearn.embedding.registry import make_backbone
from ptssp_sklearn.exceptions import InputError
from ptssp_sklearn.pipeline import TrainingSizePipeline
from ptssp_sklearn.regression._missing_patterns import Region, level_place
from ptssp_sklearn.regression._prediction import find_domains
from ptssp_sklearn.regression._scaling import Standardiser
from ptssp_sklearn.regression._submodel import Expert
from ptssp_sklearn.regression.novelty import References
from ptssp_sklearn.regression.regressor import CurveParamRegressor, expert_settings

FORMAT, OLDEST_FORMAT = 4, 2
_KEY = "ptssp_sklearn"
_EVERYWHERE = (-np.inf, np.inf)
_OF_THE_MACHINE = ("engine", "cache_dir", "cache_size", "progress")
_SCALER = ("mean_", "scale_")
_MIXTURE = ("weights", "means", "covariances")


def save_model(
    pipeline: TrainingSizePipeline, path: str | Path, *, about: dict[str, Any] | None = None
) -> None:
    """Write a fitted pipeline of an `ImageEmbedder` and a `CurveParamRegressor`.

    Parameters
    ----------
    pipeline : TrainingSizePipeline
    path : str or Path
        Of the file; replaced only when all of the new one is written.
    about : dict, optional
        What the model is, as JSON: name, domain, bank, measured errors.

    Raises
    ------
    ValueError
        If the pipeline has other steps, or networks' weights would have to be stored.
    """
    embedder, regressor = _parts(pipeline)
    population = regressor.population_
    tensors = _belief_tensors(population.mixture, population.level_maps, "population")
    tensors |= _reference_tensors(regressor.references_)
    experts = []
    for number, expert in enumerate(regressor.experts_):
        tensors |= {f"{number}.{key}": value for key, value in _expert_tensors(expert).items()}
        experts.append({"shrinkage": expert.shrinkage_, "tilted": expert.tilted_})
    header = {
        "format": FORMAT,
        "version": __version__,
        "about": about or {},
        "names": [name for name, _ in pipeline.steps],
        "embedder": None if embedder is None else _about_embedder(embedder),
        "regressor": {
            "params": _plain(regressor.get_params()),
            "n_features": regressor.n_features_in_,
            "seed": regressor.seed_,
            "datasets": regressor.references_.curves.index.tolist(),
            "noise": asdict(regressor.population_.noise),
            "experts": experts,
        },
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
    if not OLDEST_FORMAT <= header["format"] <= FORMAT:
        todo = "Update this package" if header["format"] > FORMAT else "Train and store it again"
        message = f"Got '{path}', written by ptssp_sklearn {header['version']}. {todo}."
        raise InputError(message, "model_version", name=f"'{path}'", version=header["version"])
    try:
        regressor = _restore_regressor(header["regressor"], tensors)
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
) -> tuple[ImageEmbedder | None, CurveParamRegressor]:
    """Give embedder and regressor; no embedder where the model knows no images."""
    steps = [step for _, step in pipeline.steps]
    kinds = [type(step).__name__ for step in steps]
    knows_images = kinds == ["ImageEmbedder", "CurveParamRegressor"]
    if not knows_images and (kinds[1:] != ["CurveParamRegressor"] or steps[1].experts_):
        raise ValueError(
            f"Got a pipeline of {', '.join(kinds)}, expected an ImageEmbedder and a "
            "CurveParamRegressor. Other pipelines can be stored with skops."
        )
    if knows_images and steps[0].backbone_ is None:
        raise ValueError("Got backbone='precomputed', expected an embedder of images.")
    return (steps[0] if knows_images else None), steps[1]


def _about_embedder(embedder: ImageEmbedder) -> dict[str, Any]:
    return {
        "params": {k: v for k, v in embedder.get_params().items() if k not in _OF_THE_MACHINE},
        "n_images": embedder.n_images_,
        "n_columns": embedder.n_features_in_,
    }


def _expert_tensors(expert: Expert) -> dict[str, np.ndarray]:
    region = expert.region
    tensors = {"columns": region.columns.astype(np.uint8)}
    tensors["bounds"] = np.array([region.low, region.high])
    tensors |= {f"target.{name}": getattr(expert, name) for name in _SCALER}
    tensors |= {f"input.{name}": getattr(expert.scaler_, name) for name in _SCALER}
    tensors |= _belief_tensors(expert.joint_, expert.level_maps_, "joint")
    state = expert.net_.module_.state_dict()
    return tensors | {f"net.{name}": value.cpu().numpy() for name, value in state.items()}


def _belief_tensors(
    mixture: Mixture, level_maps: tuple[LevelMap, LevelMap], prefix: str
) -> dict[str, np.ndarray]:
    levels = np.array([[one.curve[0], one.size[0]] for one in level_maps])
    tensors = {f"{prefix}.{name}": getattr(mixture, name) for name in _MIXTURE}
    return tensors | {f"{prefix}.levels": levels}


def _restore_beliefs(
    tensors: dict[str, np.ndarray], prefix: str
) -> tuple[Mixture, tuple[LevelMap, LevelMap]]:
    first, second = tensors[f"{prefix}.levels"][:, :, None]
    mixture = Mixture(*[tensors[f"{prefix}.{name}"] for name in _MIXTURE])
    return mixture, (LevelMap(*first), LevelMap(*second))


def _reference_tensors(references: References) -> dict[str, np.ndarray]:
    curves = references.curves
    return {
        "references.sizes": curves.columns.to_numpy(dtype=float),
        "references.curves": curves.to_numpy(dtype=float),
        "references.features": references.features,
        "references.dataset": references.dataset.astype(np.int64),
    }


def _restore_references(names: list[str], tensors: dict[str, np.ndarray]) -> References:
    sizes, curves, features, dataset = (
        tensors[f"references.{name}"] for name in ("sizes", "curves", "features", "dataset")
    )
    return References(pd.DataFrame(curves, index=names, columns=sizes), features, dataset)


def _restore_embedder(header: dict[str, Any]) -> ImageEmbedder:
    embedder = ImageEmbedder(**header["params"])
    embedder.backbone_ = make_backbone(embedder.backbone, embedder.get_params())
    embedder.n_images_ = header["n_images"]
    embedder.n_features_in_ = header["n_columns"]
    return embedder


def _restore_regressor(
    header: dict[str, Any], tensors: dict[str, np.ndarray]
) -> CurveParamRegressor:
    import torch

    regressor = CurveParamRegressor(**header["params"])
    regressor.n_features_in_, regressor.n_outputs_ = header["n_features"], len(PARAM_NAMES)
    regressor.seed_ = header["seed"]
    mixture, level_maps = _restore_beliefs(tensors, "population")
    noise = MeasurementNoise(**header["noise"])
    regressor.population_ = Population(mixture, noise, np.empty((0, 0, 4)), level_maps)
    regressor.references_ = _restore_references(header["datasets"], tensors)
    settings = expert_settings(regressor.get_params(), of_curves=True)
    place = level_place(regressor.level_feature, regressor.n_features_in_)
    regressor.experts_ = []
    for number, about in enumerate(header["experts"]):
        mine = {k.partition(".")[2]: v for k, v in tensors.items() if k.startswith(f"{number}.")}
        bounds = map(float, mine.get("bounds", _EVERYWHERE))
        region = Region(mine["columns"].astype(bool), place, *bounds)
        expert = Expert(settings, region)
        expert.mean_, expert.scale_ = mine["target.mean_"], mine["target.scale_"]
        expert.scaler_ = Standardiser()
        for name in _SCALER:
            setattr(expert.scaler_, name, mine[f"input.{name}"])
        expert.shrinkage_, expert.tilted_ = about["shrinkage"], about.get("tilted", False)
        expert.joint_, expert.level_maps_ = _restore_beliefs(mine, "joint")
        weights = {k.removeprefix("net."): v for k, v in mine.items() if k.startswith("net.")}
        expert.restore({name: torch.from_numpy(value) for name, value in weights.items()})
        regressor.experts_.append(expert)
    regressor.domains_ = find_domains(regressor.references_, regressor.experts_)
    return regressor


def _plain(params: dict[str, Any]) -> dict[str, Any]:
    sizes = params["sizes"]
    return params | {"sizes": None if sizes is None else np.asarray(sizes, float).tolist()}
