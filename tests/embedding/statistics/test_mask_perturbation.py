from __future__ import annotations

import numpy as np
import pytest

from ptssp_sklearn.embedding.statistics.mask_perturbation import CEILING_NAMES, ceiling_statistics


def squares(side: int, gap: int = 4) -> np.ndarray:
    mask = np.zeros((64, 64), np.int32)
    mask[4 : 4 + side, 4 : 4 + side] = 1
    mask[4 : 4 + side, 4 + side + gap : 4 + 2 * side + gap] = 2
    return mask


def test_large_objects_lose_less_than_small_ones():
    small, large = ceiling_statistics(squares(5)), ceiling_statistics(squares(24))
    assert all(large[name] >= small[name] for name in CEILING_NAMES)
    for name in ("grown_map", "shrunk_map"):
        assert large[name] > small[name] + 0.2


def test_merging_costs_only_where_objects_touch():
    apart, touching = ceiling_statistics(squares(12)), ceiling_statistics(squares(12, gap=0))
    assert apart["merged_map"] == apart["merged_iou"] == 1.0
    assert touching["merged_map"] < 0.5
    assert touching["merged_iou"] == pytest.approx(0.5)


def test_ids_with_gaps_count_as_the_objects_there_are():
    mask = squares(9)
    assert ceiling_statistics(50 * mask) == ceiling_statistics(mask)


def test_an_empty_mask_has_no_ceiling_and_a_full_or_tiny_one_has():
    assert np.isnan(list(ceiling_statistics(np.zeros((9, 9), np.int32)).values())).all()
    assert ceiling_statistics(np.ones((9, 9), np.int32))["merged_map"] == 1.0
    one = np.zeros((8, 8), np.int32)
    one[7, 7] = 3
    assert np.isfinite(list(ceiling_statistics(one).values())).all()
