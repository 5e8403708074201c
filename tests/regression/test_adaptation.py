from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from ptssp_sklearn import CurveParamRegressor, TrainingSizePipeline
from ptssp_sklearn.curves.metrics import curve_mae
from ptssp_sklearn.curves.sigmoid import from_unbounded, sigmoid_curve
from ptssp_sklearn.pipeline.training_size import pipeline_of_vectors
from ptssp_sklearn.regression.adaptation import Shift, _transport

SIZES = [2, 8, 32, 128, 512]
N = 60


def tasks(shift: float = 0.0):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 3))
    noise = rng.normal(size=N)
    coordinates = np.column_stack(
        [np.full(N, -3.0), np.zeros(N), 4 - X[:, 0] + 0.3 * noise + shift, np.full(N, 1.0)]
    )
    names = [f"task{i}" for i in range(N)]
    return X, pd.DataFrame(sigmoid_curve(SIZES, from_unbounded(coordinates)), names, SIZES)


@pytest.fixture(scope="module")
def model():
    X, y = tasks()
    last = CurveParamRegressor(n_networks=8, n_steps=60, random_state=0)
    return pipeline_of_vectors(last).fit(X, y)


def renamed(curves: pd.DataFrame) -> pd.DataFrame:
    return curves.rename(index=lambda name: f"new-{name}")


def test_population_and_images_follow_a_slower_learner(model):
    X, slow = tasks(shift=2.0)
    before = model.predict(X).copy()
    moved = model.adapt(renamed(slow.iloc[:8]))
    rest = slow.iloc[8:]
    for asked in (None, X[8:]):
        old, new = (
            np.broadcast_to(one.predict_curve(asked, SIZES), rest.shape) for one in (model, moved)
        )
        assert curve_mae(rest, new) < 0.5 * curve_mae(rest, old)
    assert np.array_equal(model.predict(X), before)


def test_curves_of_known_datasets_say_more(model):
    _, slow = tasks(shift=2.0)
    chosen = slow.iloc[np.argsort(slow[32].to_numpy())[:5]]
    errors = [
        curve_mae(slow, np.tile(model.adapt(curves).predict_curve(None, SIZES), (N, 1)))
        for curves in (chosen, renamed(chosen))
    ]
    assert errors[0] < errors[1]


def test_adapting_again_gives_the_same(model):
    _, slow = tasks(shift=2.0)
    first, again = (model.adapt(slow.iloc[:3]).predict(None) for _ in range(2))
    assert np.array_equal(first, again)


def test_one_curve_moves_a_little(model):
    _, slow = tasks(shift=2.0)
    old, new = (m.predict_curve(None, [32])[0, 0] for m in (model, model.adapt(slow.iloc[:1])))
    assert slow[32].mean() < new < old


def test_other_pipelines_and_tables_are_refused(model):
    with pytest.raises(ValueError, match="expected a fraction"):
        model.adapt(pd.DataFrame([[20.0, 40.0]], columns=[8, 32]))
    X, y = tasks()
    with pytest.raises(ValueError, match="last step Ridge, expected a CurveParamRegressor"):
        TrainingSizePipeline([("linear", Ridge())]).fit(X, y).adapt(y.iloc[:3])


def test_transport_maps_one_covariance_to_another():
    rng = np.random.default_rng(0)
    before, after = (np.cov(rng.normal(size=(4, 20))) for _ in range(2))
    matrix = _transport(before, after)
    assert matrix @ before @ matrix.T == pytest.approx(after)
    assert np.array_equal(Shift.none().matrix, np.eye(4))
