"""The curve table: one row a dataset, one column a training-set size, scores in [0, 1]."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


def check_curve_table(table: Any, *, sizes: ArrayLike | None = None) -> pd.DataFrame:
    """Check a curve table and give it in its standard form.

    Parameters
    ----------
    table : DataFrame or array-like of shape (n_curves, n_sizes)
        Scores, fractions in [0, 1]; NaN where not measured.
    sizes : array-like of shape (n_sizes,), optional
        Training-set sizes of the columns, images. By default the column names.

    Returns
    -------
    table : DataFrame of shape (n_curves, n_sizes)
        Float scores, columns sorted by size.

    Raises
    ------
    ValueError
        If the table is empty, sizes are missing, not positive or double, a score lies
        outside [0, 1], or a row holds no score. The row is named.

    Examples
    --------
    >>> from ptssp_sklearn.curves import check_curve_table
    >>> check_curve_table([[0.5, 0.1]], sizes=[100, 10]).loc[0].to_dict()
    {10.0: 0.1, 100.0: 0.5}
    """
    frame = table if isinstance(table, pd.DataFrame) else pd.DataFrame(np.asarray(table))
    if frame.shape[0] == 0 or frame.shape[1] == 0:
        raise ValueError(
            f"Got a curve table of shape {frame.shape}, expected at least one curve and one size."
        )
    found = table_sizes(table) if sizes is None else np.asarray(sizes, dtype=np.float64)
    if found is None:
        raise ValueError(
            "Got a curve table without sizes. Pass a DataFrame whose columns are the "
            "training-set sizes, or SigmoidCurveFitter(sizes=…)."
        )
    _check_sizes(found, frame.shape[1])
    try:
        values = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Got a curve table with a score that is no number: {error}.") from None
    standard = pd.DataFrame(values, index=frame.index, columns=found).sort_index(axis=1)
    _check_scores(standard)
    return standard


def table_sizes(table: Any) -> NDArray[np.float64] | None:
    """Read the sizes from a table's column names; None where they are not all numbers."""
    if not isinstance(table, pd.DataFrame) or isinstance(table.columns, pd.RangeIndex):
        return None
    try:
        return np.array([float(name) for name in table.columns])
    except (TypeError, ValueError):
        return None


def join_by_name(table: Any, X: Any, what: str = "curve table") -> Any:
    """Put the rows of a table in the order of X, where both name their rows.

    Parameters
    ----------
    table : curve table
    X : table of n_rows rows
    what : str
        What messages call the table.

    Returns
    -------
    table : curve table
        As it is where one of both has no names: no DataFrame, or one that is numbered.

    Raises
    ------
    ValueError
        If the names are others, or one stands for several rows.

    Examples
    --------
    >>> import pandas as pd
    >>> from ptssp_sklearn.curves.table import join_by_name
    >>> y = pd.DataFrame({10: [0.1, 0.2]}, index=["a", "b"])
    >>> X = pd.DataFrame({"image_1": ["b.png", "a.png"]}, index=["b", "a"])
    >>> join_by_name(y, X)[10].tolist()
    [0.2, 0.1]
    """
    if not (isinstance(table, pd.DataFrame) and isinstance(X, pd.DataFrame)):
        return table
    own, asked = table.index, X.index
    if own.equals(asked) or len(own) != len(asked):
        return table
    if not _same_names(own, asked):
        if any(pd.api.types.is_integer_dtype(names.dtype) for names in (own, asked)):
            return table
        stray = next((name for name in own if name not in asked), own[0])
        raise ValueError(
            f"Got a {what} with the row {stray!r}, which X does not name (its first is "
            f"{asked[0]!r}), expected the same names in both; or drop them with "
            "reset_index(drop=True) where the order is the same."
        )
    if not own.is_unique:
        twice = own[own.duplicated()][0]
        raise ValueError(
            f"Got a {what} and X in different orders, with {twice!r} in several rows. Put both in "
            "the same order."
        )
    return table.loc[asked]


def _same_names(own: pd.Index, asked: pd.Index) -> bool:
    return bool(own.isin(asked).all() and asked.isin(own).all())


def pivot_points(points: pd.DataFrame, *, index: str, score: str) -> pd.DataFrame:
    """Turn one row a measured point into a curve table; repeats are averaged.

    Parameters
    ----------
    points : DataFrame
        With the columns `index`, ``size`` and `score`.
    index, score : str
        Names of the columns that hold the curve's name and the score.

    Returns
    -------
    table : DataFrame of shape (n_curves, n_sizes)
        Rows in the order of their names.
    """
    table = points.pivot_table(index=index, columns="size", values=score, aggfunc="mean")
    return check_curve_table(table)


def _check_sizes(sizes: NDArray[np.float64], n_columns: int) -> None:
    if sizes.shape != (n_columns,):
        raise ValueError(f"Got {sizes.size} sizes for a curve table of {n_columns} columns.")
    if not (np.isfinite(sizes).all() and (sizes > 0).all()):
        raise ValueError(f"Got the sizes {sizes.tolist()}, expected positive numbers of images.")
    if len(np.unique(sizes)) != len(sizes):
        raise ValueError(f"Got a size twice in {sizes.tolist()}. Average repeats first.")


def _check_scores(table: pd.DataFrame) -> None:
    values = table.to_numpy()
    outside = np.argwhere((values < 0) | (values > 1) | np.isinf(values))
    if len(outside):
        row, column = outside[0]
        raise ValueError(
            f"Got the score {values[row, column]:g} in curve {table.index[row]!r} at size "
            f"{table.columns[column]:g}, expected a fraction in [0, 1]. Divide percentages by 100."
        )
    empty = np.flatnonzero(np.isnan(values).all(axis=1))
    if len(empty):
        raise ValueError(
            f"Got curve {table.index[empty[0]]!r} without any score (all NaN), expected at "
            "least one measured point. Drop the row."
        )
