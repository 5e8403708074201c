"""The table that the README shows: what an answer is worth, by what is known."""

from __future__ import annotations

import pandas as pd

from experiments.fine_tuned.cases import Case
from experiments.protocol.markdown import Column, table

_COLUMNS = {
    "n": Column("data sets", ".0f"),
    "mae": Column("error in mAP", ".3f"),
    "constant": Column("of the constant median", ".3f"),
    "cover": Column("90 % band holds", ".0%"),
    "within_2x": Column("size within 2x", ".0%"),
    "suffices_50": Column("50 % number sufficed", ".0%"),
    "suffices_80": Column("80 % number", ".0%"),
}
_OURS, _BLIND, _CONSTANT = "detectors", "detectors, no image", "constant median"
_PUBLISHED = "detectors, learner named"


def summary(
    curves: pd.DataFrame,
    zero_shot: pd.DataFrame,
    piloted: pd.DataFrame,
    photographed: list[Case],
) -> str:
    """Write the table between its markers.

    Parameters
    ----------
    curves : DataFrame
        Judgements of published curves, a row a curve, a model, points shown and a seed.
    zero_shot, piloted : DataFrame
        Means over the photographs; see `judge_photographs`.
    photographed : list of Case
    """
    seen = [rows.assign(n=len(photographed)) for rows in _photographed(zero_shot, piloted)]
    rows = [*seen, *_published(curves)]
    largest = max(case.sizes[-1] for case in photographed)
    note = (
        "On data sets that the model never saw: photographs, YOLOv5n fine-tuned on 4 to "
        f"{largest:g} of them; and published\ncurves of many detectors. Each row is judged by the "
        "scores beyond what was shown."
    )
    means = pd.concat(rows).groupby("known", sort=False)[list(_COLUMNS)].mean().reset_index()
    shown = table(means, ["known"], _COLUMNS)
    return f"<!-- summary -->\n{note}\n\n{shown}\n<!-- /summary -->"


def _photographed(zero_shot: pd.DataFrame, piloted: pd.DataFrame) -> list[pd.DataFrame]:
    four, eight = "four labelled images", "eight labelled images"
    asked = {name: zero_shot[zero_shot["asked with"] == name] for name in (four, eight)}
    found = [_compared(asked[four], _BLIND, "photographs: the learner alone")]
    found += [_compared(rows, _OURS, f"photographs: {name}") for name, rows in asked.items()]
    for limit, rows in piloted.groupby("pilot", sort=False):
        found.append(_compared(rows, _OURS, f"photographs: four images, a pilot of {limit!s}"))
    return found


def _published(curves: pd.DataFrame) -> list[pd.DataFrame]:
    names = [name for name in _COLUMNS if name in curves]
    found = []
    for shown in sorted(curves["shown"].unique()):
        rows = curves[curves["shown"] == shown]
        means = rows.groupby(["model", "seed"])[names].mean().reset_index()
        points = "1 measured point" if shown == 1 else f"{shown} measured points"
        known = points if shown else "the learner alone"
        own = _compared(means, _PUBLISHED, f"published curves: {known}")
        found.append(own.assign(n=rows["group"].nunique()))
    return found


def _compared(rows: pd.DataFrame, model: str, known: str) -> pd.DataFrame:
    """Take one model's rows, a seed each, and the constant's error beside it."""
    own = rows[rows["model"] == model].reset_index(drop=True)
    constant = rows.loc[rows["model"] == _CONSTANT, "mae"].to_numpy()
    return own.assign(known=known, constant=constant)
