"""The study of features: groups, signs, and what a split shows its candidates."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest

from experiments import features
from experiments.features import CANDIDATES, Split, boosted, page, sign
from ptssp_sklearn import CurveParamRegressor, ImageEmbedder
from ptssp_sklearn.images.table import image_table

PIXELS = np.zeros((1, 8, 8, 3), np.uint8)


@pytest.fixture(scope="module")
def names() -> np.ndarray:
    tiny = image_table([(PIXELS, np.zeros((1, 8, 8), np.int32))])
    return ImageEmbedder(missing="nan").fit(tiny).get_feature_names_out()


@pytest.fixture(scope="module")
def split(names) -> Split:
    rng = np.random.default_rng(0)
    names = np.array([*names, *[f"lite0_{i}" for i in range(30)]])
    X = rng.normal(size=(60, len(names)))
    good = X[:, names == "landmark_rehearsal_unseen_object_map"]
    curves = np.clip(0.4 + 0.1 * good + 0.05 * np.arange(2), 0, 1)
    return Split(X[:45], curves[:45], np.arange(45), X[45:], names, 0)


@pytest.mark.parametrize("candidate", [n for n in CANDIDATES if "same" in n or "Lite0" in n])
def test_every_candidate_predicts_all_points_of_all_rows(split, candidate, monkeypatch):
    quick = partial(CurveParamRegressor, n_networks=2, n_steps=10)
    monkeypatch.setattr(features, "CurveParamRegressor", quick)
    found = CANDIDATES[candidate](split)
    assert found.shape == (15, 2)
    assert np.isfinite(found).all()


def test_signs_are_of_means_only_and_go_both_ways(names):
    assert sign("landmark_mean_roc_auc") == sign("mean_mask_ring_distance") == 1
    assert sign("landmark_rehearsal_last_loss") == sign("mean_mask_colour_overlap") == -1
    assert sign("landmark_std_roc_auc") == sign("std_mask_ring_distance") == 0
    assert sign("mean_image_noise") == sign("lite0_3") == 0
    assert {sign(name) for name in names} == {-1, 0, 1}


def test_monotone_trees_heed_the_sign(split):
    low, high = split.X_test.copy(), split.X_test.copy()
    place = list(split.names).index("landmark_rehearsal_unseen_object_map")
    low[:, place], high[:, place] = -2.0, 2.0
    args = (split.X, split.curves, split.groups)
    below, above = (boosted(Split(*args, X, split.names, 0), monotone=True) for X in (low, high))
    assert (above >= below).all()
    assert (above - below).mean() > 0.1


def test_the_page_names_its_command():
    row = {"tested": "made-up", "features": "all", "r2": 0.5, "mae": 0.1, "spearman": 0.7}
    text = page(pd.DataFrame([row | {"n_test": 4}]), 3)
    assert "python -m experiments.features --seed 3" in text
    assert "| all | 0.500 | 0.100 | 0.70 |" in text
