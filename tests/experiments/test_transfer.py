"""Trained on one bank, tested on another: real fits on small made-up banks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from experiments import transfer as module
from experiments.protocol import questions
from experiments.protocol.draws import standard_draws
from experiments.protocol.questions import Bank
from experiments.train import card, describe
from experiments.transfer import EVERYTHING, embed_banks, table, transfer
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from tests.scenes import table as image_rows

DRAWS = standard_draws()
SIZES = np.array([2.0, 16.0, 128.0])


def bank(seed: int, n_groups: int, per_group: int = 4) -> Bank:
    """Curves that one of five features decides, the same way in every bank."""
    rng = np.random.default_rng(seed)
    n = n_groups * per_group
    X = rng.normal(size=(n, 5))
    params = np.column_stack(
        [np.full(n, 0.02), np.ones(n), np.exp(3 - X[:, 0]), 0.5 + 0.1 * np.tanh(X[:, 0])]
    )
    curves = sigmoid_curve(SIZES, params)
    groups = np.repeat(np.arange(n_groups), per_group)
    return Bank("made-up", SIZES, curves, groups, DRAWS, [X] * len(DRAWS), np.arange(n).astype(str))


@pytest.fixture(scope="module")
def results():
    return transfer(SIZES, {"a": bank(0, 4, per_group=10), "b": bank(1, 2, per_group=12)})


def test_every_pair_condition_and_model_is_scored(results):
    assert len(results) == 3 * 2 * 3 * 3
    mean = results[results.model == "mean curve"]
    assert mean.r2.tolist() == pytest.approx([0.0] * len(mean))
    assert set(results.n_test) == {40, 24}


def test_what_holds_in_all_banks_is_learned_across_them(results):
    across = results[(results.trained == "a") & (results.tested == "b")]
    assert (across[across.model != "mean curve"].spearman > 0.6).all()


def test_a_group_is_never_on_both_sides():
    banks = {"a": bank(0, 10), "b": bank(1, 3)}
    for trained in ("b", EVERYTHING):
        for train, test in module._splits(banks, trained, "b"):
            assert not set(train[-1].groups) & set(test.groups)
            assert len(train) == (1 if trained == "b" else 2)


def test_banks_meet_at_their_common_sizes(monkeypatch):
    X = image_rows(3, 8, side=24)
    monkeypatch.setattr(
        questions, "embed_draws", lambda bank, draws: [np.zeros((3, 2))] * len(draws)
    )
    curve = sigmoid_curve([2, 4, 8], np.tile([0.1, 1, 5, 0.9], (3, 1)))
    banks = [
        Bunch(name=n, X=X, y=pd.DataFrame(curve, columns=c), groups=np.arange(3))
        for n, c in (("a", [2, 4, 8]), ("b", [4, 8, 16]))
    ]
    sizes, embedded = embed_banks(banks)
    assert sizes.tolist() == [4, 8]
    assert embedded["a"].curves == pytest.approx(curve[:, 1:])
    banks[1].y.columns = [3, 5, 7]
    with pytest.raises(ValueError, match="without a common size"):
        embed_banks(banks)


def test_tables_and_cards_show_the_figures(results):
    text = table(results)
    assert text.count("| all | a (40) |") == 9
    X = image_rows(1, 2, side=24)
    banks = [Bunch(name="a", learner="unet-16", metric="map50_95", y=np.zeros((40, 3)), X=X)]
    about = describe("mine", banks, results)
    assert "curves of unet-16 on images of 24 pixels only" in card(about)
    assert len(about["left_out"]) == 18
    assert "`a` (40 datasets, unet-16)" in card(about)
