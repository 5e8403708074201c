"""The registry of feature extractors: `ImageEmbedder(backbone=name)` looks here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ptssp_sklearn.embedding.backbone import Backbone
from ptssp_sklearn.embedding.networks.architectures import (
    ClipBackbone,
    EfficientNetLite0Backbone,
    InceptionBackbone,
)
from ptssp_sklearn.embedding.statistics.statistics_backbone import (
    QuickStatisticsBackbone,
    StatisticsBackbone,
)
from ptssp_sklearn.exceptions import did_you_mean

_REGISTRY: dict[str, Callable[..., Backbone]] = {
    "statistics": StatisticsBackbone,
    "quick_statistics": QuickStatisticsBackbone,
    "clip": ClipBackbone,
    "inception_v3": InceptionBackbone,
    "efficientnet_lite0": EfficientNetLite0Backbone,
}

SETTINGS = ("model", "weights", "device", "batch_size", "precision", "engine", "random_state")
"""Parameters of `ImageEmbedder` that a factory may name."""


def register_backbone(name: str, factory: Callable[..., Backbone]) -> None:
    """Add a feature extractor under a name that `ImageEmbedder(backbone=name)` takes.

    Parameters
    ----------
    name : str
    factory : callable
        Called with the keywords ``model``, ``weights``, ``device``, ``batch_size``,
        ``precision``, ``engine`` and ``random_state`` of the embedder (those it names), returns a
        `Backbone`.
    """
    _REGISTRY[name] = factory


def find_backbone(name: Any) -> Callable[..., Backbone]:
    """Give the factory of a backbone.

    Raises
    ------
    ValueError
        If the name is unknown; near names are proposed.
    """
    names = sorted(_REGISTRY)
    if name in names:
        return _REGISTRY[name]
    hint = did_you_mean(name, names, otherwise="Choose one of them.")
    raise ValueError(f"Got backbone={name!r}, expected one of {', '.join(names)}.{hint}")


def make_backbone(name: Any, params: Mapping[str, Any]) -> Backbone:
    """Build a backbone from those of an embedder's `SETTINGS` that its factory names."""
    factory = find_backbone(name)
    known = inspect.signature(factory).parameters
    return factory(**{key: params[key] for key in SETTINGS if key in known})
