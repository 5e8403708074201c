"""Study C: transfer learning on Garbage Classification, four architectures in three regimes."""

from __future__ import annotations

from functools import partial

from experiments.studies.data.pictures import garbage
from experiments.studies.data.stand_ins import photographs
from experiments.studies.models.trained import ARCHITECTURES, REGIMES, lite0, transferred
from experiments.studies.study import Recipe, Setup, Study
from experiments.studies.training.classify import Classifier

REGIME_TITLES = {
    "last": "last layer only",
    "some": "last few layers",
    "all": "whole network",
}
_RATES = {"last": 3e-3, "some": 1e-3, "all": 3e-4}
_SIDE, _LITE0_STAND_IN_SIDE = 224, 64
_OTHER_SIDES = {"inception_v3": 299}


def _untrained_rate(name: str, regime: str) -> float:
    """Give the learning rate from random weights; VGG16 has no batch norm and takes a low one."""
    return {"last": 1e-2}.get(regime, 1e-4 if name == "vgg16" else 1e-3)


def _study(name: str, regime: str) -> Study:
    build = partial(transferred, name, regime=regime)
    title = REGIME_TITLES[regime]
    side = _OTHER_SIDES.get(name, _SIDE)
    return Study(
        name=f"garbage-{name}-{regime}",
        title=f"{name}, {title}",
        document="C",
        metric="f1",
        full=Setup(
            partial(garbage, side=side),
            Classifier(f"{name}, ImageNet weights, {title}", partial(build, weights=True)),
            Recipe(20, 32, _RATES[regime], patience=230, least_steps=600),
        ),
        stand_in=Setup(
            partial(photographs, 32, 15),
            Classifier(f"{name}, random weights, {title}", partial(build, weights=False)),
            Recipe(6, 16, _untrained_rate(name, regime), least_steps=60),
        ),
    )


def _lite0(regime: str) -> Study:
    """Give a study beside the documents: an architecture whose trained weights a package has."""
    title = REGIME_TITLES[regime]
    name = f"EfficientNet-Lite0, ImageNet weights, {title}"
    rate = _RATES[regime]
    return Study(
        name=f"garbage-lite0-{regime}",
        title=f"EfficientNet-Lite0, {title}",
        document="C",
        metric="f1",
        full=Setup(
            partial(garbage, side=_SIDE),
            Classifier(name, partial(lite0, regime=regime, side=_SIDE)),
            Recipe(20, 32, rate, patience=230, least_steps=600),
        ),
        stand_in=Setup(
            partial(photographs, 64, 30),
            Classifier(
                f"{name}, {_LITE0_STAND_IN_SIDE} px",
                partial(lite0, regime=regime, side=_LITE0_STAND_IN_SIDE),
            ),
            Recipe(12, 16, rate, patience=60, least_steps=120),
        ),
        note="Not in the documents: its trained weights come with a package.",
    )


STUDIES = (
    *(_study(name, regime) for name in ARCHITECTURES for regime in REGIMES),
    *(_lite0(regime) for regime in REGIMES),
)
