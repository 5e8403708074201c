from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest

from experiments.datasets.base import Sample
from ptssp_sklearn.banks import METRICS
from ptssp_sklearn.measuring.learner import Prediction
from ptssp_sklearn.measuring.scoring import score_predictions

NAMES = ("a", "b", "c", "never")


def random_case(seed: int, n_images: int = 12, side: int = 40):
    """Draw squares, find shifted ones with scores that tie, some doubly, some not at all."""
    rng = np.random.default_rng(seed)
    samples, predictions = [], []
    for number in range(n_images):
        mask = np.zeros((side, side), np.int32)
        count = 0 if number % 5 == 4 else int(rng.integers(1, 6))
        corners = rng.integers(0, side - 12, (count, 2))
        for label, (top, left) in enumerate(corners, 1):
            mask[top : top + 12, left : left + 12] = label
        samples.append(Sample(np.zeros((side, side, 3), np.uint8), mask, rng.integers(0, 3, count)))
        masks, classes = [], []
        for label in range(count):
            for _ in range(rng.integers(0, 3)):
                masks.append(np.roll(mask == label + 1, rng.integers(-4, 5, 2), axis=(0, 1)))
                right = rng.random() < 0.8
                classes.append(samples[-1].classes[label] if right else rng.integers(0, 4))
        n = len(masks)
        shaped = np.array(masks, bool).reshape(n, side, side)
        scores = rng.integers(1, 6, n) / 5
        predictions.append(Prediction(shaped, np.array(classes, np.int64), scores))
    return predictions, samples


def reference(predictions, samples):
    """Score with pycocotools, all area ranges and detection counts as usual."""
    from pycocotools import mask as coding
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def note(mask, label, image, **more):
        code = coding.encode(np.asfortranarray(mask.astype(np.uint8)))
        area = float(mask.sum())
        return {
            "image_id": image, "category_id": int(label) + 1, "segmentation": code,
            "area": area, "bbox": [0, 0, 1, 1], "iscrowd": 0, **more,
        }  # fmt: skip

    truth, found = [], []
    for image, (prediction, sample) in enumerate(zip(predictions, samples, strict=True), 1):
        for label in np.unique(sample.mask[sample.mask > 0]):
            truth.append(note(sample.mask == label, sample.classes[label - 1], image))
        for parts in zip(prediction.masks, prediction.classes, prediction.scores, strict=True):
            found.append(note(parts[0], parts[1], image, score=float(parts[2])))
    about = {
        "images": [{"id": i + 1, "height": 40, "width": 40} for i in range(len(samples))],
        "categories": [{"id": i + 1, "name": name} for i, name in enumerate(NAMES)],
    }
    sides = []
    with contextlib.redirect_stdout(io.StringIO()):
        for notes in (truth, found):
            coco = COCO()
            coco.dataset = {
                **about,
                "annotations": [{"id": i + 1, **n} for i, n in enumerate(notes)],
            }
            coco.createIndex()
            sides.append(coco)
        judge = COCOeval(*sides, "segm")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge


@pytest.mark.parametrize("seed", range(8))
def test_scores_equal_pycocotools(seed):
    predictions, samples = random_case(seed)
    scores = score_predictions(predictions, samples, NAMES)
    judge = reference(predictions, samples)
    assert [scores[name] for name in METRICS] == pytest.approx(judge.stats[:3], abs=1e-6)
    assert 0.01 < scores["map50_95"] < 0.9
    precision = judge.eval["precision"][:, :, :, 0, 2]
    for number, name in enumerate(NAMES[:3]):
        ours = [scores["classes"][name][metric] for metric in METRICS]
        means = precision[:, :, number].mean(axis=1)
        assert ours == pytest.approx([means.mean(), means[0], means[5]], abs=1e-6)
    assert "never" not in scores["classes"]


def test_more_than_a_hundred_instances_are_cut_like_pycocotools():
    predictions, samples = random_case(3)
    one = predictions[0]
    many = Prediction(
        np.concatenate([np.zeros((150, 40, 40), bool), one.masks]),
        np.concatenate([np.repeat(samples[0].classes[0], 150), one.classes]),
        np.concatenate([np.full(150, 0.9), one.scores]),
    )
    predictions = [many, *predictions[1:]]
    scores = score_predictions(predictions, samples, NAMES)
    judge = reference(predictions, samples)
    assert [scores[name] for name in METRICS] == pytest.approx(judge.stats[:3], abs=1e-6)


def test_the_truth_scores_one_and_nothing_scores_zero():
    _, samples = random_case(0)
    ids = [np.unique(s.mask[s.mask > 0]) for s in samples]
    right = [
        Prediction(s.mask == i[:, None, None], s.classes[i - 1], np.ones(len(i)))
        for s, i in zip(samples, ids, strict=True)
    ]
    assert score_predictions(right, samples, NAMES)["map50_95"] == pytest.approx(1)
    nothing = Prediction(np.zeros((0, 40, 40), bool), np.zeros(0, np.int64), np.zeros(0))
    scores = score_predictions([nothing] * len(samples), samples, NAMES)
    assert [scores[name] for name in METRICS] == [0, 0, 0]


def test_what_cannot_be_scored_is_refused():
    predictions, samples = random_case(0)
    empty = [s for s in samples if not len(s.classes)]
    with pytest.raises(ValueError, match="without any instance"):
        score_predictions([predictions[4]] * len(empty), empty, NAMES)
    with pytest.raises(ValueError, match="11 predictions for 12 images"):
        score_predictions(predictions[1:], samples, NAMES)
    wrong = Prediction(np.zeros((1, 5, 5), bool), np.zeros(1, np.int64), np.ones(1))
    with pytest.raises(ValueError, match=r"shape \(1, 5, 5\).*expected masks of shape \(1, 40"):
        score_predictions([wrong, *predictions[1:]], samples, NAMES)
    stranger = Prediction(np.zeros((1, 40, 40), bool), np.full(1, 7), np.ones(1))
    with pytest.raises(ValueError, match="expected 0 to 3"):
        score_predictions([stranger, *predictions[1:]], samples, NAMES)
