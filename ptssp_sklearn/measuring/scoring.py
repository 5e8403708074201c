"""Box and mask mAP of predictions, COCO-style, through faster-coco-eval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.banks import METRICS
from ptssp_sklearn.measuring.learner import Objects, Prediction, Sample
from ptssp_sklearn.measuring.outlines import run_lengths
from ptssp_sklearn.measuring.resampling import Matches, resampled_scores

MAX_DETECTIONS = 100
"""Objects of a class that count in an image, as COCO has it."""


def score_predictions(
    predictions: Sequence[Prediction], samples: Sequence[Sample], class_names: Sequence[str]
) -> dict[str, Any]:
    """Score predicted objects against labelled images.

    Parameters
    ----------
    predictions : sequence of Prediction
        One an image; at most 100 objects of each class count, the surest first.
    samples : sequence of Sample
    class_names : sequence of str

    Returns
    -------
    scores : dict
        ``map50_95``, ``map50`` and ``map75``, fractions in [0, 1]: means over the classes
        that occur in the samples, of masks where both sides have them, else of boxes.
        ``classes`` holds the same three of each such class. ``kinds`` holds all of these
        of ``mask`` and of ``box``, as far as both sides have them, and ``n_test`` images,
        ``n_objects`` in them, and ``resampled``: mAP50-95 and mAP50 of test images drawn
        anew, shape (2, n_draws).

    Raises
    ------
    ValueError
        If there is no object to find, or a prediction does not fit its image.
    """
    if len(predictions) != len(samples):
        raise ValueError(f"Got {len(predictions)} predictions for {len(samples)} images.")
    truths = [sample.objects for sample in samples]
    if not sum(len(truth.classes) for truth in truths):
        raise ValueError(
            f"Got {len(samples)} test images without any instance, expected at least one."
        )
    shapes = [sample.image.shape[:2] for sample in samples]
    for number, (one, shape) in enumerate(zip(predictions, shapes, strict=True)):
        _check(one, shape, number, len(class_names))
    units = [sample.unit or str(number) for number, sample in enumerate(samples)]
    kinds = {
        kind: _score(kind, predictions, truths, shapes, units, class_names)
        for kind in ("mask", "box")
        if _has(kind, predictions, truths)
    }
    if not kinds:
        raise ValueError("Got predictions of masks for labels that are boxes, or the reverse.")
    headline = next(iter(kinds.values()))
    return {**{name: headline[name] for name in (*METRICS, "classes")}, "kinds": kinds}


def _has(kind: str, predictions: Sequence[Prediction], truths: Sequence[Objects]) -> bool:
    if kind == "box":
        return all(one.boxes is not None for one in predictions)
    labelled = all(truth.outlines is not None for truth in truths)
    return labelled and all(one.masks is not None for one in predictions)


def _score(
    kind: str,
    predictions: Sequence[Prediction],
    truths: Sequence[Objects],
    shapes: Sequence[tuple[int, ...]],
    units: Sequence[str],
    class_names: Sequence[str],
) -> dict[str, Any]:
    there: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for number, (truth, one) in enumerate(zip(truths, predictions, strict=True)):
        there += _notes(kind, truth.boxes, truth.outlines, truth.classes, shapes[number], number)
        masks = None if one.masks is None else list(one.masks)
        notes = _notes(kind, one.boxes, masks, one.classes, shapes[number], number)
        found += [{**note, "score": float(s)} for note, s in zip(notes, one.scores, strict=True)]
    judge = _judge(kind, there, found, shapes, len(class_names))
    precision = np.asarray(judge.eval["precision"])[:, :, :, 0, 0]
    by_class = {
        name: _means(precision[:, :, number])
        for number, name in enumerate(class_names)
        if (precision[:, :, number] > -1).any()
    }
    means = {name: float(np.mean([c[name] for c in by_class.values()])) for name in METRICS}
    matches = Matches.of(judge.ious, there, found, len(class_names), MAX_DETECTIONS)
    return {
        **means,
        "classes": by_class,
        "n_test": len(truths),
        "n_objects": len(there),
        "resampled": resampled_scores(matches, units),
    }


def _means(precision: NDArray[np.float64]) -> dict[str, float]:
    """Average precisions of shape (10 thresholds, 101 recalls) of one class."""
    means = precision.mean(axis=1)
    return dict(zip(METRICS, map(float, (means.mean(), means[0], means[5])), strict=True))


def _judge(
    kind: str,
    truth: list[dict[str, Any]],
    found: list[dict[str, Any]],
    shapes: Sequence[tuple[int, ...]],
    n_classes: int,
) -> Any:
    """Evaluate; ``eval["precision"]`` is (10 thresholds, 101 recalls, n_classes, 1, 1)."""
    from faster_coco_eval import COCO, COCOeval_faster

    about = {
        "images": [{"id": i, "height": h, "width": w} for i, (h, w) in enumerate(shapes)],
        "categories": [{"id": i, "name": str(i)} for i in range(n_classes)],
    }
    sides = [
        COCO({**about, "annotations": [{"id": i, **note} for i, note in enumerate(notes, 1)]})
        for notes in (truth, found)
    ]
    iou = "segm" if kind == "mask" else "bbox"
    judge = COCOeval_faster(*sides, iouType=iou, rle_iou_max_workers=1)
    judge.params.areaRng = judge.params.areaRng[:1]
    judge.params.areaRngLbl = ["all"]
    judge.params.maxDets = [MAX_DETECTIONS]
    judge.evaluate()
    judge.accumulate()
    return judge


def _check(one: Prediction, shape: tuple[int, ...], number: int, n_classes: int) -> None:
    """Refuse a prediction that does not fit test image `number`."""
    n = len(one.scores)
    masks = (n, *shape) if one.masks is None else one.masks.shape
    boxes = (n, 4) if one.boxes is None else one.boxes.shape
    if len(one.classes) != n or (n and (masks != (n, *shape) or boxes != (n, 4))):
        raise ValueError(
            f"Got masks of shape {masks}, boxes of shape {boxes}, {len(one.classes)} classes and "
            f"{n} scores for test image {number}, expected masks of shape {(n, *shape)} and boxes "
            f"of shape {(n, 4)}."
        )
    if n and (one.classes.min() < 0 or one.classes.max() >= n_classes):
        raise ValueError(
            f"Got the classes {np.unique(one.classes).tolist()} for test image {number}, expected "
            f"0 to {n_classes - 1}."
        )
    if not np.isfinite(one.scores).all():
        raise ValueError(f"Got a score that is not finite for test image {number}.")


def _notes(
    kind: str,
    boxes: NDArray[np.float64] | None,
    outlines: Sequence[Any] | None,
    classes: NDArray[np.int64],
    shape: tuple[int, ...],
    number: int,
) -> list[dict[str, Any]]:
    """Write the objects of image `number` as COCO's annotations."""
    shared = [
        {"image_id": number, "category_id": int(label), "iscrowd": 0, "area": 1.0}
        for label in classes
    ]
    if kind == "box":
        corners = np.asarray(boxes, np.float64).reshape(-1, 4)
        sides = np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
        return [{**note, "bbox": box} for note, box in zip(shared, sides.tolist(), strict=True)]
    codes = run_lengths(outlines or (), shape[0], shape[1])
    unused = [0.0, 0.0, 1.0, 1.0]
    return [
        {**note, "segmentation": code, "bbox": unused}
        for note, code in zip(shared, codes, strict=True)
    ]
