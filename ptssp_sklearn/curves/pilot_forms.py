"""The forms in which measured points are at hand: tables, dicts, learning curves, measurements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ptssp_sklearn.curves.table import table_sizes

_COLUMNS = {
    "size": "size sizes images nimages numimages imagecount trainimages ntrain trainsize "
    "trainsizes trainingsize trainingimages trainingsetsize numberofimages samples nsamples "
    "numberoftrainingimages trainsamples labelledimages labeledimages annotatedimages count",
    "score": "score scores map map5095 map50095 metricsmap5095 metricsmap5095b metricsmap5095m "
    "map5095b map5095m boxmap maskmap boxmap5095 maskmap5095 segmmap bboxmap ap ap5095 apbox "
    "apmask cocoap valmap testmap testscore value",
    "error": "error standarderror stderr se",
    "learner": "learner model detector",
}
"""Names of the columns of a table of points, without case and signs; the first there is counts."""
MAP50 = " mAP50 is another measure than mAP50-95."


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
    found = find_columns(pilot.columns)
    if "size" not in found or "score" not in found:
        raise ValueError(
            f"Got a pilot with the columns {list(pilot.columns)[:6]}, expected training-set sizes "
            f"as column names, or the columns size and score.{MAP50 if 'map50' in found else ''}"
        )
    columns = {role: pilot.iloc[:, place] for role, place in found.items() if role in _COLUMNS}
    given = columns["score"].notna()
    roles = list(columns)
    cells = [_objects(columns[role][given]) for role in roles]
    return [
        point if "error" in roles or len(point) < 3 else (*point[:2], None, *point[2:])
        for point in zip(*cells, strict=True)
    ]


def find_columns(names: Iterable[Any]) -> dict[str, int]:
    """Find the places of the columns of points by their common names.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    places : dict of str to int
        Of "size", "score", "error" and "learner", as far as they are there, in this order; and
        of "map50" where it is the only score.
    """
    plain = ["".join(letter for letter in str(n).lower() if letter.isalnum()) for n in names]
    places = {}
    for role, known in _COLUMNS.items():
        found = [name for name in known.split() if name in plain]
        if found:
            places[role] = plain.index(found[0])
    others = [place for place, name in enumerate(plain) if "map50" in name or name == "ap50"]
    return places if "score" in places or not others else places | {"map50": others[0]}


def _objects(column: pd.Series) -> list[Any]:
    """List values, None where there is none."""
    return [
        None if missing else value for value, missing in zip(column, column.isna(), strict=True)
    ]


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
