"""A fitted regressor as a header of plain values and named tensors, and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ptssp_sklearn.bayes.hierarchy.model import ARRAYS, CurveHierarchy
from ptssp_sklearn.bayes.hierarchy.points import MetricRelation
from ptssp_sklearn.bayes.mixture import Mixture
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.population import Population
from ptssp_sklearn.bayes.quantile_levels import LevelMap
from ptssp_sklearn.curves.sigmoid import PARAM_NAMES
from ptssp_sklearn.regression._missing_patterns import Region, level_place
from ptssp_sklearn.regression._scaling import Standardiser
from ptssp_sklearn.regression.hierarchical.image_level import ImageLevel
from ptssp_sklearn.regression.hierarchical.learner_regressor import LearnerCurveRegressor
from ptssp_sklearn.regression.novelty import References

if TYPE_CHECKING:
    from ptssp_sklearn.regression._submodel import Expert
    from ptssp_sklearn.regression.regressor import CurveParamRegressor

_SCALER = ("mean_", "scale_")
_TOLD = ("columns", "centre", "scale", "weights")
_MIXTURE = ("weights", "means", "covariances")


def regressor_state(
    regressor: CurveParamRegressor | LearnerCurveRegressor,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Describe a fitted regressor by plain values (JSON) and named tensors."""
    if isinstance(regressor, LearnerCurveRegressor):
        return _learner_state(regressor)
    population = regressor.population_
    tensors = _belief_tensors(population.mixture, population.level_maps, "population")
    tensors |= _reference_tensors(regressor.references_)
    experts = []
    for number, expert in enumerate(regressor.experts_):
        tensors |= {f"{number}.{key}": value for key, value in _expert_tensors(expert).items()}
        experts.append({"shrinkage": expert.shrinkage_, "tilted": expert.tilted_})
    header = {
        "params": _plain(regressor.get_params()),
        "n_features": regressor.n_features_in_,
        "seed": regressor.seed_,
        "datasets": regressor.references_.curves.index.tolist(),
        "noise": asdict(population.noise),
        "experts": experts,
    }
    return header, tensors


def restore_regressor(
    header: dict[str, Any], tensors: dict[str, np.ndarray]
) -> CurveParamRegressor | LearnerCurveRegressor:
    """Build the fitted regressor that `regressor_state` described.

    Raises
    ------
    KeyError
        If a tensor is missing; names it.
    """
    if "learners" in header:
        return _restore_learners(header, tensors)
    import torch

    from ptssp_sklearn.regression._prediction import find_domains
    from ptssp_sklearn.regression._submodel import Expert
    from ptssp_sklearn.regression.regressor import CurveParamRegressor, expert_settings

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
        bounds = map(float, mine["bounds"])
        region = Region(mine["columns"].astype(bool), place, *bounds)
        expert = Expert(settings, region)
        expert.mean_, expert.scale_ = mine["target.mean_"], mine["target.scale_"]
        expert.scaler_ = Standardiser()
        for name in _SCALER:
            setattr(expert.scaler_, name, mine[f"input.{name}"])
        expert.shrinkage_, expert.tilted_ = about["shrinkage"], about["tilted"]
        expert.joint_, expert.level_maps_ = _restore_beliefs(mine, "joint")
        weights = {k.removeprefix("net."): v for k, v in mine.items() if k.startswith("net.")}
        expert.restore({name: torch.from_numpy(value) for name, value in weights.items()})
        regressor.experts_.append(expert)
    regressor.domains_ = find_domains(regressor.references_, regressor.experts_)
    return regressor


def _learner_state(
    regressor: LearnerCurveRegressor,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    hierarchy, level = regressor.hierarchy_, regressor.image_level_
    tensors = {f"hierarchy.{name}": value for name, value in hierarchy.tensors().items()}
    tensors |= _reference_tensors(regressor.references_) | {"highest": regressor.highest_}
    for name, level_maps in regressor.level_maps_.items():
        tensors[f"levels.{name}"] = _level_tensor(level_maps)
    header = {
        "params": regressor.get_params() | {"random_state": None},
        "learners": list(hierarchy.names),
        "seed": regressor.seed_,
        "datasets": regressor.references_.curves.index.tolist(),
        "noise": asdict(hierarchy.noise),
        "relation": asdict(hierarchy.relation),
    }
    if level is not None:
        told = asdict(level)
        tensors |= {f"image.{name}": told.pop(name) for name in _TOLD}
        header["image"] = told
    return header, tensors


def _restore_learners(
    header: dict[str, Any], tensors: dict[str, np.ndarray]
) -> LearnerCurveRegressor:
    hierarchy = CurveHierarchy(
        **{name: tensors[f"hierarchy.{name}"] for name in ARRAYS},
        noise=MeasurementNoise(**header["noise"]),
        names=tuple(header["learners"]),
        relation=MetricRelation(**header["relation"]),
    )
    level = None
    if "image" in header:
        told: dict[str, Any] = {name: tensors[f"image.{name}"] for name in _TOLD}
        level = ImageLevel(**told, **header["image"])
    maps = {
        name.removeprefix("levels."): _restore_levels(value)
        for name, value in tensors.items()
        if name.startswith("levels.")
    }
    regressor = LearnerCurveRegressor(**header["params"]).restore(
        hierarchy,
        _restore_references(header["datasets"], tensors),
        tensors["highest"],
        header["seed"],
        level,
    )
    return regressor.calibrated(maps)


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
    mixture: Mixture, level_maps: tuple[LevelMap, ...], prefix: str
) -> dict[str, np.ndarray]:
    tensors = {f"{prefix}.{name}": getattr(mixture, name) for name in _MIXTURE}
    return tensors | {f"{prefix}.levels": _level_tensor(level_maps)}


def _restore_beliefs(
    tensors: dict[str, np.ndarray], prefix: str
) -> tuple[Mixture, tuple[LevelMap, ...]]:
    mixture = Mixture(*[tensors[f"{prefix}.{name}"] for name in _MIXTURE])
    return mixture, _restore_levels(tensors[f"{prefix}.levels"])


def _level_tensor(level_maps: tuple[LevelMap, ...]) -> np.ndarray:
    return np.array([[one.curve[0], one.size[0]] for one in level_maps])


def _restore_levels(levels: np.ndarray) -> tuple[LevelMap, ...]:
    return tuple(LevelMap(*one) for one in levels[:, :, None])


def _reference_tensors(references: References) -> dict[str, np.ndarray]:
    return {
        "references.sizes": references.curves.columns.to_numpy(dtype=float),
        "references.curves": references.curves.to_numpy(dtype=float),
        "references.features": references.features,
        "references.dataset": references.dataset.astype(np.int64),
    }


def _restore_curves(names: list[str], tensors: dict[str, np.ndarray]) -> pd.DataFrame:
    sizes = tensors["references.sizes"]
    return pd.DataFrame(tensors["references.curves"], index=names, columns=sizes)


def _restore_references(names: list[str], tensors: dict[str, np.ndarray]) -> References:
    features, dataset = (tensors[f"references.{name}"] for name in ("features", "dataset"))
    return References(_restore_curves(names, tensors), features, dataset)


def _plain(params: dict[str, Any]) -> dict[str, Any]:
    sizes = params["sizes"]
    return params | {"sizes": None if sizes is None else np.asarray(sizes, float).tolist()}
