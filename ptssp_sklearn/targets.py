"""What a regressor of curves learns from: parameters, the points behind them, groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ptssp_sklearn.curves import check_curve_table
from ptssp_sklearn.sigmoid import sigmoid_curve

Array = NDArray[np.float64]


def check_params(params: Array) -> Array:
    """Check A, B, C, D of rows.

    Parameters
    ----------
    params : ndarray of shape (n_rows, 4)

    Raises
    ------
    ValueError
        If parameters lie outside their bounds; the row is named.
    """
    a, b, c, d = params.T
    wrong = ~((a >= 0) & (a <= d + 1e-9) & (d <= 1) & (b > 0) & (c > 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"Got A, B, C, D = {np.round(params[row], 4).tolist()} in row {row} of y, expected "
            "0 <= A <= D <= 1, B > 0, C > 0. Fit curves with SigmoidCurveFitter."
        )
    return params


def points_behind(params: Array, curves: Any, sizes: Array) -> pd.DataFrame:
    """Give the measured points of every row; without any, those of the 4PL at `sizes`.

    Parameters
    ----------
    params : ndarray of shape (n_rows, 4)
    curves : curve table of n_rows rows, or None
    sizes : ndarray of shape (n_sizes,), images
    """
    if curves is not None:
        return check_curve_table(curves)
    return pd.DataFrame(sigmoid_curve(sizes, params), columns=sizes)


def group_numbers(targets: Array, groups: Any = None) -> NDArray[np.intp]:
    """Give numbers to what is drawn together: groups, or else rows of equal targets.

    Parameters
    ----------
    targets : ndarray of shape (n_rows, n_outputs)
    groups : array-like of shape (n_rows,), optional
    """
    if groups is None:
        return np.unique(targets, axis=0, return_inverse=True)[1].ravel()
    if len(groups) != len(targets):
        raise ValueError(f"Got {len(groups)} groups for {len(targets)} rows, expected as many.")
    return np.unique(np.asarray(groups), return_inverse=True)[1].ravel()
