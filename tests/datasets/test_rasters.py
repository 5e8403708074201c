from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_masks

from ptssp_sklearn.datasets._rasters import (
    decode_runs,
    draw_polygons,
    encode_runs,
    join_parts,
    parse_runs,
    trace,
)
from ptssp_sklearn.datasets._remarks import LeftOut

masks = st.builds(
    lambda h, w, seed, share: np.random.default_rng(seed).random((h, w)) < share,
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(0, 1000),
    st.floats(0, 1),
)


@given(masks)
@settings(max_examples=60, deadline=None)
def test_run_lengths_agree_with_pycocotools(mask):
    theirs = coco_masks.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"]
    runs = parse_runs(theirs)
    np.testing.assert_array_equal(runs, encode_runs(mask))
    np.testing.assert_array_equal(decode_runs(runs, mask.shape), mask)


@given(masks)
@settings(max_examples=60, deadline=None)
def test_a_traced_mask_drawn_again_is_the_mask(mask):
    outlines = trace(mask)
    if not mask.any():
        assert outlines == []
        return
    np.testing.assert_array_equal(draw_polygons([join_parts(outlines)], mask.shape), mask)


@pytest.mark.parametrize("text", [b"", b"~~~", b"\x00", b"oooooooooooooo1", b"P"])
def test_text_that_is_no_code_is_refused(text):
    with pytest.raises(LeftOut):
        parse_runs(text)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_polygon_fills_the_pixels_whose_centres_lie_inside():
    angles = np.sort(np.random.default_rng(0).uniform(0, 2 * np.pi, 40))
    ring = np.stack([50 + 40 * np.cos(angles), 45 + 30 * np.sin(angles)], axis=1)
    theirs = coco_masks.decode(coco_masks.frPyObjects([ring.ravel().tolist()], 90, 100))[..., 0]
    ours = draw_polygons([ring], (90, 100))
    assert (ours & (theirs > 0)).sum() / (ours | (theirs > 0)).sum() > 0.98


def test_what_is_smaller_than_a_pixel_is_one_pixel():
    speck = np.array([[5.1, 3.1], [5.2, 3.1], [5.2, 3.2]])
    np.testing.assert_array_equal(np.argwhere(draw_polygons([speck], (8, 9))), [[3, 5]])
