from __future__ import annotations

import numpy as np
import pytest

from ptssp_sklearn.embedding._pooling import pool_concat, pool_mean_std

RNG = np.random.default_rng(0)


def test_mean_std_does_not_depend_on_the_order():
    features = RNG.normal(size=(4, 5))
    assert pool_mean_std(features) == pytest.approx(pool_mean_std(features[::-1]))


def test_undefined_features_are_left_out_of_mean_std():
    pooled = pool_mean_std(np.array([[1.0, np.nan], [3.0, np.nan]]))
    assert pooled[:1] == 2.0
    assert np.isnan(pooled[[1, 3]]).all()


def test_concat_fills_up_with_nan():
    vector = pool_concat(np.ones((1, 2)), 3)
    assert np.array_equal(vector, [1, 1, np.nan, np.nan, np.nan, np.nan], equal_nan=True)
