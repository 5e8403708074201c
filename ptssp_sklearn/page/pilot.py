"""The pilot of the page: measured points, uploaded as a table and edited there."""

from __future__ import annotations

import pandas as pd

from ptssp_sklearn.curves.pilot import check_pilot
from ptssp_sklearn.curves.pilot_file import read_points
from ptssp_sklearn.page.uploads import Upload
from ptssp_sklearn.serving.limits import DEFAULT_LIMITS, RequestError


def read_pilot(upload: Upload) -> pd.DataFrame:
    """Read an uploaded CSV of measured points, as `ptssp_sklearn.curves.read_points` does.

    Raises
    ------
    ValueError
        If it is no such table, or has too many rows.
    """
    points = read_points(upload.data, f"'{upload.name}'")
    _check_count(len(points))
    return pd.DataFrame([point[:2] for point in points], columns=["size", "score"])


def pilot_points(table: pd.DataFrame) -> list[tuple[float, float]]:
    """Give the measured points of an edited table; rows that are not full yet are left out.

    Raises
    ------
    ValueError
        If a point is none, or there are too many.
    """
    full = table.dropna().astype(float)
    points = list(zip(full["size"].tolist(), full["score"].tolist(), strict=True))
    _check_count(len(points))
    if points:
        check_pilot(points)
    return points


def _check_count(count: int) -> None:
    if count > DEFAULT_LIMITS.pilot_points:
        raise RequestError(
            f"Got {count} points, expected at most {DEFAULT_LIMITS.pilot_points}.",
            "points",
            count=count,
            most=DEFAULT_LIMITS.pilot_points,
        )
