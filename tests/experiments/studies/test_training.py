from __future__ import annotations

import numpy as np
import pytest
import torch

from experiments.studies.catalogue import CATALOGUE
from experiments.studies.data import stand_ins
from experiments.studies.study import Recipe
from experiments.studies.training.fitting import split_off

LEARNER = CATALOGUE["mnist-mlp"].stand_in.learner


@pytest.fixture(scope="module")
def digits():
    return stand_ins.digits()


def test_patience_keeps_the_best_epoch_and_leaves_a_stratified_tenth_out(digits):
    strata = np.repeat([0, 1], [40, 60])
    learn, validate = split_off(strata, Recipe(1, patience=2), seed=0)
    assert sorted(learn + validate) == list(range(100))
    assert np.bincount(strata[validate]).tolist() == [4, 6]
    assert split_off(strata, Recipe(1), seed=0) == (list(range(100)), None)
    recipe = Recipe(60, 32, 3e-3, patience=18)
    outcome = LEARNER.train(digits, np.arange(300), recipe, seed=0, device="cpu")
    losses = [row["valid_loss"] for row in outcome.history]
    assert outcome.epochs == 1 + int(np.argmin(losses))
    assert len(losses) == outcome.epochs + 2 < 60


def test_patience_counts_steps_so_that_a_small_part_is_given_as_long_as_the_whole(digits):
    recipe = Recipe(400, 32, 1e-2, patience=60)
    assert [recipe.patience_for(n) for n in (1, 32, 33, 320, 1000, 9000)] == [60, 60, 30, 6, 2, 1]
    for size in (120, 1200):
        history = LEARNER.train(digits, np.arange(size), recipe, seed=0, device="cpu").history
        losses = [row["valid_loss"] for row in history]
        steps = -(-(size - size // 10) // 32)
        waited = (len(losses) - 1 - int(np.argmin(losses))) * steps
        assert 60 <= waited < 60 + steps


def test_a_part_too_small_to_validate_on_trains_all_its_steps(digits):
    recipe = Recipe(2, 8, 1e-3, patience=1, least_steps=33)
    outcome = LEARNER.train(digits, np.arange(30), recipe, seed=0, device="cpu")
    assert outcome.epochs == len(outcome.history) == 9
    assert "valid_loss" not in outcome.history[0]
    assert split_off(np.zeros(94, np.int64), recipe, seed=0)[1] is None
    assert len(split_off(np.zeros(96, np.int64), recipe, seed=0)[1]) == 10


def test_same_seed_same_scores_and_the_random_state_stays(digits):
    state = torch.get_rng_state()
    first, again, other = (
        LEARNER.train(digits, np.arange(32), Recipe(2, 8), seed=seed, device="cpu").history
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other
    assert torch.equal(torch.get_rng_state(), state)
