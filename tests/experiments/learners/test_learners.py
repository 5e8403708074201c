from __future__ import annotations

import numpy as np
import pytest
import torch

from experiments.datasets.base import Sample
from experiments.learners import make_learner
from experiments.learners.instances import class_map, find_instances
from experiments.learners.lite0 import Lite0Learner
from experiments.learners.unet import UNetLearner, stack, unstack
from ptssp_sklearn.embedding.statistics.unet import StackedUNet
from ptssp_sklearn.embedding.statistics.watershed import distance_map
from ptssp_sklearn.measuring.learner import Budget, Job, Model
from ptssp_sklearn.measuring.scoring import score_predictions
from tests.scenes import scene


def samples(n: int, first: int = 0, n_classes: int = 1) -> list[Sample]:
    answer = []
    for seed in range(first, first + n):
        image, mask = scene(seed, side=48)
        ids, numbered = np.unique(mask, return_inverse=True)
        classes = np.arange(len(ids) - 1) % n_classes
        answer.append(Sample(image, numbered.reshape(mask.shape).astype(np.int32), classes))
    return answer


def touching() -> Sample:
    mask = np.zeros((40, 40), np.int32)
    mask[4:16, 4:16], mask[4:16, 16:28], mask[24:36, 10:30] = 1, 2, 3
    return Sample(np.zeros((40, 40, 3), np.uint8), mask, np.array([0, 1, 0]))


def test_depth_parts_touching_objects_and_is_one_at_their_deepest():
    mask = touching().mask
    depth = distance_map(mask)
    assert depth.min() == 0.0
    assert (depth[mask == 0] == 0).all()
    assert [depth[mask == i].max() for i in (1, 2, 3)] == [1.0, 1.0, 1.0]
    assert depth[8, 15] < 0.3
    assert depth[8, 16] < 0.3
    assert (distance_map(np.zeros((8, 8), np.int32)) == 0).all()


def test_true_maps_give_the_objects_back_though_they_touch():
    sample = touching()
    shares = np.eye(3, dtype=np.float32)[class_map(sample)].transpose(2, 0, 1)
    found = find_instances(shares, distance_map(sample.mask))
    scores = score_predictions([found], [sample], ["a", "b"])
    assert scores["map50_95"] == 1.0
    assert sorted(found.classes.tolist()) == [0, 0, 1]


def test_no_foreground_gives_no_instance():
    shares = np.stack([np.ones((9, 9)), np.zeros((9, 9))]).astype(np.float32)
    found = find_instances(shares, np.zeros((9, 9), np.float32))
    assert found.masks.shape == (0, 9, 9)


@pytest.fixture(scope="module")
def learned() -> Model:
    return UNetLearner(8).fit(samples(12), n_classes=1, budget=Budget(60, 8), seed=1)


def score(model: Model, test: list[Sample]) -> float:
    found = model.predict([s.image for s in test])
    return score_predictions(found, test, ["blob"])["map50"]


def test_a_unet_learns_the_objects(learned):
    assert score(learned, samples(6, first=100)) > 0.5


def test_lite0_learns_the_objects():
    model = Lite0Learner().fit(samples(12), n_classes=1, budget=Budget(60, 8), seed=1)
    assert score(model, samples(6, first=100)) > 0.5


@pytest.mark.parametrize("learner", [UNetLearner(8), Lite0Learner()], ids=lambda x: x.name)
def test_a_training_is_the_same_for_the_same_seed(learner):
    weights = {
        learner.fit(samples(6), n_classes=1, budget=Budget(4, 4), seed=seed).weights()
        for seed in (1, 1, 2)
    }
    assert len(weights) == 2


def test_training_leaves_the_global_random_state_and_the_trained_encoder_alone():
    state, learner = torch.get_rng_state(), Lite0Learner()
    fresh = learner.seeded(1, 0).encoder.state_dict()
    model = learner.fit(samples(2), n_classes=1, budget=Budget(3, 4), seed=0)
    assert torch.equal(torch.get_rng_state(), state)
    trained = model.network.encoder.state_dict()
    assert all(torch.equal(trained[name], value) for name, value in fresh.items())


def test_weights_are_where_a_warm_start_begins(learned):
    going_on, afresh = (
        UNetLearner(8).fit(samples(8), n_classes=1, budget=Budget(10, 8), seed=5, start=start)
        for start in (learned.weights(), None)
    )
    test = samples(4, first=50)
    assert score(going_on, test) > score(afresh, test) + 0.2


def test_a_stack_computes_what_its_networks_compute():
    networks = [UNetLearner(4).seeded(1, seed).eval() for seed in (0, 1, 2)]
    stacked = stack(networks, StackedUNet(3, 4, 3)).eval()
    images = torch.randn(2, 9, 32, 32)
    alone = [n(part) for n, part in zip(networks, images.chunk(3, dim=1), strict=True)]
    assert torch.allclose(stacked(images), torch.cat(alone, dim=1), atol=1e-5)
    for network, state in zip(networks, unstack(stacked), strict=True):
        assert all(torch.equal(state[k], v) for k, v in network.state_dict().items())


def test_images_of_different_sizes_are_learned_together():
    mixed = samples(4) + [Sample(s.image[:37], s.mask[:37], s.classes) for s in samples(4, 9)]
    model = UNetLearner(4).fit(mixed, n_classes=1, budget=Budget(10, 4), seed=0)
    found = model.predict([s.image for s in mixed])
    assert [p.masks.shape[1:] for p in found] == [s.mask.shape for s in mixed]


def test_side_by_side_trainings_are_those_of_their_own():
    learner, budget = UNetLearner(4), Budget(40, 8)
    jobs = [
        Job(samples(8), 1, 0),
        Job(samples(8, n_classes=2), 2, 1),
        Job(samples(3, first=20), 1, 2),
    ]
    test = samples(6, first=60)
    for job, model in zip(jobs, learner.fit_many(jobs, budget=budget), strict=True):
        alone = learner.fit(job.samples, n_classes=job.n_classes, budget=budget, seed=job.seed)
        images = [s.image for s in test]
        shares = [np.mean([p.masks.any(0) for p in m.predict(images)]) for m in (model, alone)]
        assert shares[0] == pytest.approx(shares[1], abs=0.03)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("unett", {}, "Did you mean 'unet'"),
        ("tests.learners:Nothing", {}, "has no Nothing"),
        ("no_such_package.x:Learner", {}, "needs the package no_such_package"),
        ("unet", {"depth": 3}, "settings"),
    ],
)
def test_what_is_no_learner_is_said(name, settings, message):
    with pytest.raises(ValueError, match=message):
        make_learner(name, **settings)
