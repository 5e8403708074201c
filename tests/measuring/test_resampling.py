from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ptssp_sklearn.banks import METRICS
from ptssp_sklearn.measuring import scoring
from ptssp_sklearn.measuring.resampling import (
    LEAST_GROUPS,
    draw_weights,
    drawn_together,
    weighted_scores,
)
from tests.measuring.test_scoring import NAMES, random_case


def boxed(predictions):
    """Give every found mask the box around it, none of an empty one."""
    out = []
    for one in predictions:
        boxes = np.zeros((len(one.scores), 4))
        for box, mask in zip(boxes, one.masks, strict=True):
            rows, columns = np.nonzero(mask)
            if len(rows):
                box[:] = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        out.append(dataclasses.replace(one, boxes=boxes))
    return out


@pytest.fixture
def kept(monkeypatch):
    """Keep the matches of every scoring."""
    seen = []

    def keep(matches, units):
        seen.append(matches)
        return weighted_scores(matches, draw_weights(units))

    monkeypatch.setattr(scoring, "resampled_scores", keep)
    return seen


@pytest.mark.parametrize("seed", range(6))
def test_images_that_count_once_give_cocos_scores(seed, kept):
    predictions, samples = random_case(seed)
    scores = scoring.score_predictions(boxed(predictions), samples, NAMES)
    assert list(scores["kinds"]) == ["mask", "box"]
    for kind, matches in zip(scores["kinds"].values(), kept, strict=True):
        once = weighted_scores(matches, np.ones((1, len(samples))))
        assert once[:, 0] == pytest.approx([kind[name] for name in METRICS[:2]], abs=1e-9)


def test_images_that_count_twice_are_images_written_twice(kept):
    predictions, samples = random_case(2)
    scoring.score_predictions(predictions, samples, NAMES)
    weights = np.array([[2.0, 0.0] + [1.0] * 10])
    drawn = weighted_scores(kept[0], weights)[0, 0]
    order = [0, 0, *range(2, 12)]
    again = scoring.score_predictions(
        [predictions[i] for i in order], [samples[i] for i in order], NAMES
    )
    assert drawn == pytest.approx(again["map50_95"], abs=0.02)
    assert drawn != pytest.approx(weighted_scores(kept[0], np.ones((1, 12)))[0, 0], abs=1e-6)


def test_more_test_images_spread_less():
    few = scoring.score_predictions(*random_case(5, 12), NAMES)["kinds"]["mask"]["resampled"]
    many = scoring.score_predictions(*random_case(5, 120), NAMES)["kinds"]["mask"]["resampled"]
    assert np.nanstd(many[0]) < 0.6 * np.nanstd(few[0])


def test_draws_follow_from_the_units_alone():
    names = [f"image {number}" for number in range(20)]
    whole = draw_weights(names)
    assert np.array_equal(draw_weights(names[5:]), whole[:, 5:])
    assert whole.mean() == pytest.approx(1, abs=0.1)
    assert len(np.unique(whole, axis=1).T) == 20


def test_groups_are_drawn_as_wholes_unless_they_are_few():
    names = [f"image {number}" for number in range(2 * LEAST_GROUPS)]
    many = [f"{number // 2}" for number in range(2 * LEAST_GROUPS)]
    units = drawn_together(names, many)
    assert len(set(units)) == LEAST_GROUPS
    assert drawn_together(names, ["a", "b"] * LEAST_GROUPS) == names
    assert drawn_together(names, [None] * len(names)) == names
