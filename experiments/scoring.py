"""Mask mAP of predictions, COCO-style, through faster-coco-eval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.datasets.base import Sample
from experiments.learners.base import Prediction
from ptssp_sklearn.banks import METRICS

MAX_DETECTIONS = 100
"""Instances of a class that count in an image, as COCO has it."""


def score_predictions(
    predictions: Sequence[Prediction], samples: Sequence[Sample], class_names: Sequence[str]
) -> dict[str, Any]:
    """Score predicted instances against annotated images.

    Parameters
    ----------
    predictions : sequence of Prediction
        One an image; at most 100 instances of each class count, the surest first.
    samples : sequence of Sample
    class_names : sequence of str

    Returns
    -------
    scores : dict
        ``map50_95``, ``map50`` and ``map75``, fractions in [0, 1]: means over the classes
        that occur in the samples. ``classes`` holds the same three of each such class.

    Raises
    ------
    ValueError
        If there is no instance to find, or a prediction does not fit its image.
    """
    if len(predictions) != len(samples):
        raise ValueError(f"Got {len(predictions)} predictions for {len(samples)} images.")
    truth = [note for number, sample in enumerate(samples) for note in _truth(sample, number)]
    if not truth:
        raise ValueError(
            f"Got {len(samples)} test images without any instance, expected at least one."
        )
    found = [
        note
        for number, (prediction, sample) in enumerate(zip(predictions, samples, strict=True))
        for note in _found(prediction, sample, number, len(class_names))
    ]
    shapes = [sample.mask.shape for sample in samples]
    precision = _precision(truth, found, shapes, len(class_names))
    by_class = {
        name: _means(precision[:, :, number])
        for number, name in enumerate(class_names)
        if (precision[:, :, number] > -1).any()
    }
    means = {name: float(np.mean([c[name] for c in by_class.values()])) for name in METRICS}
    return {**means, "classes": by_class}


def _means(precision: NDArray[np.float64]) -> dict[str, float]:
    """Average precisions of shape (10 thresholds, 101 recalls) of one class."""
    means = precision.mean(axis=1)
    return dict(zip(METRICS, map(float, (means.mean(), means[0], means[5])), strict=True))


def _precision(
    truth: list[dict], found: list[dict], shapes: list[tuple[int, ...]], n_classes: int
) -> NDArray[np.float64]:
    """Get the precision of shape (10 thresholds, 101 recalls, n_classes); -1: no instance."""
    from faster_coco_eval import COCO, COCOeval_faster

    about = {
        "images": [{"id": i, "height": h, "width": w} for i, (h, w) in enumerate(shapes)],
        "categories": [{"id": i, "name": str(i)} for i in range(n_classes)],
    }
    sides = [
        COCO({**about, "annotations": [{"id": i, **note} for i, note in enumerate(notes, 1)]})
        for notes in (truth, found)
    ]
    judge = COCOeval_faster(*sides, iouType="segm", rle_iou_max_workers=1)
    judge.params.areaRng = judge.params.areaRng[:1]
    judge.params.areaRngLbl = ["all"]
    judge.params.maxDets = [MAX_DETECTIONS]
    judge.evaluate()
    judge.accumulate()
    return np.asarray(judge.eval["precision"])[:, :, :, 0, 0]


def _truth(sample: Sample, number: int) -> list[dict[str, Any]]:
    ids = np.unique(sample.mask)
    ids = ids[ids > 0]
    if ids.size and ids[-1] > len(sample.classes):
        raise ValueError(
            f"Got the instance {ids[-1]} in the mask of test image {number}, but "
            f"{len(sample.classes)} classes of instances."
        )
    masks = sample.mask == ids[:, None, None]
    return _notes(masks, sample.classes[ids - 1], number)


def _found(
    prediction: Prediction, sample: Sample, number: int, n_classes: int
) -> list[dict[str, Any]]:
    masks = np.asarray(prediction.masks, dtype=bool)
    classes = np.asarray(prediction.classes, dtype=np.int64)
    scores = np.asarray(prediction.scores, dtype=np.float64)
    n = len(scores)
    if len(classes) != n or (n and masks.shape != (n, *sample.mask.shape)):
        raise ValueError(
            f"Got masks of shape {masks.shape}, {len(classes)} classes and {n} scores for test "
            f"image {number}, expected masks of shape {(n, *sample.mask.shape)}."
        )
    if n and (classes.min() < 0 or classes.max() >= n_classes):
        raise ValueError(
            f"Got the classes {np.unique(classes).tolist()} for test image {number}, expected "
            f"0 to {n_classes - 1}."
        )
    if not np.isfinite(scores).all():
        raise ValueError(f"Got a score that is not finite for test image {number}.")
    notes = _notes(masks, classes, number)
    return [{**note, "score": float(score)} for note, score in zip(notes, scores, strict=True)]


def _notes(masks: NDArray[np.bool_], classes: NDArray[np.int64], number: int) -> list[dict]:
    """Write masks of shape (n, height, width) as COCO annotations of image `number`."""
    from faster_coco_eval import mask as coding

    if not len(masks):
        return []
    codes = coding.encode(np.asfortranarray(masks.transpose(1, 2, 0), dtype=np.uint8))
    areas = masks.sum(axis=(1, 2))
    return [
        {
            "image_id": number,
            "category_id": int(label),
            "segmentation": code,
            "area": float(area),
            "bbox": [0.0, 0.0, 1.0, 1.0],
            "iscrowd": 0,
        }
        for code, label, area in zip(codes, classes, areas, strict=True)
    ]
