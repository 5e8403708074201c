"""Pilots: measured points as a user gives them, and where pilots of whole curves end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.pilot_forms import as_points
from ptssp_sklearn.curves.table import table_sizes
from ptssp_sklearn.exceptions import InputError

_ENDS = (0.25, 0.5, 0.75)


def pilot_limits(sizes: Array) -> Array:
    """Give the largest sizes of pilots that end at a quarter, a half and three quarters.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,), images
        Sizes of whole curves; quantiles are on their log scale.
    """
    return np.exp(np.quantile(np.log(sizes), _ENDS))


@dataclass(frozen=True)
class Pilot:
    """Measured points.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,), images
    scores : ndarray of shape (n_rows, n_sizes), fractions, NaN where not measured
    errors : ndarray of shape (n_sizes,)
        Standard errors of the scores; NaN where not known.
    learners : tuple of (str or None), one a size
        Who measured each point; None: the learner that is asked about.
    """

    sizes: Array
    scores: Array
    errors: Array
    learners: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def names_learners(self) -> bool:
        """Whether a point says with which learner it was measured."""
        return any(name is not None for name in self.learners)


def check_pilot(pilot: Any, n_rows: int | None = None) -> tuple[Array, Array]:
    """Check measured points, and give their sizes and scores; see `read_pilot`.

    Returns
    -------
    sizes : ndarray of shape (n_sizes,), images
    scores : ndarray of shape (n_rows, n_sizes), NaN where not measured

    Examples
    --------
    >>> from ptssp_sklearn.curves import check_pilot
    >>> check_pilot([(16, 0.31), (32, 0.42)])
    (array([16., 32.]), array([[0.31, 0.42]]))
    """
    points = read_pilot(pilot, n_rows)
    return points.sizes, points.scores


def read_pilot(pilot: Any, n_rows: int | None = None) -> Pilot:
    """Read measured points as they are given, and check them.

    Parameters
    ----------
    pilot : curve table of shape (n_rows, n_sizes), or list of points for one row
        A point is (size, score), (size, score, standard error), (size, score, learner) or
        (size, score, standard error, learner). Scores as fractions, NaN in a table where not
        measured; a row may be empty. A size may be measured several times in a list. Also
        whatever `ptssp_sklearn.curves.pilot_forms.as_points` turns into such a list.
    n_rows : int, optional
        Rows that are asked about; any number where None.

    Returns
    -------
    pilot : Pilot

    Raises
    ------
    ValueError
        If sizes are missing or not positive, a score lies outside [0, 1], a standard error is
        not positive, or there are rows too many or too few.

    Examples
    --------
    >>> from ptssp_sklearn.curves import read_pilot
    >>> read_pilot([(16, 0.31), (16, 0.30, 0.02, "yolov5n")]).learners
    (None, 'yolov5n')
    """
    pilot = pilot if isinstance(pilot, Pilot) else as_points(pilot)
    if isinstance(pilot, Pilot):
        points = pilot
    elif isinstance(pilot, pd.DataFrame):
        found = table_sizes(pilot)
        if found is None:
            raise ValueError(
                f"Got a pilot with the columns {list(pilot.columns)[:4]}, expected training-set "
                "sizes as column names."
            )
        scores = pilot.to_numpy(dtype=float, na_value=np.nan)
        points = Pilot(found, scores, np.full(len(found), np.nan), (None,) * len(found))
    else:
        points = _points(pilot)
    sizes = points.sizes
    wrong = sizes[~(np.isfinite(sizes) & (sizes > 0))]
    if wrong.size:
        message = f"Got the pilot size {wrong[0]:g}, expected a positive number of images."
        raise InputError(message, "pilot_size", size=f"{wrong[0]:g}")
    _check_scores(sizes, points.scores)
    if n_rows is not None and len(points) != n_rows:
        raise ValueError(
            f"Got a pilot of {len(points)} rows for {n_rows} datasets, expected one row each; "
            "leave a row NaN where nothing was measured."
        )
    return points


def point_of_text(text: str) -> tuple[Any, ...]:
    """Read a point such as ``16:0.31``, ``16:0.31:0.02`` or ``16:0.31:0.02:yolov5n``.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> from ptssp_sklearn.curves import point_of_text
    >>> point_of_text("16:0.31:yolov5n")
    (16.0, 0.31, None, 'yolov5n')
    """
    parts = [part.strip() for part in text.split(":")]
    try:
        if not 2 <= len(parts) <= 4 or not all(parts):
            raise ValueError
        numbers = [float(part) for part in parts[:2]]
        rest: list[Any] = list(parts[2:])
        if rest and _is_number(rest[0]):
            rest[0] = float(rest[0])
        elif len(rest) == 1:
            rest = [None, *rest]
        elif rest:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"Got the point {text!r:.60}, expected SIZE:SCORE such as 51:0.23, and if you like "
            ":STANDARD_ERROR and :LEARNER behind it, such as 51:0.23:0.02:yolov5n."
        ) from None
    return (*numbers, *rest)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _points(pilot: Any) -> Pilot:
    try:
        read = [_point(*point) for point in pilot]
    except (TypeError, ValueError):
        raise ValueError(
            f"Got the pilot {pilot!r:.60}, expected a curve table or a list of (size, score) "
            'such as [(16, 0.31), (32, 0.42)]; a standard error and a learner ("yolov5n") may '
            "follow."
        ) from None
    numbers = np.array([point[:3] for point in read], dtype=float).reshape(-1, 3)
    sizes, scores, errors = numbers.T
    if np.isnan(scores).any():
        size = sizes[np.isnan(scores)][0]
        raise ValueError(f"Got no number as pilot score at {size:g} images; leave the pair out.")
    wrong = np.flatnonzero(~np.isnan(errors) & ~((errors > 0) & (errors < 1)))
    if len(wrong):
        raise ValueError(
            f"Got the standard error {errors[wrong[0]]:g} of the pilot score at "
            f"{sizes[wrong[0]]:g} images, expected a fraction in (0, 1)."
        )
    return Pilot(sizes, scores[None], errors, tuple(point[3] for point in read))


def _point(size: Any, score: Any, *more: Any) -> tuple[float, float, float, str | None]:
    """Read one point: after size and score a standard error, a learner, or both."""
    error, learner = np.nan, None
    if more and (more[-1] is None or isinstance(more[-1], str)):
        more, learner = more[:-1], more[-1]
    if more:
        (given,) = more
        error = np.nan if given is None else float(given)
    return float(size), float(score), error, learner


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
