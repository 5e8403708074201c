"""Measured points as a CSV file, whatever tool and country it comes from."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from ptssp_sklearn.curves.pilot import read_pilot
from ptssp_sklearn.curves.pilot_forms import MAP50, find_columns
from ptssp_sklearn.exceptions import InputError

_GROUPED = re.compile(r"\d{1,3}([ .,'’_\u00a0\u202f]\d{3})+")
_SHOWN = 8
EXPECTED = "the columns size and score, such as size,score on the first line and 51,0.23 below"
"""What a file of points should hold, as messages say it."""

Point = tuple[Any, ...]


def read_points(data: bytes | str, name: str) -> list[Point]:
    r"""Read the measured points of a CSV file.

    Columns may be separated by commas, semicolons, tabs or bars; numbers may have a decimal
    comma, and scores a percent sign. Columns are known by common names, such as ``images``
    and ``mAP50-95``; two columns of numbers may lack names.

    Parameters
    ----------
    data : bytes or str
        Content of the file.
    name : str
        What messages call it.

    Returns
    -------
    points : list of (size, score), (size, score, standard error) or with a learner behind them

    Raises
    ------
    InputError
        If the file is empty, lacks a column, or a line holds no point; names file, line and
        what was found.

    Examples
    --------
    >>> from ptssp_sklearn.curves import read_points
    >>> read_points("Images;mAP50-95\n51;23,5 %\n101;31 %\n", "pilot.csv")
    [(51.0, 0.235), (101.0, 0.31)]
    """
    rows = _rows(_text(data, name))
    if not rows:
        raise _refused(name, "which is empty", EXPECTED)
    header, lines = rows[0][1], rows[1:]
    if _is_point(header):
        columns, lines = {"size": 0, "score": 1}, rows
    else:
        columns = _columns(header, name)
    if not lines:
        shown = ", ".join(header)
        raise _refused(
            name, f"which holds the header {shown} only", "a measured point on each line"
        )
    points = [_point(cells, columns, f"{name}, line {line}") for line, cells in lines]
    read_pilot(points)
    return points


def _text(data: bytes | str, name: str) -> str:
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    marked = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for code in ["utf-16" if marked else "utf-8-sig", "cp1252"]:
        try:
            return data.decode(code)
        except UnicodeDecodeError:
            continue
    raise _refused(name, "which is no text", EXPECTED)


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Split lines that hold anything into cells, by what separates the first one."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    found = [mark for mark in (";", "\t", "|") if mark in first]
    reader = csv.reader(io.StringIO(text), delimiter=found[0] if found else ",")
    rows = ((reader.line_num, [cell.strip() for cell in row]) for row in reader)
    return [(line, cells) for line, cells in rows if any(cells)]


def _columns(header: Sequence[str], name: str) -> dict[str, int]:
    """Find the columns by their names; say which there are where size or score is missing."""
    columns = find_columns(header)
    if "size" in columns and "score" in columns:
        return columns
    shown = ", ".join(header[:_SHOWN]) + ", …" * (len(header) > _SHOWN)
    hint = MAP50 if "map50" in columns else ""
    if "epoch" in [cell.lower() for cell in header]:
        hint = " One training is one point: its images, and its mAP50-95."
    raise _refused(name, f"with the columns {shown}", EXPECTED, hint)


def _point(cells: Sequence[str], columns: dict[str, int], place: str) -> Point:
    own = {kind: cells[at] if at < len(cells) else "" for kind, at in columns.items()}
    for kind in ("size", "score"):
        if not own[kind]:
            raise _refused(place, f"without a {kind}", "a size and a score", " Leave the line out.")
    try:
        size, score = _size(own["size"]), _number(own["score"])
        error = _number(own["error"]) if own.get("error") else None
    except ValueError as wrong:
        raise _refused(place, f"with {wrong}", "numbers, such as 51 and 0.23") from None
    learner = own.get("learner") or None
    if learner is not None:
        return size, score, error, learner
    return (size, score) if error is None else (size, score, error)


def _is_point(cells: Sequence[str]) -> bool:
    """Tell whether a first line of two cells is a point already, and not a header."""
    try:
        return len(cells) == 2 and _size(cells[0]) > 0 and _number(cells[1]) >= 0
    except ValueError:
        return False


def _size(text: str) -> float:
    """Read a number of images, in which 1.024 and 1,024 are a thousand and 24."""
    plain = re.sub(r"\D", "", text) if _GROUPED.fullmatch(text) else text
    return _number(plain)


def _number(text: str) -> float:
    """Read a number with a decimal point or comma; a percent sign divides it by 100."""
    plain = text.replace("\u00a0", "").replace("\u202f", "").strip()
    share = plain.endswith("%")
    plain = plain.rstrip("% ")
    if "," in plain and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        value = float(plain)
    except ValueError:
        raise ValueError(f"{text[:40]!r}, which is no number") from None
    if value != value:
        raise ValueError(f"{text[:40]!r}, which is no number")
    return round(value / 100, 12) if share else value


def _refused(name: str, got: str, expected: str, hint: str = "") -> InputError:
    between = " " if got.startswith("with") else ", "
    message = f"Got {name}{between}{got}, expected {expected}.{hint}"
    return InputError(message, "no_table", name=name)
