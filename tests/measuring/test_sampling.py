from __future__ import annotations

import numpy as np
import pytest

from ptssp_sklearn.measuring.sampling import FOLDS, LEAST_TEST, Sampling


def sampling(n=40, groups=None, splits=None, objects=None, seed=0):
    return Sampling.of(splits or [()] * n, groups, objects or [1] * n, seed=seed)


def test_every_image_is_tested_by_trainings_that_did_not_see_it():
    chosen = sampling(40)
    tests = []
    for repeat in range(chosen.n_folds):
        train, test = chosen.train(32, repeat), chosen.test(32, repeat)
        assert not set(train) & set(test)
        tests += test.tolist()
    assert sorted(tests) == list(range(40))
    assert (chosen.n_train, chosen.n_folds) == (32, FOLDS)


def test_small_trainings_are_tested_on_all_the_others():
    chosen = sampling(40)
    train, test = chosen.train(4, 0), chosen.test(4, 0)
    assert sorted([*train, *test]) == list(range(40))


def test_subsets_nest_and_repeats_draw_others():
    chosen = sampling(40)
    for repeat in range(3):
        assert chosen.train(16, repeat)[:4].tolist() == chosen.train(4, repeat).tolist()
    assert len({tuple(chosen.train(4, repeat)) for repeat in range(8)}) == 8
    assert sampling(40, seed=1).train(4, 0).tolist() != chosen.train(4, 0).tolist()


def test_groups_stay_on_one_side():
    groups = [f"g{number // 4}" for number in range(40)]
    chosen = sampling(40, groups)
    tested = set()
    for repeat in range(chosen.n_folds):
        for size in (4, chosen.n_train):
            train, test = chosen.train(size, repeat), chosen.test(size, repeat)
            assert not {groups[i] for i in train} & {groups[i] for i in test}
            assert len(test)
        tested |= set(test.tolist())
    assert tested == set(range(40))


def test_a_given_split_of_enough_images_is_the_test():
    splits = [("train",)] * 20 + [("val", "test")] * LEAST_TEST
    chosen = sampling(50, splits=splits)
    assert chosen.split == "test"
    assert chosen.test(4, 1).tolist() == list(range(20, 50))
    assert sorted(chosen.train(20, 0)) == list(range(20))
    assert "test split of 30 images" in chosen.sentence()


def test_images_of_a_tested_group_do_not_train():
    splits = [("train",)] * 20 + [("test",)] * LEAST_TEST
    groups = [None] * 19 + ["shared"] * 2 + [None] * 29
    assert 19 not in sampling(50, groups, splits).pool


@pytest.mark.parametrize(
    "splits",
    [
        [("train",)] * 20 + [("test",)] * (LEAST_TEST - 1),
        [("train", "val")] * 40,
        [()] * 40,
    ],
)
def test_splits_that_are_small_or_no_splits_are_cross_validated(splits):
    chosen = sampling(len(splits), splits=splits)
    assert chosen.held_out is None
    assert len(chosen.pool) == len(splits)
    assert "cross-validated in 5 folds" in chosen.sentence()


def test_a_split_without_objects_tests_nothing():
    splits = [("train",)] * 20 + [("test",)] * LEAST_TEST
    assert sampling(50, splits=splits, objects=[1] * 20 + [0] * 30).held_out is None


def test_too_few_images_or_groups_are_refused():
    with pytest.raises(ValueError, match="Got 7 labelled images to train on, expected at least 8"):
        sampling(7)
    with pytest.raises(ValueError, match="all of one group"):
        sampling(12, ["a"] * 12)
    splits = [("train",)] + [("test",)] * LEAST_TEST
    with pytest.raises(ValueError, match="1 labelled image to train on beside its test split"):
        sampling(31, splits=splits)


def test_folds_are_of_about_one_size():
    counts = np.bincount(sampling(43).folds)
    assert counts.max() - counts.min() <= 1
