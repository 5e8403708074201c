from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from experiments.studies.catalogue import CATALOGUE
from experiments.studies.data import stand_ins
from experiments.studies.data.arrays import Pairs
from experiments.studies.data.scenes import boxes
from experiments.studies.data.texts import docstrings
from experiments.studies.models.detectors import detector
from experiments.studies.study import Examples, Recipe
from experiments.studies.training.detect import Detector
from experiments.studies.training.fitting import split_off

N = 32
ALL = np.arange(N)


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


def inside_of(data: Examples) -> Examples:
    """Give the masks of squares in place of their boxes."""
    masks = []
    for target in data.train.targets:
        left, top, right, bottom = target["boxes"][0].int().tolist()
        masks.append(torch.zeros(1, 32, 32))
        masks[-1][:, top:bottom, left:right] = 1
    part = Pairs(data.train.inputs, masks)
    return replace(data, train=part, test=part)


@pytest.fixture(scope="module")
def data() -> dict[str, Examples]:
    return {
        "mnist": few(stand_ins.digits()),
        "coloured": coloured(),
        "scenes": inside_of(squares()),
        "texts": few(docstrings(20)),
    }


def overfits(name: str, data: Examples, recipe: Recipe) -> dict[str, float]:
    study = CATALOGUE[name]
    outcome = study.stand_in.learner.train(data, ALL, recipe, seed=0, device="cpu")
    assert outcome.history[-1]["train_loss"] < outcome.history[0]["train_loss"]
    assert len(outcome.history) == outcome.epochs == recipe.epochs
    return outcome.scores


@pytest.mark.parametrize(
    ("name", "kind", "recipe"),
    [
        ("cifar10-pretrained", "coloured", Recipe(12, 8, 1e-2)),
        ("cifar10-scratch", "coloured", Recipe(12, 8, 2e-3)),
        ("mnist-mlp", "mnist", Recipe(15, 8, 1e-3)),
        ("mnist-cnn", "mnist", Recipe(15, 8, 1e-3)),
        ("cifar10-cnn", "coloured", Recipe(60, 8, 3e-3)),
        ("cifar10-skip", "coloured", Recipe(30, 8, 3e-3)),
        ("text-cnn", "texts", Recipe(15, 8, 2e-3)),
        ("imdb-roberta", "texts", Recipe(30, 8, 3e-3)),
    ],
)
def test_classifiers_of_studies_a_and_b_overfit_few_examples(name, kind, recipe, data):
    assert overfits(name, data[kind], recipe)["accuracy"] > 0.95


def test_the_autoencoder_overfits_and_so_does_its_forest(data):
    study = CATALOGUE["mnist-autoencoder"]
    outcome = study.stand_in.learner.train(
        data["mnist"], ALL, Recipe(60, 8, 3e-3), seed=0, device="cpu"
    )
    assert outcome.scores["accuracy"] == 1.0
    assert outcome.history[-1]["train_loss"] < 0.25 * outcome.history[0]["train_loss"]


def test_the_unet_overfits_few_scenes(data):
    assert overfits("pet-unet", data["scenes"], Recipe(15, 8, 3e-3))["iou"] > 0.9


@pytest.mark.parametrize(
    ("name", "recipe", "least"),
    [("fasterrcnn", Recipe(12, 8, 2e-3), 0.25), ("retinanet", Recipe(9, 8, 1e-3), 0.4)],
)
def test_detectors_find_few_squares_again_after_few_steps_from_random_weights(name, recipe, least):
    options: dict[str, int] = {"min_size": 32, "max_size": 32}
    if name == "fasterrcnn":
        options |= {"box_batch_size_per_image": 8, "rpn_post_nms_top_n_train": 30}
        options |= {"rpn_post_nms_top_n_test": 50}
    learner = Detector(name, partial(detector, name, **options))
    scores = learner.train(squares(), ALL, recipe, seed=0, device="cpu").scores
    assert scores["map50"] > least
    assert scores["map50"] >= scores["map50_95"] > 0


@pytest.mark.parametrize(
    ("name", "recipe"),
    [
        ("garbage-resnet18-last", Recipe(15, 4, 2e-2)),
        ("garbage-resnet18-some", Recipe(10, 8, 1e-3)),
        ("garbage-resnet18-all", Recipe(10, 8, 1e-3)),
        ("garbage-lite0-last", Recipe(8, 4, 1e-2)),
        ("garbage-lite0-some", Recipe(6, 8, 2e-3)),
        ("garbage-lite0-all", Recipe(12, 8, 2e-3)),
    ],
)
def test_transfer_learning_overfits_few_examples(name, recipe, data):
    assert overfits(name, data["coloured"], recipe)["f1"] > 0.9


@pytest.mark.parametrize("name", ["googlenet", "inception_v3", "vgg16"])
def test_the_heavier_architectures_lower_their_loss_by_the_last_layer_alone(name, data):
    learner = CATALOGUE[f"garbage-{name}-last"].stand_in.learner
    recipe = Recipe(4, 8, 2e-2)
    history = learner.train(data["coloured"], ALL, recipe, seed=0, device="cpu").history
    assert history[-1]["train_loss"] < 0.9 * history[0]["train_loss"]


def test_patience_keeps_the_best_epoch_and_leaves_a_stratified_tenth_out(data):
    strata = np.repeat([0, 1], [40, 60])
    learn, validate = split_off(strata, Recipe(1, patience=2), seed=0)
    assert sorted(learn + validate) == list(range(100))
    assert np.bincount(strata[validate]).tolist() == [4, 6]
    assert split_off(strata, Recipe(1), seed=0) == (list(range(100)), None)
    recipe = replace(CATALOGUE["mnist-mlp"].stand_in.recipe, epochs=60, patience=2)
    digits, chosen = stand_ins.digits(), np.arange(300)
    learner = CATALOGUE["mnist-mlp"].stand_in.learner
    outcome = learner.train(digits, chosen, recipe, seed=0, device="cpu")
    losses = [row["valid_loss"] for row in outcome.history]
    assert outcome.epochs == 1 + int(np.argmin(losses))
    assert len(losses) in (outcome.epochs + 2, 60)


def test_same_seed_same_scores_and_the_random_state_stays(data):
    learner, state = CATALOGUE["mnist-mlp"].stand_in.learner, torch.get_rng_state()
    first, again, other = (
        learner.train(data["mnist"], ALL, Recipe(2, 8), seed=seed, device="cpu").history
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other
    assert torch.equal(torch.get_rng_state(), state)
