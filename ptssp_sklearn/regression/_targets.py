"""What a regressor of curves learns from: parameters, their points, groups, the population."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.calibration import calibrate
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.population import Population
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from ptssp_sklearn.curves.table import check_curve_table
from ptssp_sklearn.regression.novelty import References


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


def learn_population(
    X: Array | None, params: Array, table: pd.DataFrame, *, measured: bool, seed: int
) -> tuple[Population, References, Array]:
    """Learn the population of the distinct curves, and what to remember of them.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), or None
    params : ndarray of shape (n_rows, 4)
        Rows with equal ones are draws of one dataset.
    table : curve table of n_rows rows
    measured : bool
        Whether the table was measured; otherwise it tells neither of noise nor of how well
        intervals hold.
    seed : int

    Returns
    -------
    population : Population
        Calibrated where the table was measured; without samples.
    references : References
    samples : ndarray of shape (n_rows, n_samples, 4)
        Unbounded coordinates that each row's curve may have.
    """
    _, first, place = np.unique(params, axis=0, return_index=True, return_inverse=True)
    table = table.iloc[first].rename(index=str)
    references = References.of(table, X, place.ravel(), seed=seed)
    sizes, scores = table.columns.to_numpy(dtype=float), table.to_numpy()
    population = Population.fit(sizes, scores, seed=seed)
    samples = population.samples[place.ravel()]
    if measured:
        maps = calibrate(population.prior(len(first), seed=seed), sizes, scores)
        population = replace(population, level_maps=maps)
    else:
        population = replace(population, noise=MeasurementNoise())
    return replace(population, samples=samples[:0]), references, samples
