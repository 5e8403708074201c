"""Tables as Markdown, and sections that replace each other in one page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

Frames = dict[str, pd.DataFrame]

NONE = "–"


@dataclass(frozen=True)
class Section:
    """A part of the page: Markdown, and the figures it shows by file name."""

    text: str
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """How a measure is headed and written: a format such as ``.3f`` or ``.0%``."""

    title: str
    form: str


COLUMNS = {
    "r2": Column("R2", ".3f"),
    "mae": Column("MAE", ".3f"),
    "rmse": Column("RMSE", ".4f"),
    "spearman": Column("Spearman", ".2f"),
    "log10_size": Column("log10 size error", ".2f"),
    "within_2x": Column("within 2x", ".0%"),
    "suffices_50": Column("50 % number suffices", ".0%"),
    "suffices_80": Column("80 %", ".0%"),
    "suffices_90": Column("90 %", ".0%"),
    "curve_cover": Column("curve coverage", ".0%"),
    "curve_width": Column("width", ".3f"),
    "size_cover": Column("size coverage", ".0%"),
    "size_width": Column("log10 width", ".2f"),
}
SHARP = ("mae", "log10_size", "within_2x")
SUFFICES = ("suffices_50", "suffices_80", "suffices_90")
INTERVALS = ("curve_cover", "curve_width", "size_cover", "size_width")


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def table(
    frame: pd.DataFrame,
    labels: Sequence[str],
    columns: dict[str, Column],
) -> str:
    """Write one row a combination of labels: the mean over seeds, and their range.

    Parameters
    ----------
    frame : DataFrame
        One row a combination of labels and a seed.
    labels : sequence of str
        Columns that name a row.
    columns : dict of Column
        Measures to write, by their column in `frame`.
    """
    heads = [label.replace("_", " ") for label in labels] + [c.title for c in columns.values()]
    lines = []
    for names, rows in frame.groupby(list(labels), sort=False):
        cells = [cell(rows[name], column.form) for name, column in columns.items()]
        lines.append([*map(str, names), *cells])
    return markdown_table(heads, lines)


def cell(values: pd.Series, form: str) -> str:
    """Write the mean of the seeds, with their range where it shows."""
    numbers = values.to_numpy(dtype=float)
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return NONE
    low, high, mean = (
        f"{number:z{form}}" for number in (numbers.min(), numbers.max(), numbers.mean())
    )
    return mean if low == high else f"{mean} ({low} to {high})"


def wide(frame: pd.DataFrame, label: str, across: str, measure: str, form: str) -> str:
    """Write one row a label and one column a value of `across`."""
    heads = list(dict.fromkeys(frame[across]))
    lines = []
    for name, rows in frame.groupby(label, sort=False):
        cells = [cell(rows.loc[rows[across] == head, measure], form) for head in heads]
        lines.append([str(name), *cells])
    return markdown_table([label, *map(str, heads)], lines)


def pick(*names: str) -> dict[str, Column]:
    """Choose columns by name."""
    return {name: COLUMNS[name] for name in names}


def put_section(page: str, name: str, text: str, order: Sequence[str]) -> str:
    """Put a section into a page in place of the one of its name, in a given order.

    Parameters
    ----------
    page : str
        A page made by this function before, or a heading.
    name : str
    text : str
    order : sequence of str
        Names of all sections.
    """
    found = dict(re.findall(r"<!-- (\S+) -->\n(.*?)\n<!-- /\1 -->", page, flags=re.DOTALL))
    found[name] = text.strip()
    head = page.split("<!--", 1)[0].strip()
    parts = [f"<!-- {n} -->\n{found[n]}\n<!-- /{n} -->" for n in order if n in found]
    return "\n\n".join([head, *parts]) + "\n"


def put_block(page: str, name: str, text: str) -> str:
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->``.

    Raises
    ------
    ValueError
        If the page has no such block.
    """
    pattern = re.compile(rf"(<!-- {name} -->).*?(<!-- /{name} -->)", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"Got the block {name!r}, expected its two markers in the page. Add them.")
    return pattern.sub(lambda m: f"{m[1]}\n{text.strip()}\n{m[2]}", page)
