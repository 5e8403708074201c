"""Learners whose learning curves are measured; `make_learner` finds them by name."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ptssp_sklearn.exceptions import did_you_mean
from ptssp_sklearn.measuring.learner import Learner

_HOMES = {
    "unet": "experiments.learners.unet:UNetLearner",
    "unet-lite0": "experiments.learners.lite0:Lite0Learner",
    "yolo": "ptssp_sklearn.measuring.learners.yolo:YoloLearner",
}


def make_learner(name: str, **settings: Any) -> Learner:
    """Build a learner.

    Parameters
    ----------
    name : str
        ``unet``, ``unet-lite0``, ``yolo``, or ``package.module:Class`` of your own.
    **settings
        Passed on to the learner's constructor.

    Raises
    ------
    ValueError
        If there is no such learner, or it does not take a setting.
    """
    home = _HOMES.get(name, name if ":" in name else None)
    if home is None:
        hint = did_you_mean(name, _HOMES)
        raise ValueError(
            f"Got learner {name!r}, expected {', '.join(_HOMES)} or package.module:Class.{hint}"
        )
    module, _, attribute = home.partition(":")
    try:
        factory = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise ValueError(f"Got learner {name!r}, which needs the package {error.name}.") from error
    except AttributeError:
        raise ValueError(f"Got learner {name!r}, but {module} has no {attribute}.") from None
    try:
        return factory(**settings)
    except TypeError as error:
        raise ValueError(f"Got settings {settings} for the learner {name!r}: {error}.") from None
