"""Losses while networks train: heard by whoever listens, and by nobody else."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest
from sklearn.base import clone

from ptssp_sklearn import CurveParamRegressor
from ptssp_sklearn.regression.callbacks import listen, listener


def rows(n_rows: int = 40) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(0).normal(size=(n_rows, 3))
    X[: n_rows // 2, 2] = np.nan
    start, slope = np.full(n_rows, 0.1), np.ones(n_rows)
    return X, np.column_stack([start, slope, np.exp(3 + X[:, 0]), np.full(n_rows, 0.9)])


def regressor() -> CurveParamRegressor:
    return CurveParamRegressor(n_networks=2, n_steps=10, random_state=0)


def test_every_epoch_of_every_ensemble_is_heard_in_order():
    heard = []
    with listen(lambda net, *what: heard.append(what)):
        fitted = regressor().fit(*rows())
    assert len(fitted.experts_) == 2
    assert heard == [
        (number, epoch["epoch"], epoch["train_loss"])
        for number, expert in enumerate(fitted.experts_)
        for epoch in expert.net_.history
    ]


def test_listening_changes_no_number_and_leaves_nothing_behind():
    X, params = rows()
    with listen(lambda *_: None):
        heard = regressor().fit(X, params)
    alone = regressor().fit(X, params)
    assert np.array_equal(heard.predict(X), alone.predict(X))
    assert listener() is None
    assert heard.get_params() == alone.get_params()
    again = pickle.loads(pickle.dumps(heard))
    assert np.array_equal(again.predict(X), alone.predict(X))
    heard_again = []
    with listen(lambda *what: heard_again.append(what)):
        clone(heard).fit(X, params)
    assert heard_again


def test_only_the_innermost_listens_and_other_threads_are_not_heard():
    outer, inner = [], []
    with listen(lambda *what: outer.append(what)):
        with listen(lambda *what: inner.append(what)), listen(None):
            regressor().fit(*rows())
        thread = threading.Thread(target=lambda: regressor().fit(*rows()))
        thread.start()
        thread.join()
        assert (outer, inner) == ([], [])
        with pytest.raises(ZeroDivisionError), listen(lambda *_: 1 / 0):
            regressor().fit(*rows())
        regressor().fit(*rows())
    assert outer
    assert listener() is None
