from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares
from sklearn.utils.estimator_checks import parametrize_with_checks

from ptssp_sklearn import SigmoidCurveFitter, load_curve_bank
from ptssp_sklearn.curves.sigmoid import PARAM_BOUNDS, PARAM_NAMES, sigmoid_curve
from ptssp_sklearn.curves.variable_projection import fit_curves

SIZES = np.array([2.0, 4, 8, 16, 32, 64, 128, 256, 512, 1024])


def fit(scores, sizes=SIZES) -> np.ndarray:
    table = pd.DataFrame(np.atleast_2d(scores), columns=sizes)
    return SigmoidCurveFitter().fit_transform(table)


def assert_bounded(params: np.ndarray) -> None:
    assert np.isfinite(params).all()
    for column, name in zip(params.T, PARAM_NAMES, strict=True):
        low, high = PARAM_BOUNDS[name]
        assert (column >= low).all()
        assert (column <= high).all()
    assert (params[:, 0] <= params[:, 3] + 1e-12).all()


@pytest.mark.filterwarnings("ignore:Got an array without sizes")
@parametrize_with_checks([SigmoidCurveFitter()])
def test_follows_scikit_learn(estimator, check):
    check(estimator)


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0, 0.4), st.floats(0.5, 3), st.floats(8, 300), st.floats(0.5, 1.0), st.integers(0, 99)
)
def test_recovers_known_curves_under_noise(a, b, c, d, seed):
    truth = sigmoid_curve(SIZES, [a, b, c, d])
    noise = np.random.default_rng(seed).normal(0, 0.01, len(SIZES))
    fitted = sigmoid_curve(SIZES, fit(np.clip(truth + noise, 0, 1)))
    assert np.abs(fitted - truth).max() < 0.04


def test_exact_curves_are_fitted_exactly():
    truth = sigmoid_curve(SIZES, [0.05, 1.3, 40.0, 0.8])
    assert fit(truth)[0] == pytest.approx([0.05, 1.3, 40.0, 0.8], rel=0.02, abs=0.005)


def test_not_worse_than_bounded_multi_start_least_squares():
    scores = load_curve_bank("procedural").y.to_numpy()[::15]
    ours = ((sigmoid_curve(SIZES, fit(scores)) - scores) ** 2).sum(axis=1)
    rng = np.random.default_rng(0)
    for row, error in zip(scores, ours, strict=True):

        def residuals(x, row=row):
            a, log_b, log_c, rise = x
            params = [a, np.exp(log_b), np.exp(log_c), a + (1 - a) * rise]
            return sigmoid_curve(SIZES, params) - row

        low = [0, np.log(0.05), np.log(0.01), 0]
        high = [1, np.log(20), np.log(1e10), 1]
        starts = rng.uniform([0, -1, 0, 0], [0.3, 1.5, 8, 1], (12, 4))
        best = min(2 * least_squares(residuals, s, bounds=(low, high)).cost for s in starts)
        assert error <= 1.01 * best + 1e-6


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_never_fails_and_never_leaves_the_bounds(data):
    n = data.draw(st.integers(1, 30))
    sizes = data.draw(
        st.lists(st.floats(1, 1e9), min_size=n, max_size=n, unique=True), label="sizes"
    )
    scores = data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n), label="scores")
    assert_bounded(fit(scores, sizes))


@pytest.mark.parametrize("n_points", [1, 2, 3])
def test_few_points_get_a_defined_exact_answer(n_points):
    scores = np.full(10, np.nan)
    scores[3 : 3 + n_points] = [0.2, 0.35, 0.5][:n_points]
    params = fit(scores)
    assert_bounded(params)
    fitted = sigmoid_curve(SIZES, params)[0]
    assert fitted[3 : 3 + n_points] == pytest.approx(scores[3 : 3 + n_points], abs=0.01)


def test_one_point_gives_a_flat_curve():
    a, b, c, d = fit([0.4], sizes=[10.0])[0]
    assert (a, b, c, d) == pytest.approx((0.4, 1.0, 10.0, 0.4))


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_constant_curve_stays_constant(level):
    params = fit(np.full(10, level))
    assert sigmoid_curve(SIZES, params) == pytest.approx(np.full((1, 10), level), abs=1e-6)


def test_falling_curve_becomes_flat_at_its_mean():
    scores = np.linspace(0.8, 0.2, 10)
    assert sigmoid_curve(SIZES, fit(scores))[0] == pytest.approx(np.full(10, 0.5), abs=1e-6)


def test_outlier_keeps_the_answer_bounded():
    scores = sigmoid_curve(SIZES, [0.1, 1.0, 30.0, 0.8])
    scores[4] = 0.0
    assert_bounded(fit(scores))


def test_rows_do_not_influence_each_other():
    scores = load_curve_bank("procedural").y.to_numpy()[:30]
    together = fit(scores)
    alone = np.concatenate([fit(row) for row in scores])
    assert together == pytest.approx(alone)


def test_large_tables_are_fitted_as_their_rows_alone():
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 1, (8300, len(SIZES)))
    scores[rng.random(scores.shape) < 0.3] = np.nan
    scores[:, 0] = 0.1
    together = fit_curves(SIZES, scores)
    assert_bounded(together)
    rows = [0, 1, 4100, 4199, 8299]
    alone = np.concatenate([fit_curves(SIZES, scores[[row]]) for row in rows])
    assert np.array_equal(together[rows], alone)


@pytest.mark.parametrize("loss", ["squared", "huber"])
def test_transform_gives_the_params_of_the_details(loss):
    table = load_curve_bank("procedural").y.iloc[:20]
    table = table.where(np.random.default_rng(0).random(table.shape) < 0.8)
    fitter = SigmoidCurveFitter(loss=loss).fit(table)
    assert np.array_equal(fitter.transform(table), fitter.fit_details(table).params)


def test_a_curve_steeper_than_allowed_gets_the_best_half_way_size():
    sizes = np.arange(100.0, 110.0)
    scores = np.array([0.1, 0.12, 0.09, 0.1, 0.11, 0.7, 0.9, 0.88, 0.9, 0.91])
    a, b, c, d = fit(scores, sizes)[0]
    assert b == pytest.approx(PARAM_BOUNDS["B"][1])
    around = [[a, b, c * factor, d] for factor in (1 - 1e-3, 1, 1 + 1e-3)]
    errors = ((sigmoid_curve(sizes, around) - scores) ** 2).sum(axis=1)
    assert errors.argmin() == 1


def test_inverse_transform_gives_the_fitted_curve_back():
    table = load_curve_bank("procedural").y.iloc[:5]
    fitter = SigmoidCurveFitter().fit(table)
    params = fitter.transform(table)
    assert fitter.inverse_transform(params) == pytest.approx(sigmoid_curve(SIZES, params))


def test_column_order_does_not_matter():
    table = load_curve_bank("procedural").y.iloc[:5]
    shuffled = table[table.columns[::-1]]
    fitter = SigmoidCurveFitter()
    assert fitter.fit_transform(shuffled) == pytest.approx(fitter.fit_transform(table))


def test_sizes_come_from_the_parameter_or_from_text_columns():
    scores = sigmoid_curve(SIZES, [[0.1, 1.0, 30.0, 0.8]])
    by_parameter = SigmoidCurveFitter(sizes=SIZES).fit_transform(scores)
    text = pd.DataFrame(scores, columns=[str(int(s)) for s in SIZES])
    assert SigmoidCurveFitter().fit_transform(text) == pytest.approx(by_parameter)


def test_set_output_names_the_parameters():
    table = load_curve_bank("procedural").y.iloc[:3]
    frame = SigmoidCurveFitter().set_output(transform="pandas").fit_transform(table)
    assert list(frame.columns) == list(PARAM_NAMES)
    assert list(frame.index) == list(table.index)


def test_all_nan_row_is_named():
    table = pd.DataFrame([[0.1, 0.2], [np.nan, np.nan]], index=["bolt", "nut"], columns=[10, 20])
    with pytest.raises(ValueError, match="'nut' without any score"):
        SigmoidCurveFitter().fit(table)


def test_percentages_are_refused():
    table = pd.DataFrame([[10.0, 55.0]], index=["bolt"], columns=[10, 20])
    with pytest.raises(ValueError, match=r"score 10 in curve 'bolt' at size 10.*by 100"):
        SigmoidCurveFitter().fit(table)


def test_an_array_without_sizes_warns():
    with pytest.warns(UserWarning, match="without sizes"):
        SigmoidCurveFitter().fit([[0.1, 0.2]])


@pytest.mark.parametrize(
    ("sizes", "message"),
    [([1, 2, 3], "3 sizes"), ([0, 5], "positive"), ([5, 5], "twice")],
)
def test_wrong_sizes_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        SigmoidCurveFitter(sizes=sizes).fit([[0.1, 0.2]])


def test_three_points_of_a_curve_are_met():
    """They leave the normal matrix of two unknowns singular: no reason to stop early."""
    rng = np.random.default_rng(3)
    start, rise = rng.uniform(0, 0.3, 400), rng.uniform(0.1, 0.7, 400)
    slope = np.exp(rng.uniform(np.log(0.3), np.log(20), 400))
    half = np.exp(rng.uniform(np.log(5), np.log(2000), 400))
    sizes = [4, 63, 1000]
    scores = sigmoid_curve(sizes, np.stack([start, slope, half, start + rise], axis=1))
    params = SigmoidCurveFitter(sizes).fit_transform(scores)
    assert np.mean(np.abs(sigmoid_curve(sizes, params) - scores).max(axis=1) < 1e-3) > 0.99
