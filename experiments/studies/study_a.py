"""Study A: CIFAR-10 with a pretrained feature extractor and from scratch."""

from __future__ import annotations

from functools import partial

from experiments.studies.data.pictures import cifar10
from experiments.studies.data.stand_ins import photographs
from experiments.studies.models.trained import lite0
from experiments.studies.study import Recipe, Setup, Study
from experiments.studies.training.classify import Classifier

_NOTE = (
    "Similar metrics in fewer epochs with the pretrained extractor; 50 % slightly lower; 10 % "
    "clearly lower and fastest."
)
_SIDE, _STAND_IN_SIDE = 128, 64


def _network(regime: str, side: int) -> Classifier:
    trained = regime == "last"
    weights = "ImageNet weights, last layer trained" if trained else "from scratch"
    build = partial(lite0, regime=regime, weights=trained, side=side)
    return Classifier(f"EfficientNet-Lite0 at {side} px, {weights}", build)


STUDIES = tuple(
    Study(
        name=f"cifar10-{name}",
        title=f"CIFAR-10, {title}",
        document="A",
        metric="accuracy",
        full=Setup(cifar10, _network(regime, _SIDE), Recipe(60, 128, rate, patience=1750)),
        stand_in=Setup(
            partial(photographs, 32, 80),
            _network(regime, _STAND_IN_SIDE),
            Recipe(10, 16, rate, patience=70, least_steps=150),
        ),
        note=_NOTE,
    )
    for name, title, regime, rate in (
        ("pretrained", "pretrained feature extractor", "last", 3e-3),
        ("scratch", "from scratch", "all", 2e-3),
    )
)
