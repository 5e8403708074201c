"""Every study learns 32 examples by heart, by its own network and its own way of training."""

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
from experiments.studies.study import Examples, Learner, Recipe
from experiments.studies.training.detect import Detector

N = 32
ALL = np.arange(N)
LEAST = {"accuracy": 0.95, "f1": 0.95, "iou": 0.9, "map50_95": 0.0}

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
    "voc-fasterrcnn": ("squares", Recipe(20, 8, 4e-4)),
    "voc-retinanet": ("squares", Recipe(15, 8, 5e-4)),
    "garbage-resnet18-last": ("coloured", Recipe(40, 32, 2e-2)),
    "garbage-resnet18-some": ("coloured", Recipe(10, 8, 1e-3)),
    "garbage-resnet18-all": ("coloured", Recipe(10, 8, 1e-3)),
    "garbage-googlenet-last": ("coloured", Recipe(50, 32, 2e-2)),
    "garbage-googlenet-some": ("coloured", Recipe(20, 16, 2e-3)),
    "garbage-googlenet-all": ("coloured", Recipe(15, 16, 1e-3)),
    "garbage-inception_v3-last": ("coloured", Recipe(40, 32, 2e-2)),
    "garbage-inception_v3-some": ("coloured", Recipe(20, 32, 2e-3)),
    "garbage-inception_v3-all": ("coloured", Recipe(15, 32, 1e-3)),
    "garbage-vgg16-last": ("coloured", Recipe(40, 32, 1e-2)),
    "garbage-vgg16-some": ("coloured", Recipe(15, 32, 3e-4)),
    "garbage-vgg16-all": ("coloured", Recipe(15, 32, 1e-4)),
    "garbage-lite0-last": ("coloured", Recipe(12, 8, 1e-2)),
    "garbage-lite0-some": ("coloured", Recipe(8, 8, 2e-3)),
    "garbage-lite0-all": ("coloured", Recipe(12, 8, 2e-3)),
}
"""Which 32 examples a study learns, and how long."""

SMALL = {
    "voc-fasterrcnn": {"min_size": 96, "max_size": 96, "box_batch_size_per_image": 8,
                       "rpn_post_nms_top_n_train": 30, "rpn_post_nms_top_n_test": 20},
    "voc-retinanet": {"min_size": 32, "max_size": 32, "anchor_scale": 0.25},
}  # fmt: skip
"""The detectors on images smaller than their study's, in seconds."""


def few(data: Examples) -> Examples:
    """Give 32 training examples that are the test examples too."""
    step = len(data.strata) // N
    pairs = [data.train[i * step] for i in range(N)]
    inputs, targets = zip(*pairs, strict=True)
    part = Pairs(inputs, targets)
    return Examples(data.name, part, part, data.strata[::step][:N], data.classes)


def squares() -> Examples:
    """Give 32 small images with a light or a dark square each."""
    rng, images, targets = np.random.default_rng(0), [], []
    for index in range(N):
        image = torch.full((3, 32, 32), 0.5) + 0.02 * torch.from_numpy(rng.normal(size=(3, 32, 32)))
        left, top = (int(v) for v in rng.integers(0, 10, 2))
        image[:, top : top + 22, left : left + 22] = float(index % 2)
        images.append(image.float())
        targets.append(boxes([[left, top, left + 22.0, top + 22.0]], [1 + index % 2]))
    part = Pairs(images, targets)
    return Examples("squares", part, part, ALL % 2, ("dark", "light"))


def coloured() -> Examples:
    """Give 32 digits in colours of 32 x 32 pixels."""
    data = few(stand_ins.digits(32))
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
    return {"coloured": coloured, "masks": masks, "squares": squares, "texts": texts}[kind]()


def learner_of(name: str) -> Learner:
    """Give the learner of a study; a detector's images are made smaller."""
    if name not in SMALL:
        return CATALOGUE[name].stand_in.learner
    return Detector(name, partial(detector, name.removeprefix("voc-"), **SMALL[name]))


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_study_overfits_32_examples(name):
    kind, recipe = WAYS[name]
    data = examples(kind)
    outcome = learner_of(name).train(data, ALL, recipe, seed=0, device="cpu")
    metric = CATALOGUE[name].metric
    assert outcome.scores[metric] >= LEAST[metric], outcome.scores
    assert outcome.scores.get("map50", 1.0) >= 0.9
    assert outcome.history[-1]["train_loss"] < 0.5 * outcome.history[0]["train_loss"]
    assert len(outcome.history) == outcome.epochs == recipe.epochs
