"""Studies learn 32 examples by heart, by their own network and their own way of training."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
import torch

from experiments.studies.catalogue import CATALOGUE
from experiments.studies.data import stand_ins
from experiments.studies.data.arrays import Pairs
from experiments.studies.data.scenes import boxes
from experiments.studies.data.texts import docstrings
from experiments.studies.models.detectors import detector
from experiments.studies.study import Examples, Outcome, Recipe
from experiments.studies.training.detect import Detector

N = 32
ALL = np.arange(N)
LEAST = {"accuracy": 0.95, "f1": 0.9, "iou": 0.9}

WAYS: dict[str, tuple[str, Recipe]] = {
    "cifar10-pretrained": ("coloured", Recipe(12, 8, 1e-2)),
    "cifar10-scratch": ("coloured", Recipe(12, 8, 2e-3)),
    "mnist-autoencoder": ("digits", Recipe(60, 8, 3e-3)),
    "mnist-mlp": ("digits", Recipe(15, 8, 1e-3)),
    "mnist-cnn": ("digits", Recipe(15, 8, 1e-3)),
    "cifar10-cnn": ("coloured", Recipe(60, 8, 3e-3)),
    "cifar10-skip": ("coloured", Recipe(30, 8, 3e-3)),
    "text-cnn": ("texts", Recipe(15, 8, 2e-3)),
    "imdb-roberta": ("texts", Recipe(30, 8, 3e-3)),
    "pet-unet": ("masks", Recipe(15, 8, 3e-3)),
    "garbage-resnet18-last": ("coloured", Recipe(15, 4, 2e-2)),
    "garbage-resnet18-some": ("coloured", Recipe(10, 8, 1e-3)),
    "garbage-resnet18-all": ("coloured", Recipe(10, 8, 1e-3)),
    "garbage-googlenet-last": ("coloured", Recipe(20, 8, 2e-2)),
    "garbage-googlenet-some": ("coloured", Recipe(12, 8, 1e-3)),
    "garbage-googlenet-all": ("zeros and ones", Recipe(8, 8, 1e-3)),
    "garbage-inception_v3-last": ("coloured", Recipe(16, 8, 2e-2)),
    "garbage-inception_v3-some": ("coloured", Recipe(8, 8, 1e-3)),
    "garbage-inception_v3-all": ("zeros and ones", Recipe(7, 8, 1e-3)),
    "garbage-vgg16-last": ("zeros and ones", Recipe(10, 8, 1e-2)),
    "garbage-vgg16-some": ("zeros and ones", Recipe(4, 8, 3e-4)),
    "garbage-vgg16-all": ("zeros and ones", Recipe(6, 8, 1e-4)),
    "garbage-lite0-last": ("coloured", Recipe(8, 4, 1e-2)),
    "garbage-lite0-some": ("coloured", Recipe(6, 8, 2e-3)),
    "garbage-lite0-all": ("coloured", Recipe(12, 8, 2e-3)),
}
"""Which 32 examples a study learns, and how long."""


def few(data: Examples) -> Examples:
    """Give 32 training examples that are the test examples too."""
    step = len(data.strata) // N
    pairs = [data.train[i * step] for i in range(N)]
    inputs, targets = zip(*pairs, strict=True)
    part = Pairs(inputs, targets)
    return Examples(data.name, part, part, data.strata[::step][:N], data.classes)


def squares() -> Examples:
    """Give 32 small images with a light or a dark square each, in one of nine places."""
    rng, images, targets = np.random.default_rng(0), [], []
    for index in range(N):
        image = torch.full((3, 32, 32), 0.5) + 0.02 * torch.from_numpy(rng.normal(size=(3, 32, 32)))
        left, top = (int(v) for v in rng.choice([1, 5, 9], 2))
        image[:, top : top + 22, left : left + 22] = float(index % 2)
        images.append(image.float())
        targets.append(boxes([[left, top, left + 22.0, top + 22.0]], [1 + index % 2]))
    part = Pairs(images, targets)
    return Examples("squares", part, part, ALL % 2, ("dark", "light"))


def coloured(classes: int = 10) -> Examples:
    """Give 32 digits in colours of 32 x 32 pixels."""
    data = stand_ins.digits(32)
    kept = np.flatnonzero(data.strata < classes)
    images, labels = zip(*[data.train[i] for i in kept], strict=True)
    data = replace(data, train=Pairs(images, labels), strata=data.strata[kept])
    data = few(replace(data, classes=data.classes[:classes]))
    part = Pairs([image.repeat(3, 1, 1) for image in data.train.inputs], data.train.targets)
    return replace(data, train=part, test=part)


def masks() -> Examples:
    """Give the squares with their masks in place of their boxes."""
    data, inside = squares(), []
    for target in data.train.targets:
        left, top, right, bottom = target["boxes"][0].int().tolist()
        inside.append(torch.zeros(1, 32, 32))
        inside[-1][:, top:bottom, left:right] = 1
    part = Pairs(data.train.inputs, inside)
    return replace(data, train=part, test=part)


def texts() -> Examples:
    """Give 32 docstrings of four libraries."""
    return few(docstrings(20))


@cache
def examples(kind: str) -> Examples:
    """Give the 32 examples of a kind."""
    if kind == "digits":
        return few(stand_ins.digits())
    made = {"coloured": coloured, "zeros and ones": partial(coloured, 2), "masks": masks,
            "squares": squares, "texts": texts}  # fmt: skip
    return made[kind]()


def trained(name: str, kind: str, recipe: Recipe) -> Outcome:
    """Train the learner of a study on 32 examples and score it on the same."""
    learner = CATALOGUE[name].stand_in.learner
    return learner.train(examples(kind), ALL, recipe, seed=0, device="cpu")


@pytest.mark.parametrize("name", WAYS)
def test_a_study_overfits_32_examples(name):
    kind, recipe = WAYS[name]
    outcome = trained(name, kind, recipe)
    metric = CATALOGUE[name].metric
    assert outcome.scores[metric] > LEAST[metric]
    assert outcome.history[-1]["train_loss"] < outcome.history[0]["train_loss"]
    assert len(outcome.history) == outcome.epochs == recipe.epochs


def test_every_study_but_the_detectors_is_here():
    assert set(CATALOGUE) - set(WAYS) == {"voc-fasterrcnn", "voc-retinanet"}


@pytest.mark.parametrize(
    ("name", "recipe", "options"),
    [
        ("fasterrcnn", Recipe(20, 4, 5e-4),
         {"box_batch_size_per_image": 8, "rpn_post_nms_top_n_train": 30,
          "rpn_post_nms_top_n_test": 50}),
        ("retinanet", Recipe(20, 2, 2e-4), {"anchor_scale": 0.7}),
    ],
)  # fmt: skip
def test_a_detector_overfits_32_examples_from_random_weights(name, recipe, options):
    build = partial(detector, name, min_size=32, max_size=32, **options)
    scores = Detector(name, build).train(squares(), ALL, recipe, seed=0, device="cpu").scores
    assert scores["map50"] > 0.9
    assert scores["map50"] >= scores["map50_95"] > 0
