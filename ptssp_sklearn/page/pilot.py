"""The pilot of the page: measured points, uploaded as a table and edited there."""

from __future__ import annotations

import io

import pandas as pd

from ptssp_sklearn.curves.pilot import check_pilot
from ptssp_sklearn.page.uploads import Upload
from ptssp_sklearn.serving.request import DEFAULT_LIMITS, RequestError


def read_pilot(upload: Upload) -> pd.DataFrame:
    """Read an uploaded CSV of the columns size and score.

    Raises
    ------
    ValueError
        If it is no such table, or has too many rows.
    """
    name, expected = f"'{upload.name}'", "expected a CSV file of the columns size and score"
    try:
        table = pd.read_csv(io.BytesIO(upload.data), nrows=DEFAULT_LIMITS.pilot_points + 1)
        if not {"size", "score"} <= set(table.columns):
            raise RequestError(f"Got '{upload.name}', {expected}.", "no_table", name=name)
        table = table[["size", "score"]].astype(float)
    except RequestError:
        raise
    except ValueError as error:
        message = f"Got '{upload.name}', {expected} ({error})."
        raise RequestError(message, "no_table", name=name) from None
    return table


def pilot_points(table: pd.DataFrame) -> list[tuple[float, float]]:
    """Give the measured points of an edited table; rows that are not full yet are left out.

    Raises
    ------
    ValueError
        If a point is none, or there are too many.
    """
    full = table.dropna().astype(float)
    points = list(zip(full["size"].tolist(), full["score"].tolist(), strict=True))
    if len(points) > DEFAULT_LIMITS.pilot_points:
        raise RequestError(
            f"Got {len(points)} points, expected at most {DEFAULT_LIMITS.pilot_points}.",
            "points",
            count=len(points),
            most=DEFAULT_LIMITS.pilot_points,
        )
    if points:
        check_pilot(points)
    return points
