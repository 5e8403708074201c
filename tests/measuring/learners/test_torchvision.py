"""Real trainings of a few steps on EfficientNet-Lite0, and weights that are taken over."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ptssp_sklearn.measuring.learner import Budget, LabelledImage, Objects
from ptssp_sklearn.measuring.learners.torchvision import LITE0, TorchvisionLearner
from tests.scenes import scene

pytest.importorskip("timm")


def sample(seed: int, *, masks: bool) -> LabelledImage:
    image, mask = scene(seed, side=64, n_objects=2)
    drawn = tuple(mask == i for i in np.unique(mask[mask > 0]))
    boxes = []
    for one in drawn:
        rows, columns = np.nonzero(one)
        boxes.append([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    objects = Objects(np.array(boxes, float), np.zeros(len(drawn), np.int64))
    if masks:
        objects = Objects(objects.boxes, objects.classes, drawn)
    return LabelledImage(image, objects)


def fit(model="auto", *, masks=False, steps=2, seed=0, **settings):
    learner = TorchvisionLearner(model, side=64, **settings)
    samples = [sample(number, masks=masks) for number in range(3)]
    return learner.fit(samples, n_classes=2, budget=Budget(steps, 2), seed=seed)


@pytest.mark.parametrize("model", LITE0)
def test_predictions_have_the_images_own_size(model):
    masks = "mask" in model
    wide = np.zeros((30, 90, 3), np.uint8)
    (found,) = fit(model, masks=masks).predict([wide])
    assert found.boxes.shape == (len(found.scores), 4)
    assert (found.masks is not None) == masks
    if masks:
        assert found.masks.shape == (len(found.scores), 30, 90)
    assert set(found.classes.tolist()) <= {0, 1}


def test_labels_choose_the_model_and_boxes_are_not_taken_for_masks():
    images = [sample(0, masks=True).image]
    assert fit(masks=True).predict(images)[0].masks is not None
    assert fit(masks=False).predict(images)[0].masks is None
    with pytest.raises(ValueError, match="boxes for maskrcnn_lite0"):
        fit("maskrcnn_lite0")


def test_the_same_seed_gives_the_same_model():
    state = torch.get_rng_state()
    one, again = (fit(seed=3).network.state_dict() for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(one[name], again[name]) for name in one)


def test_squares_are_learned():
    learner = TorchvisionLearner(side=64)
    samples = [sample(number, masks=False) for number in range(8)]
    model = learner.fit(samples, n_classes=1, budget=Budget(40, 4), seed=0)
    (found,) = model.predict([samples[0].image])
    best = found.boxes[found.scores.argsort()[::-1][:2]]
    gaps = np.abs(best[:, None] - samples[0].objects.boxes[None]).max(axis=2)
    assert gaps.min(axis=1).max() < 6


def test_weights_of_a_file_are_taken_over_but_for_other_shapes(tmp_path):
    torch.save(fit().network.state_dict(), tmp_path / "start.pth")
    learner = TorchvisionLearner(side=64, weights=str(tmp_path / "start.pth"))
    samples = [sample(0, masks=False)]
    started = learner.fit(samples, n_classes=5, budget=Budget(0, 1), seed=9).network.state_dict()
    kept = torch.load(tmp_path / "start.pth", weights_only=True)
    same = [name for name in kept if kept[name].shape == started[name].shape]
    assert all(torch.equal(kept[name], started[name]) for name in same)
    assert len(same) < len(kept)
    torch.save({"x": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="0 tensors fit"):
        fit(weights=str(tmp_path / "other.pth"))
    with pytest.raises(ValueError, match="torchvision has none of"):
        fit(weights="hub")
