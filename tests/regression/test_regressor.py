from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from ptssp_sklearn import CurveParamRegressor
from ptssp_sklearn.curves.sigmoid import from_unbounded, sigmoid_curve

QUICK = {"n_networks": 4, "n_steps": 30}
SIZES = np.geomspace(2, 1024, 10)


def problem(n: int = 120, n_noise: int = 40, seed: int = 0):
    """Curves that depend on two of many features."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2 + n_noise))
    coordinates = np.column_stack([np.full(n, -3.0), np.zeros(n), 4 - X[:, 0], 1.5 * X[:, 1]])
    return X, from_unbounded(coordinates)


@parametrize_with_checks([CurveParamRegressor(n_networks=2, n_steps=10)])
def test_follows_scikit_learn(estimator, check):
    check(estimator)


def test_learns_few_strong_features_among_many_weak_ones():
    X, params = problem()
    model = CurveParamRegressor(random_state=0).fit(X[:90], params[:90])
    truth, mean = sigmoid_curve(SIZES, params[90:]), sigmoid_curve(SIZES, params[:90]).mean(axis=0)
    predicted = sigmoid_curve(SIZES, model.predict(X[90:]))
    assert np.mean((predicted - truth) ** 2) < 0.25 * np.mean((mean - truth) ** 2)


def test_shrinks_to_the_mean_where_there_is_nothing_to_learn():
    X, params = problem()
    noise = np.random.default_rng(1).normal(size=X.shape)
    strong = CurveParamRegressor(random_state=0).fit(X, params)
    weak = CurveParamRegressor(random_state=0).fit(noise, params)
    assert weak.experts_[0].shrinkage_ < strong.experts_[0].shrinkage_
    unseen = np.random.default_rng(2).normal(size=X.shape)
    spread = sigmoid_curve(SIZES, weak.predict(unseen)).std(axis=0).mean()
    assert spread < 0.3 * sigmoid_curve(SIZES, params).std(axis=0).mean()


def test_same_seed_same_answer_whatever_the_global_seed():
    X, params = problem(60)
    first = CurveParamRegressor(**QUICK, random_state=3).fit(X, params).predict(X)
    torch.manual_seed(99)
    again = CurveParamRegressor(**QUICK, random_state=3).fit(X, params).predict(X)
    other = CurveParamRegressor(**QUICK, random_state=4).fit(X, params).predict(X)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_predictions_keep_the_bounds_far_outside_the_training_data():
    X, params = problem(60)
    a, b, c, d = CurveParamRegressor(**QUICK, random_state=0).fit(X, params).predict(1e6 * X).T
    assert ((a >= 0) & (a <= d) & (d <= 1) & (b > 0) & (c > 0)).all()


def test_extreme_params_are_learned_without_nan():
    X, _ = problem(40)
    params = np.tile([[0.0, 20.0, 1e10, 0.0], [0.0, 0.05, 0.01, 1.0]], (20, 1))
    assert np.isfinite(CurveParamRegressor(**QUICK, random_state=0).fit(X, params).predict(X)).all()


def test_rows_without_a_group_of_features_get_networks_of_their_own():
    X, params = problem(100, n_noise=6)
    X = np.concatenate([X, X])
    X[100:, 4:] = np.nan
    model = CurveParamRegressor(**QUICK, random_state=0).fit(X, np.tile(params, (2, 1)))
    assert [int(e.region.columns.sum()) for e in model.experts_] == [8, 4]
    assert np.isfinite(model.predict(X)).all()
    assert not np.allclose(model.predict(X[:100]), model.predict(X[100:]))


def test_missing_features_never_seen_missing_are_taken_at_their_mean():
    X, params = problem(60)
    model = CurveParamRegressor(**QUICK, random_state=0).fit(X, params)
    gaps, means = X.copy(), X.copy()
    gaps[:, 0] = np.nan
    means[:, 0] = X[:, 0].mean()
    assert model.predict(gaps) == pytest.approx(model.predict(means), rel=1e-5)


def test_one_row_and_constant_features_work():
    params = [[0.1, 1.0, 30.0, 0.8]]
    model = CurveParamRegressor(**QUICK, random_state=0).fit([[1.0, 1.0]], params)
    predicted = sigmoid_curve(SIZES, model.predict([[1.0, 1.0]]))
    assert predicted == pytest.approx(sigmoid_curve(SIZES, params), abs=0.1)


def test_clone_and_pickle_agree():
    X, params = problem(60)
    model = CurveParamRegressor(**QUICK, random_state=0).fit(X, params)
    expected = model.predict(X)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), expected)
    assert np.array_equal(clone(model).fit(X, params).predict(X), expected)


def test_not_fitted():
    with pytest.raises(NotFittedError):
        CurveParamRegressor().predict([[0.0]])


@pytest.mark.parametrize("wrong", [[0.5, 1, 10, 0.2], [0.1, -1, 10, 0.5], [0.1, 1, 10, 80.0]])
def test_params_outside_the_bounds_are_named(wrong):
    X, params = problem(20)
    params[7] = wrong
    with pytest.raises(ValueError, match="row 7 of y"):
        CurveParamRegressor(**QUICK).fit(X, params)


def test_nan_in_y_is_refused():
    X, params = problem(20)
    params[3, 1] = np.nan
    with pytest.raises(ValueError, match="y contains NaN"):
        CurveParamRegressor(**QUICK).fit(X, params)


def test_other_targets_have_no_distribution():
    X, params = problem(20)
    model = CurveParamRegressor(**QUICK).fit(X, sigmoid_curve(SIZES, params))
    assert model.predict(X).shape == (20, len(SIZES))
    for ask in (model.predict_distribution, model.out_of_domain, model.neighbours):
        with pytest.raises(ValueError, match="other targets than A, B, C, D"):
            ask(X)


def test_a_refit_to_other_targets_forgets_the_curves():
    X, params = problem(20)
    model = CurveParamRegressor(**QUICK).fit(X, params)
    model.fit(X, sigmoid_curve(SIZES, params))
    with pytest.raises(ValueError, match="other targets than A, B, C, D"):
        model.predict_distribution(X)
