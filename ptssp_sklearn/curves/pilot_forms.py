"""The forms in which measured points are at hand: tables, dicts, learning curves, measurements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ptssp_sklearn.curves.table import table_sizes

_COLUMNS = {
    "size": ("size", "sizes", "images", "nimages", "trainsize", "trainsizes", "trainingimages"),
    "score": ("score", "scores", "map5095", "map", "map50", "testscore"),
    "error": ("error", "standarderror", "stderr", "se"),
    "learner": ("learner",),
}
"""Names of the columns of a table of points, without case and signs; the first there is counts."""


def as_points(pilot: Any) -> Any:
    """Turn measured points into a list of points, or leave a curve table as it is.

    Parameters
    ----------
    pilot : object
        A dict or Series of scores by size; a DataFrame or dict with a column of sizes and one
        of scores, perhaps of standard errors and learners; what
        `sklearn.model_selection.learning_curve` returns, whose test scores are averaged, with
        the standard error over its splits; an object with a method ``pilot``, such as a
        `ptssp_sklearn.measuring.Measurement`. Anything else is given back as it is.

    Returns
    -------
    points : list of tuple, or object
        Size and score, then if known the standard error and the learner.

    Raises
    ------
    ValueError
        If a table has neither sizes as columns nor columns of sizes and scores.

    Examples
    --------
    >>> from ptssp_sklearn.curves.pilot_forms import as_points
    >>> as_points({16: 0.31, 32: (0.42, 0.02)})
    [(16, 0.31), (32, 0.42, 0.02)]
    """
    if callable(getattr(pilot, "pilot", None)):
        return pilot.pilot()
    if isinstance(pilot, pd.Series):
        return list(pilot.dropna().items())
    if isinstance(pilot, Mapping):
        return _of_mapping(pilot)
    if isinstance(pilot, pd.DataFrame):
        return _of_frame(pilot)
    if _is_learning_curve(pilot):
        return _of_learning_curve(pilot[0], pilot[2])
    return pilot


def _of_mapping(pilot: Mapping[Any, Any]) -> Any:
    if pilot and all(isinstance(key, str) and not _is_number(key) for key in pilot):
        return _of_frame(pd.DataFrame(dict(pilot)))
    return [
        (size, *value) if isinstance(value, tuple | list) else (size, value)
        for size, value in pilot.items()
    ]


def _of_frame(pilot: pd.DataFrame) -> Any:
    if table_sizes(pilot) is not None:
        return pilot
    plain = {_plain(column): column for column in pilot.columns}
    found = {
        role: next((plain[name] for name in names if name in plain), None)
        for role, names in _COLUMNS.items()
    }
    if found["size"] is None or found["score"] is None:
        raise ValueError(
            f"Got a pilot with the columns {list(pilot.columns)[:6]}, expected training-set sizes "
            "as column names, or the columns size and score."
        )
    rows = pilot[pilot[found["score"]].notna()]
    roles = [role for role in _COLUMNS if found[role] is not None]
    columns = [_objects(rows[found[role]]) for role in roles]
    return [
        point if "error" in roles or len(point) < 3 else (*point[:2], None, *point[2:])
        for point in zip(*columns, strict=True)
    ]


def _objects(column: pd.Series) -> list[Any]:
    """List values, None where there is none."""
    return [
        None if missing else value for value, missing in zip(column, column.isna(), strict=True)
    ]


def _plain(name: Any) -> str:
    return "".join(letter for letter in str(name).lower() if letter.isalnum())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_learning_curve(pilot: Any) -> bool:
    """Tell what learning_curve returns from a tuple of points: scores of sizes by splits."""
    if not isinstance(pilot, tuple) or len(pilot) not in (3, 5):
        return False
    shapes = [np.shape(part) if isinstance(part, np.ndarray) else () for part in pilot[:3]]
    return len(shapes[0]) == 1 and len(shapes[1]) == 2 and shapes[1] == shapes[2]


def _of_learning_curve(sizes: Any, scores: Any) -> list[tuple[Any, ...]]:
    means = np.nanmean(scores, axis=1)
    count = np.isfinite(scores).sum(axis=1)
    if scores.shape[1] < 2:
        return list(zip(sizes.tolist(), means.tolist(), strict=True))
    errors = np.nanstd(scores, axis=1, ddof=1) / np.sqrt(count)
    rows = zip(sizes.tolist(), means.tolist(), errors.tolist(), strict=True)
    return [(n, score, error) if error > 0 else (n, score) for n, score, error in rows]
