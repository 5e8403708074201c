from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from ptssp_sklearn import (
    CurveParamRegressor,
    ImageEmbedder,
    SigmoidCurveFitter,
    TrainingSizePipeline,
    make_training_size_pipeline,
)
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from tests.scenes import table

QUICK = {"n_networks": 2, "n_steps": 20, "random_state": 0}


def numeric_pipeline(**options) -> TrainingSizePipeline:
    steps = [("embed", ImageEmbedder("precomputed")), ("regress", CurveParamRegressor(**QUICK))]
    return TrainingSizePipeline(steps, **options)


def numbers(n: int = 40):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 5))
    params = np.column_stack([np.full(n, 0.05), np.ones(n), np.exp(3 + X[:, 0]), np.full(n, 0.8)])
    sizes = [2, 8, 32, 128, 512]
    y = pd.DataFrame(
        sigmoid_curve(sizes, params), columns=sizes, index=[f"task{i}" for i in range(n)]
    )
    y.iloc[::3, 1] = np.nan
    return X, y, params


@pytest.fixture(scope="module")
def fitted():
    X, y, _ = numbers()
    return numeric_pipeline().fit(X, y)


def test_images_in_sizes_out(small):
    X, y, _ = small
    pipe = make_training_size_pipeline(**QUICK).fit(X, y)
    assert pipe.predict(X).shape == (12, 4)
    sizes = pipe.required_size(X, 0.2)
    assert ((sizes >= 1) & ((sizes == np.ceil(sizes)) | np.isinf(sizes))).all()
    assert pipe.predict_curve(X.iloc[:2], [4, 64]).shape == (2, 2)


def test_cross_validation_with_groups_and_gaps():
    X, y, _ = numbers()
    groups = np.repeat(np.arange(20), 2)
    scores = cross_val_score(numeric_pipeline(), X, y, groups=groups, cv=GroupKFold(5))
    assert scores.shape == (5,)
    assert ((scores < 0) & (scores > -0.5)).all()


def test_grid_search_over_a_step():
    X, y, _ = numbers()
    search = GridSearchCV(numeric_pipeline(), {"regress__n_steps": [5, 60]}, cv=2)
    search.fit(X, y)
    assert isinstance(search.best_estimator_, TrainingSizePipeline)
    assert search.best_params_ == {"regress__n_steps": 60}
    assert search.score(X, y) < 0


def test_clone_and_pickle_keep_type_fitter_and_answers(fitted):
    X, y, _ = numbers()
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.predict(X), fitted.predict(X))
    fresh = clone(numeric_pipeline(curve_fitter=SigmoidCurveFitter(sizes=[1, 2])))
    assert fresh.curve_fitter.sizes == [1, 2]
    assert np.array_equal(clone(fitted).fit(X, y).predict(X), fitted.predict(X))


def test_slices_are_pipelines(fitted):
    X, _, _ = numbers()
    part = fitted[:1]
    assert isinstance(part, TrainingSizePipeline)
    assert np.array_equal(part.transform(X), X)
    assert isinstance(fitted["regress"], CurveParamRegressor)


def test_set_output_reaches_the_embedder():
    X = table(2, 2)
    pipe = make_training_size_pipeline(**QUICK).set_output(transform="pandas")
    pipe.fit(X, [[0.1, 1.0, 30.0, 0.8], [0.2, 1.0, 60.0, 0.9]])
    assert isinstance(pipe[:1].transform(X), pd.DataFrame)


def test_curve_table_and_its_parameters_teach_the_same():
    X, y, _ = numbers()
    params = SigmoidCurveFitter().fit_transform(y)
    from_curves, from_params = (numeric_pipeline().fit(X, t) for t in (y, params))
    sizes = [2, 32, 512]
    gap = from_curves.predict_curve(X, sizes) - from_params.predict_curve(X, sizes)
    assert np.abs(gap).mean() < 0.03
    named = pd.DataFrame(params, columns=list("ABCD"))
    assert np.array_equal(numeric_pipeline().fit(X, named).predict(X), from_params.predict(X))


def test_four_sizes_are_not_taken_for_parameters():
    X, y, _ = numbers()
    sizes = [8, 32, 128, 512]
    narrow = y[sizes]
    pipe = numeric_pipeline().fit(X, narrow)
    same = numeric_pipeline(curve_fitter=SigmoidCurveFitter(sizes=sizes))
    assert np.array_equal(same.fit(X, narrow.to_numpy()).predict(X), pipe.predict(X))
    assert same.score(X, narrow.to_numpy()) == pytest.approx(pipe.score(X, narrow))


def test_score_is_the_negative_error_of_curves(fitted):
    X, y, params = numbers()
    gap = np.abs(fitted.predict_curve(X, y.columns) - y.to_numpy())
    assert fitted.score(X, y) == pytest.approx(-np.mean(np.nanmean(gap, axis=1)))
    assert -0.3 < fitted.score(X, params) < 0


def test_any_regressor_can_be_the_last_step():
    X, y, _ = numbers()
    pipe = TrainingSizePipeline([("linear", make_pipeline(Ridge()))]).fit(X, y)
    assert pipe.predict(X).shape == (40, 4)


def test_required_size_is_where_the_curve_meets_the_target():
    X, y, _ = numbers()
    pipe = TrainingSizePipeline([("linear", Ridge())]).fit(X, y)
    target = 0.3
    size = pipe.required_size(X, target)
    known = np.isfinite(size) & (size > 1)
    params = pipe.predict(X)[known]
    at = np.array([sigmoid_curve(n, p) for n, p in zip(size[known], params, strict=True)])
    before = np.array([sigmoid_curve(n - 1, p) for n, p in zip(size[known], params, strict=True)])
    assert (at >= target - 1e-9).all()
    assert (before < target).all()


def test_the_curve_of_a_certainty_reaches_the_target_at_its_required_size(fitted):
    X, _, _ = numbers()
    believed = fitted.predict_distribution(X)
    for certainty in (0.5, 0.8):
        sizes = fitted.required_size(X, 0.2, certainty=certainty)
        known = np.flatnonzero(np.isfinite(sizes) & (sizes > 1))
        assert len(known) > 5
        for row in known:
            scores = believed.row(row).certain_scores([sizes[row] - 1, sizes[row]], certainty)[0]
            assert scores[0] < 0.2 <= scores[1] + 1e-9
        lost = np.isinf(sizes)
        assert (fitted.reach_probability(X, 0.2)[lost] < certainty).all()


def test_required_size_never_falls_as_the_certainty_rises(fitted):
    X, _, _ = numbers()
    levels = (0.05, 0.5, 0.8, 0.9, 0.95)
    sizes = np.array([fitted.required_size(X, 0.2, certainty=level) for level in levels])
    assert (sizes[1:] >= sizes[:-1]).all()
    ends = fitted.required_size(X, 0.2, interval=0.9)
    assert np.array_equal(ends, sizes[[1, 0, 4]].T)


@pytest.mark.parametrize("certainty", [0, 1, 80, [0.5, 0.8], np.nan])
def test_a_certainty_is_one_fraction(fitted, certainty):
    with pytest.raises(ValueError, match=r"expected one fraction in \(0, 1\)"):
        fitted.required_size(numbers()[0], 0.2, certainty=certainty)


def test_required_size_never_falls_as_the_target_rises(fitted):
    X, _, _ = numbers()
    sizes = np.array([fitted.required_size(X, t) for t in np.linspace(0.01, 0.99, 60)])
    assert (sizes[1:] >= sizes[:-1]).all()


def test_a_pilot_mends_what_features_mislead_and_an_interval_holds_the_size(fitted):
    X, y, params = numbers()
    X, pilot = X[::-1], y[[2, 8, 32]]
    before = np.abs(fitted.predict_curve(X, [512]) - sigmoid_curve([512], params))
    after = np.abs(fitted.predict_curve(X, [512], pilot=pilot) - sigmoid_curve([512], params))
    assert after.mean() < before.mean()
    wide = fitted.required_size(X, 0.3, interval=0.9)
    narrow = fitted.required_size(X, 0.3, interval=0.9, pilot=pilot)
    assert list(narrow.columns) == ["size", "low", "high"]
    assert ((narrow["low"] <= narrow["size"]) & (narrow["size"] <= narrow["high"])).all()
    span = [np.log(np.minimum(t["high"], 1e6)) - np.log(t["low"]) for t in (wide, narrow)]
    assert span[1].mean() < span[0].mean()


def test_quantiles_are_ordered_and_the_population_answers_without_images(fitted):
    X, y, _ = numbers()
    bands = fitted.predict_curve(X, [4, 64], quantiles=[0.05, 0.5, 0.95])
    assert bands.shape == (40, 2, 3)
    assert (np.diff(bands, axis=2) >= 0).all()
    assert fitted.predict_curve(None, [4, 64]).shape == (1, 2)
    assert fitted.required_size(None, [0.2, 0.4], pilot=[(8, 0.2)]).shape == (2,)
    chance = fitted.reach_probability(X, 0.3)
    assert (fitted.reach_probability(X, 0.3, size=50) <= chance).all()
    rows = fitted.predict_curve(None, [64], pilot=y.iloc[:3])
    assert np.array_equal(rows[1:2], fitted.predict_curve(None, [64], pilot=y.iloc[1:2]))


def test_a_pilot_that_cannot_be_is_refused(fitted):
    X, y, _ = numbers()
    with pytest.raises(ValueError, match="pilot of 3 rows for 40 datasets"):
        fitted.predict_curve(X, [4], pilot=y.iloc[:3])
    with pytest.raises(ValueError, match="Divide percentages by 100"):
        fitted.predict_curve(None, [4], pilot=[(16, 31.0)])
    with pytest.raises(ValueError, match="expected a positive number of images"):
        fitted.predict_curve(None, [4], pilot=[(0, 0.3)])
    with pytest.raises(ValueError, match="list of \\(size, score\\)"):
        fitted.predict_curve(None, [4], pilot=[3])
    with pytest.raises(ValueError, match="Ridge, which predicts no distribution"):
        TrainingSizePipeline([("linear", Ridge())]).fit(X, y).required_size(X, 0.3, interval=0.9)


def test_targets_out_of_reach(fitted):
    X, _, _ = numbers()
    assert np.isinf(fitted.required_size(X, 0.999)).all()
    assert np.isnan(fitted.required_size(X, 0.999, unreachable="nan")).all()
    frame = pd.DataFrame(X[:1], index=["b"])
    with pytest.raises(ValueError, match=r"target_map=0\.999, but curve 'b' reaches it with"):
        fitted.required_size(frame, 0.999, unreachable="raise")


def test_each_row_may_have_its_own_target(fitted):
    X, _, _ = numbers(3)
    each = fitted.required_size(X, [0.2, 0.3, 0.4])
    assert each.tolist() == [fitted.required_size(X, t)[i] for i, t in enumerate([0.2, 0.3, 0.4])]


def test_a_plan_is_made_for_every_row_or_every_target(fitted):
    X, _, _ = numbers(3)
    pilot = [(8, 0.2)]
    met, open_ = fitted.plan(None, [0.15, 0.4], pilot=pilot, rounds=1)
    assert (met.next_size, len(met.rounds)) == (8, 0)
    assert open_.to_json() == fitted.plan(None, 0.4, pilot=pilot, rounds=1)[0].to_json()
    with pytest.raises(ValueError, match=r"target_map of shape \(2,\) for 3 rows"):
        fitted.plan(X, [0.2, 0.3])


@pytest.mark.parametrize("target", [0, 1, -0.1, 80, np.nan, [0.5, 2.0, 0.5]])
def test_targets_outside_the_fractions_are_refused(fitted, target):
    with pytest.raises(ValueError, match=r"expected a score as a fraction in \(0, 1\)"):
        fitted.required_size(np.zeros((3, 5)), target)


def test_what_cannot_be_fitted_is_refused(fitted):
    X, y, _ = numbers()
    with pytest.raises(ValueError, match="40 rows in X and 39 curves"):
        numeric_pipeline().fit(X, y.iloc[1:])
    with pytest.raises(ValueError, match="expected a curve table"):
        numeric_pipeline().fit(X)
    with pytest.raises(ValueError, match="Got the interval 90, expected a fraction"):
        fitted.required_size(X, 0.5, interval=90)
    with pytest.raises(ValueError, match="unreachable='zero'"):
        fitted.required_size(X, 0.5, unreachable="zero")
    with pytest.raises(NotFittedError):
        numeric_pipeline().predict(X)
