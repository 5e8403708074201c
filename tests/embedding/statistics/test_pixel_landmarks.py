from __future__ import annotations

import numpy as np
import pytest

from ptssp_sklearn.embedding.statistics._pixel_landmarks import (
    LANDMARK_NAMES,
    landmark_scores,
    pixel_responses,
)
from tests.scenes import task


def mean_scores(**options) -> dict[str, float]:
    scores = landmark_scores(*task(1, 4, **options))
    return dict(zip(LANDMARK_NAMES, scores.mean(axis=0), strict=True))


def test_clear_tasks_score_above_camouflaged_ones():
    clear, hidden = mean_scores(contrast=120), mean_scores(contrast=6)
    assert clear["roc_auc"] > 0.95
    assert clear["object_map"] > 0.3
    assert all(clear[name] > hidden[name] for name in LANDMARK_NAMES)


def test_invisible_objects_score_at_chance():
    assert mean_scores(contrast=0)["roc_auc"] == pytest.approx(0.5, abs=0.12)


def test_same_seed_same_scores():
    images, masks = task(2, 3, contrast=20)
    first = landmark_scores(images, masks, random_state=5)
    assert np.array_equal(first, landmark_scores(images, masks, random_state=5))
    assert not np.array_equal(first, landmark_scores(images, masks, random_state=6))


def test_two_usable_images_are_needed():
    images, masks = task(3, 3)
    masks[0], masks[1] = 0, 1
    assert landmark_scores(images, masks) is None
    masks[1] = masks[2]
    assert landmark_scores(images, masks).shape == (2, len(LANDMARK_NAMES))


def test_ids_with_gaps_count_as_the_objects_there_are():
    images, masks = task(4, 3)
    assert np.array_equal(landmark_scores(images, masks), landmark_scores(images, 50 * masks))


def test_responses_are_one_row_a_pixel():
    image = np.zeros((9, 13, 3), np.uint8)
    assert pixel_responses(image).shape == (9 * 13, 27)
