from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares
from scipy.special import expit

from ptssp_sklearn import SigmoidCurveFitter
from ptssp_sklearn.curves._uncertainty import coordinate_jacobian, fit_with_uncertainty
from ptssp_sklearn.curves.sigmoid import (
    PARAM_BOUNDS,
    PARAM_NAMES,
    from_unbounded,
    inverse_sigmoid_curve,
    sigmoid_curve,
    to_unbounded,
)
from ptssp_sklearn.curves.variable_projection import fit_curves

LCDB = Path(__file__).parents[1] / "data" / "lcdb_accuracy.csv.gz"
SIZES = np.array([4.0, 8, 16, 32, 64, 128, 256, 512, 1024, 2048])
TRUTH = np.array([0.1, 1.0, 60.0, 0.8])


def assert_usable(fits) -> None:
    low, high = np.array([PARAM_BOUNDS[name] for name in PARAM_NAMES]).T
    assert ((fits.params >= low) & (fits.params <= high)).all()
    assert (fits.params[:, 0] <= fits.params[:, 3]).all()
    assert np.isfinite(fits.covariance).all()
    assert (np.linalg.eigvalsh(fits.covariance) > 0).all()
    for end in fits.band(SIZES):
        assert ((end >= 0) & (end <= 1)).all()


def multi_start(log_sizes, scores, rng) -> float:
    def errors(x):
        share = expit(np.exp(x[1]) * (x[2] - log_sizes))
        return x[0] * share + (x[0] + (1 - x[0]) * x[3]) * (1 - share) - scores

    bounds = ([0, np.log(0.05), np.log(0.01), 0], [1, np.log(20), np.log(1e10), 1])
    ends = [0, -1, log_sizes.min(), 0], [0.6, 1.5, log_sizes.max() + 2, 1]
    return min(
        2 * least_squares(errors, x, bounds=bounds).cost for x in rng.uniform(*ends, (12, 4))
    )


def test_real_curves_are_fitted_as_well_as_by_twelve_starts():
    """A tenth of LCDB's held-out curves; `make bench` takes all."""
    points = pd.read_csv(LCDB)
    table = points.pivot_table(index=["dataset", "learner"], columns="size", values="score")
    sizes, scores = table.columns.to_numpy(float), table.to_numpy()
    params = fit_curves(sizes, scores)
    ours = np.nansum((sigmoid_curve(sizes, params) - scores) ** 2, axis=1)
    rng = np.random.default_rng(0)
    for row in range(0, 300, 10):
        known = np.isfinite(scores[row])
        best = multi_start(np.log(sizes[known]), scores[row, known], rng)
        assert ours[row] <= 1.01 * best + 1e-9


KINDS = {
    "noise": lambda n, rng: rng.uniform(0, 1, n),
    "flat": lambda n, rng: np.full(n, rng.uniform(0, 1)),
    "falling": lambda n, rng: np.sort(rng.uniform(0, 1, n))[::-1],
    "step": lambda n, rng: (np.arange(n) >= rng.integers(0, n + 1)) * rng.uniform(0, 1),
    "zero and one": lambda n, rng: rng.integers(0, 2, n).astype(float),
    "tiny": lambda n, rng: rng.uniform(0, 1e-12, n),
    "outlier": lambda n, rng: np.where(np.arange(n) == n // 2, 1.0, np.linspace(0, 0.5, n)),
}


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    n=st.integers(1, 200),
    seed=st.integers(0, 10_000),
    widest=st.sampled_from([0.0, 0.1, 3.0, np.log(1e9)]),
    repeats=st.booleans(),
    loss=st.sampled_from(["squared", "huber"]),
    weighted=st.booleans(),
)
def test_any_curve_has_a_usable_answer(kind, n, seed, widest, repeats, loss, weighted):
    rng = np.random.default_rng(seed)
    sizes = np.exp(np.sort(rng.uniform(0, widest, n)))
    if repeats:
        sizes = sizes[rng.integers(0, n, n)]
    scores = KINDS[kind](n, rng)
    weights = 10 ** rng.uniform(-6, 6, n) if weighted else None
    assert_usable(fit_with_uncertainty(sizes, scores, weights=weights, loss=loss))


def test_jacobian_equals_finite_differences():
    params = np.array([TRUTH, [0.3, 4.0, 500.0, 0.95]])
    at = to_unbounded(params)
    for i in range(4):
        moved = [sigmoid_curve(SIZES, from_unbounded(at + s * np.eye(4)[i])) for s in (1e-5, -1e-5)]
        expected = (moved[0] - moved[1]) / 2e-5
        assert coordinate_jacobian(SIZES, params)[..., i] == pytest.approx(expected, abs=1e-8)


def test_covariance_is_the_spread_of_repeated_fits():
    rng = np.random.default_rng(1)
    scores = sigmoid_curve(SIZES, TRUTH) + rng.normal(0, 0.004, (600, len(SIZES)))
    fits = fit_with_uncertainty(SIZES, scores)
    spread = to_unbounded(fits.params).std(axis=0)
    told = np.sqrt(np.median(np.diagonal(fits.covariance, axis1=1, axis2=2), axis=0))
    assert told == pytest.approx(spread, rel=0.2)
    assert np.median(fits.residual_std) == pytest.approx(0.004, rel=0.1)


@pytest.mark.parametrize("noise", [0.01, 0.03])
def test_bands_of_ninety_percent_hold_the_truth(noise):
    rng = np.random.default_rng(2)
    n = 1500
    truth = np.stack(
        [
            rng.uniform(0.05, 0.3, n),
            rng.uniform(0.8, 1.6, n),
            np.exp(rng.uniform(np.log(20), np.log(200), n)),
            rng.uniform(0.6, 0.9, n),
        ],
        axis=1,
    )
    curves = sigmoid_curve(SIZES, truth)
    fits = fit_with_uncertainty(SIZES, np.clip(curves + rng.normal(0, noise, curves.shape), 0, 1))
    low, high = fits.band(SIZES)
    assert 0.85 <= ((low <= curves) & (curves <= high)).mean() <= 0.95
    level = 0.5
    size = inverse_sigmoid_curve(level, truth)
    ends = fits.required_size(level)
    assert 0.85 <= ((ends[:, 0] <= size * 1.04) & (size <= ends[:, 1] * 1.04)).mean() <= 0.96


def test_known_errors_take_the_place_of_the_residuals():
    scores = sigmoid_curve(SIZES, TRUTH)
    narrow, wide = (fit_with_uncertainty(SIZES, scores, errors=e) for e in (0.005, 0.02))
    assert np.isinf(wide.degrees).all()
    shares = [f.band([64.0])[1] - f.band([64.0])[0] for f in (narrow, wide)]
    assert 2 < (shares[1] / shares[0]).item() < 4.5


def test_repeats_equal_their_mean_with_as_much_weight():
    rng = np.random.default_rng(3)
    scores = np.clip(sigmoid_curve(SIZES, TRUTH) + rng.normal(0, 0.05, (4, len(SIZES))), 0, 1)
    repeats = fit_with_uncertainty(np.tile(SIZES, 4), scores.ravel())
    mean = fit_with_uncertainty(SIZES, scores.mean(axis=0), weights=4.0)
    assert sigmoid_curve(SIZES, repeats.params) == pytest.approx(
        sigmoid_curve(SIZES, mean.params), abs=2e-3
    )
    assert repeats.degrees > mean.degrees


def test_weights_say_which_points_count():
    scores = sigmoid_curve(SIZES, TRUTH)
    scores[7] = 0.2
    weights = np.where(np.arange(len(SIZES)) == 7, 1e-6, 1.0)
    params = fit_with_uncertainty(SIZES, scores, weights=weights).params
    assert sigmoid_curve(2048, params)[0] == pytest.approx(sigmoid_curve(2048, TRUTH), abs=1e-3)


def test_huber_keeps_an_outlier_from_bending_the_curve():
    rng = np.random.default_rng(4)
    truth = sigmoid_curve(SIZES, TRUTH)
    scores = np.clip(truth + rng.normal(0, 0.01, (40, len(SIZES))), 0, 1)
    scores[:, 6] = 0.1
    squared, huber = (
        np.abs(sigmoid_curve(SIZES, fit_with_uncertainty(SIZES, scores, loss=loss).params) - truth)
        for loss in ("squared", "huber")
    )
    assert huber.mean() < 0.4 * squared.mean()


@pytest.mark.parametrize("n_points", [1, 2, 3, 4])
def test_few_points_leave_a_wide_covariance_and_no_residual(n_points):
    fits = fit_with_uncertainty(SIZES[:n_points], [0.1, 0.2, 0.35, 0.5][:n_points])
    assert np.isnan(fits.residual_std).all()
    assert np.diagonal(fits.covariance, axis1=1, axis2=2).max() > 10
    assert_usable(fits)


def test_active_bounds_are_flagged():
    straight = fit_with_uncertainty(SIZES, np.linspace(0.0, 1.0, 10)).at_bound[0]
    flat = fit_with_uncertainty(SIZES, np.full(10, 0.4)).at_bound[0]
    inside = fit_with_uncertainty(SIZES, sigmoid_curve(SIZES, TRUTH)).at_bound[0]
    assert straight[[0, 3]].any()
    assert flat.tolist() == [True, False, False, True]
    assert not inside.any()


def test_a_score_out_of_reach_needs_endless_images():
    fits = fit_with_uncertainty(SIZES, sigmoid_curve(SIZES, TRUTH), errors=0.005)
    assert np.isinf(fits.required_size(0.99)).all()
    low, high = fits.required_size(0.6)[0]
    assert low < inverse_sigmoid_curve(0.6, TRUTH) < high < 1000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"errors": 0.0}, "errors with NaN, infinity or values <= 0"),
        ({"weights": [np.nan] * 10}, "weights with NaN"),
        ({"errors": 0.1, "weights": 1.0}, "expected one of them"),
        ({"loss": "absolute"}, "loss='absolute', expected 'squared' or 'huber'"),
    ],
)
def test_unusable_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        fit_with_uncertainty(SIZES, np.linspace(0, 1, 10), **options)


def test_the_fitter_gives_details_and_takes_the_loss():
    table = pd.DataFrame([sigmoid_curve(SIZES, TRUTH)] * 2, columns=SIZES).iloc[:, ::-1]
    fitter = SigmoidCurveFitter(loss="huber").fit(table)
    fits = fitter.fit_details(table, errors=0.01)
    assert np.array_equal(fits.params, fitter.transform(table))
    assert fits.params[0] == pytest.approx(TRUTH, rel=1e-3)
    with pytest.raises(ValueError, match="loss='mean'"):
        SigmoidCurveFitter(loss="mean").fit(table)
