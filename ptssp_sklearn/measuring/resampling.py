"""mAP of test images drawn anew: how far a score is due to the images it was measured on."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn._typing import Array

DRAWS = 100
LEAST_GROUPS = 8
"""Fewer groups than this are not drawn as wholes: so few draws would tell nothing."""

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True)
class Matches:
    """What was found of each class, the surest first, and what was there to find.

    Attributes
    ----------
    images : list of ndarray of shape (n_found,)
        For each class, the image of everything found.
    right : list of ndarray of shape (10, n_found), bool
        Whether it counts as found rightly, at each threshold of IoU.
    truths : ndarray of shape (n_classes, n_images)
        Objects there are.
    """

    images: list[NDArray[np.int64]]
    right: list[NDArray[np.bool_]]
    truths: Array

    @classmethod
    def of(
        cls,
        ious: Mapping[tuple[int, int], Any],
        truth: Sequence[dict[str, Any]],
        found: Sequence[dict[str, Any]],
        n_classes: int,
        most: int,
    ) -> Matches:
        """Match as COCO does: the surest first, each to the best object that is left.

        Parameters
        ----------
        ious : mapping of (image, class) to ndarray of shape (n_found, n_truths)
            The surest first; empty where either side is.
        truth, found : sequences of dict
            COCO's annotations.
        n_classes : int
        most : int
            Found objects that count, an image and class.
        """
        n_images = 1 + max((image for image, _ in ious), default=0)
        counts = np.zeros((n_classes, n_images))
        for note in truth:
            counts[note["category_id"], note["image_id"]] += 1
        scores = defaultdict(list)
        for note in found:
            scores[note["category_id"], note["image_id"]].append(note["score"])
        images, right = [], []
        for label in range(n_classes):
            sure, where, hits = [np.zeros(0)], [np.zeros(0, np.int64)], [np.zeros((10, 0), bool)]
            for image in range(n_images):
                here = np.sort(scores.get((label, image), []))[::-1][:most]
                sure.append(here)
                where.append(np.full(len(here), image))
                hits.append(_match(np.asarray(ious.get((image, label), [])), len(here)))
            order = np.argsort(-np.concatenate(sure), kind="stable")
            images.append(np.concatenate(where)[order])
            right.append(np.concatenate(hits, axis=1)[:, order])
        return cls(images, right, counts)


def _match(ious: Array, n_found: int) -> NDArray[np.bool_]:
    """Match the found of one image and class, shape (10, n_found)."""
    right = np.zeros((len(THRESHOLDS), n_found), bool)
    if not ious.size:
        return right
    for row, threshold in zip(right, THRESHOLDS, strict=True):
        least = min(threshold, 1 - 1e-10)
        free = np.ones(ious.shape[1], bool)
        for number in np.flatnonzero(ious.max(axis=1) >= least):
            worth = np.where(free, ious[number], -1.0)
            best = len(worth) - 1 - int(worth[::-1].argmax())
            if worth[best] >= least:
                free[best] = False
                row[number] = True
    return right


def drawn_together(names: Sequence[str], groups: Sequence[str | None]) -> list[str]:
    """Name the unit of each image: its group, or the image where there are few groups."""
    known = {group for group in groups if group is not None}
    if len(known) < LEAST_GROUPS:
        return list(names)
    pairs = zip(names, groups, strict=True)
    return [name if group is None else f"group {group}" for name, group in pairs]


def draw_weights(units: Sequence[str], draws: int = DRAWS) -> Array:
    """Draw how often each image counts: a Poisson bootstrap, one number a unit and draw.

    A unit's numbers follow from its name alone, so that scores of two trainings on the same
    images are drawn alike, and their difference is known better than either.

    Parameters
    ----------
    units : sequence of str
        Group of each image, or the image itself.
    draws : int

    Returns
    -------
    weights : ndarray of shape (draws, n_images)

    References
    ----------
    .. [1] Chamandy, N., et al. (2012). Estimating uncertainty for massive data streams.
       Google technical report.
    """
    drawn = {unit: _rng(unit).poisson(1.0, draws) for unit in dict.fromkeys(units)}
    return np.stack([drawn[unit] for unit in units], axis=1).astype(np.float64)


def _rng(name: str) -> np.random.Generator:
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def resampled_scores(matches: Matches, units: Sequence[str], draws: int = DRAWS) -> Array:
    """Score test images drawn anew.

    Returns
    -------
    scores : ndarray of shape (2, draws)
        mAP50-95 and mAP50; NaN where nothing to find was drawn.
    """
    return weighted_scores(matches, draw_weights(units, draws))


def weighted_scores(matches: Matches, weights: Array) -> Array:
    """Score with images that count several times or not at all.

    Parameters
    ----------
    matches : Matches
    weights : ndarray of shape (n_draws, n_images)

    Returns
    -------
    scores : ndarray of shape (2, n_draws)
        mAP50-95 and mAP50: means over the classes there are to find in each draw.
    """
    total = np.zeros((2, len(weights)))
    classes = np.zeros(len(weights))
    for images, right, truths in zip(matches.images, matches.right, matches.truths, strict=True):
        there = weights @ truths
        precisions = np.stack([_average_precision(weights[:, images], row, there) for row in right])
        total += np.where(there > 0, [precisions.mean(axis=0), precisions[0]], 0.0)
        classes += there > 0
    return np.where(classes > 0, total / np.maximum(classes, 1), np.nan)


def _average_precision(weights: Array, right: NDArray[np.bool_], there: Array) -> Array:
    """Average the precision over 101 recalls, as COCO does, in each draw."""
    places = np.flatnonzero(right)
    if not len(places):
        return np.zeros(len(weights))
    found = np.cumsum(weights, axis=1)[:, places]
    hits = np.cumsum(weights[:, places], axis=1)
    precision = hits / np.maximum(found, 1e-12)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    recall = hits / np.maximum(there, 1e-12)[:, None]
    means = np.empty(len(weights))
    for number, (row, heights) in enumerate(zip(recall, precision, strict=True)):
        first = np.searchsorted(row, RECALLS, side="left")
        means[number] = np.append(heights, 0.0)[first].mean()
    return means
