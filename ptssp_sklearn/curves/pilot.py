"""Pilots: measured points as a user gives them, and where pilots of whole curves end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ptssp_sklearn.curves.pilot_forms import as_points
from ptssp_sklearn.curves.table import table_sizes
from ptssp_sklearn.exceptions import InputError

Array = NDArray[np.float64]

_ENDS = (0.25, 0.5, 0.75)


def pilot_limits(sizes: Array) -> Array:
    """Give the largest sizes of pilots that end at a quarter, a half and three quarters.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,), images
        Of whole curves; quantiles are on their log scale.
    """
    return np.exp(np.quantile(np.log(sizes), _ENDS))


def check_pilot(pilot: Any, n_rows: int | None = None) -> tuple[Array, Array]:
    """Check measured points.

    Parameters
    ----------
    pilot : curve table of shape (n_rows, n_sizes), or list of (size, score) for one row
        Scores as fractions, NaN where not measured; a row may be empty. A size may be
        measured several times in a list. Also whatever
        `ptssp_sklearn.curves.pilot_forms.as_points` turns into such a list.
    n_rows : int, optional
        Rows that are asked about; any number where None.

    Returns
    -------
    sizes : ndarray of shape (n_sizes,), images
    scores : ndarray of shape (n_rows, n_sizes), NaN where not measured

    Raises
    ------
    ValueError
        If sizes are missing or not positive, a score lies outside [0, 1], or there are
        rows too many or too few.

    Examples
    --------
    >>> from ptssp_sklearn.curves import check_pilot
    >>> check_pilot([(16, 0.31), (32, 0.42)])
    (array([16., 32.]), array([[0.31, 0.42]]))
    """
    pilot = as_points(pilot)
    if isinstance(pilot, pd.DataFrame):
        found = table_sizes(pilot)
        if found is None:
            raise ValueError(
                f"Got a pilot with the columns {list(pilot.columns)[:4]}, expected training-set "
                "sizes as column names."
            )
        sizes, scores = found, pilot.to_numpy(dtype=float, na_value=np.nan)
    else:
        sizes, scores = _pairs(pilot)
    wrong = sizes[~(np.isfinite(sizes) & (sizes > 0))]
    if wrong.size:
        message = f"Got the pilot size {wrong[0]:g}, expected a positive number of images."
        raise InputError(message, "pilot_size", size=f"{wrong[0]:g}")
    _check_scores(sizes, scores)
    if n_rows is not None and len(scores) != n_rows:
        raise ValueError(
            f"Got a pilot of {len(scores)} rows for {n_rows} datasets, expected one row each; "
            "leave a row NaN where nothing was measured."
        )
    return sizes, scores


def _pairs(pilot: Any) -> tuple[Array, Array]:
    try:
        pairs = np.array([(float(size), float(score)) for size, score, *_ in pilot]).reshape(-1, 2)
    except (TypeError, ValueError):
        raise ValueError(
            f"Got the pilot {pilot!r:.60}, expected a curve table or a list of (size, score) "
            "such as [(16, 0.31), (32, 0.42)]."
        ) from None
    if np.isnan(pairs[:, 1]).any():
        size = pairs[np.isnan(pairs[:, 1]), 0][0]
        raise ValueError(f"Got no number as pilot score at {size:g} images; leave the pair out.")
    return pairs[:, 0], pairs[:, 1][None]


def _check_scores(sizes: Array, scores: Array) -> None:
    outside = np.argwhere((scores < 0) | (scores > 1))
    if len(outside):
        row, column = outside[0]
        value = scores[row, column]
        hint = " Divide percentages by 100." if value > 1 else ""
        raise InputError(
            f"Got the pilot score {value:g} at {sizes[column]:g} images, expected a fraction "
            f"in [0, 1].{hint}",
            "pilot_score",
            score=f"{value:g}",
            size=f"{sizes[column]:g}",
        )
