from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptssp_sklearn.curves.sigmoid import (
    PARAM_BOUNDS,
    PARAM_NAMES,
    from_unbounded,
    inverse_sigmoid_curve,
    sigmoid_curve,
    to_unbounded,
    whole_images,
)

inner_params = st.tuples(
    st.floats(0.0, 0.4), st.floats(0.3, 4.0), st.floats(1.0, 1e4), st.floats(0.5, 1.0)
)


def test_names_fix_the_order():
    assert PARAM_NAMES == ("A", "B", "C", "D")


def test_start_half_and_plateau_are_what_the_names_say():
    a, b, c, d = 0.1, 1.7, 50.0, 0.9
    assert sigmoid_curve([0, c, np.inf], [a, b, c, d]) == pytest.approx([a, (a + d) / 2, d])


def test_agrees_with_the_textbook_formula():
    n, (a, b, c, d) = np.array([1.0, 7, 30, 900]), (0.2, 0.8, 25.0, 0.7)
    assert sigmoid_curve(n, [a, b, c, d]) == pytest.approx(d + (a - d) / (1 + (n / c) ** b))


@given(inner_params)
def test_curves_never_fall(params):
    rises = np.diff(sigmoid_curve(np.geomspace(1, 1e6, 50), params))
    assert rises.min() >= -1e-15


@given(inner_params, st.floats(0.05, 0.95))
def test_inverse_of_forward_is_the_identity(params, share):
    a, _, _, d = params
    size = inverse_sigmoid_curve(a + share * (d - a), params)
    assert inverse_sigmoid_curve(sigmoid_curve(size, params), params) == pytest.approx(
        size, rel=1e-6
    )


def test_shapes_broadcast_over_curves():
    params = np.tile([0.1, 1.0, 100.0, 0.9], (3, 2, 1))
    assert sigmoid_curve([1, 2, 3, 4], params).shape == (3, 2, 4)
    assert inverse_sigmoid_curve([0.3, 0.5], params).shape == (3, 2, 2)
    assert sigmoid_curve(10, params).shape == (3, 2)


def test_scores_out_of_reach():
    params = [0.1, 1.0, 100.0, 0.9]
    assert inverse_sigmoid_curve([0.0, 0.1, 0.9, 1.0], params).tolist() == [0, 0, np.inf, np.inf]
    assert inverse_sigmoid_curve(0.5, [0.5, 1, 10, 0.5]) == 0


def test_nan_stays_nan():
    assert np.isnan(inverse_sigmoid_curve(np.nan, [0.1, 1, 10, 0.9]))


@given(st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=4))
def test_any_coordinates_give_params_inside_the_bounds(coordinates):
    params = from_unbounded(coordinates)
    for value, name in zip(params, PARAM_NAMES, strict=True):
        low, high = PARAM_BOUNDS[name]
        assert low <= value <= high
    assert params[0] <= params[3]


@given(inner_params)
def test_unbounded_coordinates_round_trip(params):
    inside = np.clip(params, [0.01, 0, 0, 0], [1, 20, 1e9, 0.99])
    assert from_unbounded(to_unbounded(inside)) == pytest.approx(inside, rel=1e-6)


def test_border_params_have_finite_coordinates():
    corners = [[0, 1, 10, 0], [1, 1, 10, 1], [0, 1, 10, 1], [0.3, 0.05, 0.01, 0.3]]
    assert np.isfinite(to_unbounded(corners)).all()


@pytest.mark.parametrize("bad", [[1.0, 2.0], 3.0, np.zeros((4, 3))])
def test_wrong_number_of_params_is_refused(bad):
    with pytest.raises(ValueError, match=r"expected \(\.\.\., 4\)"):
        sigmoid_curve([1, 2], bad)


def test_negative_size_is_refused():
    with pytest.raises(ValueError, match="size -1"):
        sigmoid_curve([-1], [0.1, 1, 10, 0.9])


def test_sizes_are_rounded_up_but_for_rounding_errors():
    assert whole_images([0, 0.2, 100.00000000001, 7.01, np.inf]).tolist() == [1, 1, 100, 8, np.inf]
