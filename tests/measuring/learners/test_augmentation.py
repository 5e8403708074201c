from __future__ import annotations

import numpy as np
import pytest

from ptssp_sklearn.measuring.learner import LabelledImage, Objects
from ptssp_sklearn.measuring.learners._augmentation import LEAST_SEEN, draw_view


def labelled(height=60, width=90):
    """Make one red object on a dark image, as box and as outline."""
    image = np.zeros((height, width, 3), np.uint8)
    image[20:40, 30:60, 0] = 250
    ring = np.array([[30.0, 20], [60, 20], [60, 40], [30, 40]])
    box = np.array([[30.0, 20.0, 60.0, 40.0]])
    return LabelledImage(image, Objects(box, np.array([2]), ((ring,),)))


@pytest.mark.parametrize("seed", range(12))
def test_boxes_and_masks_go_where_the_object_goes(seed):
    view = draw_view(labelled(), 96, np.random.default_rng(seed), masks=True)
    assert view.image.shape == (96, 96, 3)
    red = view.image[..., 0].astype(int) - view.image[..., 2] > 90
    if not len(view.boxes):
        assert red.mean() < 0.1
        return
    left, top, right, bottom = view.boxes[0]
    drawn = view.masks[0]
    assert (drawn & red).sum() / (drawn | red).sum() > 0.85
    rows, columns = np.nonzero(drawn)
    edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert [left, top, right, bottom] == pytest.approx(edges, abs=2)
    assert view.classes.tolist() == [2]


def test_views_differ_and_follow_from_the_seed():
    one, again, other = (
        draw_view(labelled(), 64, np.random.default_rng(seed), masks=False).image
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_objects_that_are_cut_away_do_not_count():
    seen = [draw_view(labelled(), 64, np.random.default_rng(s), masks=False) for s in range(80)]
    areas = [np.prod(v.boxes[0, 2:] - v.boxes[0, :2]) for v in seen if len(v.boxes)]
    assert len(areas) > 40
    assert min(areas) > LEAST_SEEN * 30 * 20 * (0.6 * 64 / 90) ** 2 * 0.9


def test_an_image_without_objects_has_a_view():
    empty = LabelledImage(
        np.zeros((20, 20, 3), np.uint8), Objects(np.zeros((0, 4)), np.zeros(0, np.int64), ())
    )
    view = draw_view(empty, 32, np.random.default_rng(0), masks=True)
    assert view.boxes.shape == (0, 4)
    assert view.masks.shape == (0, 32, 32)
