from __future__ import annotations

import numpy as np
import pytest

from ptssp_sklearn.embedding.statistics._average_precision import average_precision, overlap_table

TRUTH = np.zeros((20, 20), np.int32)
TRUTH[2:8, 2:8], TRUTH[12:18, 12:18] = 1, 2


def test_overlaps_are_intersections_over_unions():
    found = np.zeros_like(TRUTH)
    found[2:8, 5:11] = 1
    assert overlap_table(found, TRUTH) == pytest.approx(np.array([[18 / 54, 0.0]]))


def test_perfect_answers_have_average_precision_one():
    assert average_precision(overlap_table(TRUTH, TRUTH), np.ones(2)) == 1.0


def test_a_missed_object_halves_it():
    found = np.where(TRUTH == 1, 1, 0).astype(np.int32)
    assert average_precision(overlap_table(found, TRUTH), np.ones(1)) == 0.5


def test_a_second_find_of_one_object_is_false():
    twice = np.array([[0.9, 0.0], [0.9, 0.0], [0.0, 0.9]])
    last, first = (
        average_precision(twice, np.array([3, 1, 2])),
        average_precision(twice, np.array([3, 2, 1])),
    )
    assert last > first


def test_nothing_found_or_annotated_is_zero():
    empty = np.zeros_like(TRUTH)
    assert average_precision(overlap_table(empty, TRUTH), np.zeros(0)) == 0.0
    assert average_precision(overlap_table(TRUTH, empty), np.ones(2)) == 0.0
