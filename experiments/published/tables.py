"""Tables of the published curves: every data set left out whole, with all its learners."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.evaluation.tables import SECTIONS
from experiments.protocol.markdown import Column, put_section, table
from experiments.published.calibrating import calibrate_without, rank_cases
from experiments.published.cases import SHOWN, Case, find_cases, judge
from experiments.published.folds import fit_without, split
from experiments.published.models import Model, baselines, detectors, general
from experiments.published.other_learner import other_learner
from ptssp_sklearn import TrainingSizePipeline, load_curve_bank

COLUMNS = {
    "mae": Column("MAE", ".3f"),
    "cover": Column("90 % band holds", ".0%"),
    "width": Column("its width", ".2f"),
    "within_2x": Column("size within 2x", ".0%"),
    "log10_size": Column("log10 size error", ".2f"),
    "suffices_50": Column("50 % number suffices", ".0%"),
    "suffices_80": Column("80 %", ".0%"),
    "suffices_90": Column("90 %", ".0%"),
}
NAME = "detectors"
HEAD = """## Published curves of detectors, whole data sets left out

{n_cases} curves of {n_learners} detectors on {n_groups} groups of data sets, mAP50-95 of boxes,
from the bank `detectors` ({n_points} points of {all_groups} groups; ordinary fine-tuning only).
A group is left out with all its learners, and a thirteenth of the groups without curves with it.
Points are shown from the smallest size on; the scores are those beyond. Quantiles are
calibrated by the groups that are not asked about. A number suffices where
the curve had reached the target by it; 50, 80 and 90 % are asked for. A baseline that gives one
number is judged by it three times.

`{command}`"""


def write_tables(page: Path, *, seeds: int, n_sweeps: int) -> str:
    """Make the tables and put them into the page.

    Parameters
    ----------
    page : Path
    seeds : int
        Seeds of folds and chains.
    n_sweeps : int
        Of each chain.

    Returns
    -------
    text : str
        The section.
    """
    points = load_curve_bank("detectors").points
    cases = find_cases(points)
    curves, crossed = [], []
    for seed in range(seeds):
        models = fit_without(points, split(points, cases, seed), seed=seed, n_sweeps=n_sweeps)
        models = calibrate_without(models, rank_cases(cases, models))
        curves.append(pd.DataFrame(_judged(cases, models)).assign(seed=seed))
        crossed.append(other_learner(points, models, seed).assign(seed=seed))
    command = f"python -m experiments.detectors evaluate --seeds {seeds} --sweeps {n_sweeps}"
    text = _section(points, cases, pd.concat(curves), pd.concat(crossed), command)
    found = page.read_text() if page.exists() else "# Results\n"
    page.write_text(put_section(found, NAME, text, SECTIONS))
    return text


def _judged(cases: list[Case], models: dict[str, TrainingSizePipeline]) -> Iterator[dict]:
    compared: dict[str, Model] = baselines(cases) | general(cases) | detectors(models)
    for name, model in compared.items():
        for case in cases:
            for shown in SHOWN:
                answer = model(case, shown) if len(case.sizes) > shown else None
                if answer is not None:
                    yield judge(case, shown, answer) | {"model": name}


def _section(
    points: pd.DataFrame,
    cases: list[Case],
    judged: pd.DataFrame,
    crossed: pd.DataFrame,
    command: str,
) -> str:
    parts = [
        HEAD.format(
            n_cases=len(cases),
            n_learners=len({case.learner for case in cases}),
            n_groups=len({case.group for case in cases}),
            n_points=len(points),
            all_groups=points["group"].nunique(),
            command=command,
        )
    ]
    for shown in SHOWN:
        rows = judged[judged["shown"] == shown]
        what = "No point measured" if not shown else f"Beyond {shown} measured point(s)"
        parts.append(f"**{what}**\n\n{table(_means(rows, ['model']), ['model'], COLUMNS)}")
    named = judged[(judged["model"] == "detectors, learner named") & judged["shown"].isin([0, 1])]
    by_training = table(_means(named, ["pretraining", "shown"]), ["pretraining", "shown"], COLUMNS)
    parts.append(f"**By what the learner was trained on before**, learner named\n\n{by_training}")
    columns = {name: COLUMNS[name] for name in ("mae", "cover", "width")}
    parts.append(
        "**A point of another learner** at full size on the same data set (RF100-VL: six "
        "learners; every learner asked about, one other at random)\n\n"
        + table(_means(crossed, ["model"]), ["model"], columns)
    )
    return "\n\n".join(parts)


def _means(rows: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Average over the curves of a seed; a measure that a model lacks stays NaN."""
    kept = [name for name in COLUMNS if name in rows]
    means = rows.groupby([*labels, "seed"], sort=False)[kept].mean().reset_index()
    return means.assign(**{name: np.nan for name in COLUMNS if name not in kept})
