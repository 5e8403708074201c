from __future__ import annotations

from itertools import pairwise

import pytest

from ptssp_sklearn.measuring.sizes import (
    automatic_trainings,
    coarse_to_fine,
    log_sizes,
    read_sizes,
)


@pytest.mark.parametrize("largest", [6, 8, 32, 33, 40, 100, 1000, 50_000])
def test_sizes_rise_up_to_the_largest_by_about_twice(largest):
    sizes = log_sizes(largest)
    assert sizes[0] == 4
    assert sizes[-1] == largest
    assert sizes == sorted(set(sizes))
    steps = [b / a for a, b in pairwise(sizes)]
    assert all(1.3 < step < 2.8 for step in steps)


def test_any_first_few_sizes_are_spread_out():
    sizes = log_sizes(256)
    order = coarse_to_fine(sizes)
    assert sorted(order) == sizes
    assert order[:3] == [4, 256, 32]


def test_small_sizes_are_repeated_and_large_ones_until_every_image_was_tested():
    trainings = automatic_trainings([4, 8, 16, 32], 5, 40)
    assert len(trainings) == len(set(trainings))
    assert [size for size, _ in trainings[:4]] == [4, 32, 8, 16]
    assert {r for size, r in trainings if size == 32} == {0, 1, 2, 3, 4}
    assert {r for size, r in trainings if size == 4} == {0, 1, 2}


def test_one_training_of_a_large_size_does_where_a_split_is_given():
    trainings = automatic_trainings([4, 16, 64], 1, 100)
    assert [pair for pair in trainings if pair[0] == 64] == [(64, 0)]
    assert trainings.index((64, 0)) < trainings.index((4, 1))


def test_sizes_are_read_as_asked():
    assert read_sizes("auto", 8) == [4, 8]
    assert read_sizes("16,4", 20) == [4, 16]
    assert read_sizes([8, 8], 20) == [8]
    with pytest.raises(ValueError, match="expected numbers from 1 to 20"):
        read_sizes("4,64", 20)
    with pytest.raises(ValueError, match="expected auto or such as 4,16,64"):
        read_sizes("many", 20)
