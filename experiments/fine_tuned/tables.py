"""Tables of the published curves: every data set left out whole, with all its learners."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.evaluation import rounds
from experiments.evaluation.tables import SECTIONS
from experiments.fine_tuned.calibrating import calibrate_without, rank_cases
from experiments.fine_tuned.cases import SHOWN, Case, find_cases, judge
from experiments.fine_tuned.data import Known, load_known, parted
from experiments.fine_tuned.folds import Models, fit_without, split
from experiments.fine_tuned.image_tables import judge_photographs, write_photographs
from experiments.fine_tuned.known_facts import facts_table
from experiments.fine_tuned.models import Model, baselines, detectors
from experiments.fine_tuned.other_learner import other_learner
from experiments.fine_tuned.rounds import collect_in_rounds
from experiments.fine_tuned.summary import summary
from experiments.protocol.markdown import Column, put_block, put_section, table

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
HEAD = """## Published curves of detectors, whole data sets left out

{n_cases} curves of {n_learners} detectors on {n_groups} groups of data sets, mAP50-95 of boxes,
from the bank `detectors` ({n_points} points of {all_groups} groups; ordinary training only).
{n_scratch} curves of networks trained from scratch stand in the table by pretraining alone.
A group is left out with all its learners, and a thirteenth of the groups without curves with it.
Points are shown from the smallest size on; the scores are those beyond. Quantiles are
calibrated by the groups that are not asked about. A number suffices where
the curve had reached the target by it; 50, 80 and 90 % are asked for. A baseline that gives one
number is judged by it three times.

`{command}`"""

PHOTOGRAPHS = """## Photographs, whole data sets left out

Box mAP50-95 of YOLOv5n, trained on COCO and fine-tuned on {n_cases} data sets of the bank
`photographs`. A data set is left out of the hierarchy, of the regression on images, and of
the calibration. Rows of images are means over four draws; Spearman is that of the mean score.

`{command}`"""


def write_tables(page: Path, readme: Path, *, seeds: int, n_sweeps: int) -> None:
    """Make the tables and put them into the page, and their summary into the README.

    Parameters
    ----------
    page, readme : Path
    seeds : int
        Seeds of folds and chains.
    n_sweeps : int
        Of each chain.
    """
    known = load_known()
    cases = find_cases(known.points)
    published, photographed = parted(cases, known)
    found = pd.DataFrame(
        [_measure(known, published, photographed, seed, n_sweeps) for seed in range(seeds)]
    )
    whole = {name: pd.concat(list(found[name])) for name in found}
    tuned = whole["curves"].query("pretraining != 'none'")
    command = f"python -m experiments.detectors evaluate --seeds {seeds} --sweeps {n_sweeps}"
    short = summary(tuned, whole["zero_shot"], whole["piloted"], photographed)
    sections = {
        "detectors": [
            _head(known.points, published, command),
            short,
            *_by_shown(tuned),
            _by_pretraining(whole["curves"]),
            facts_table(known.points),
            _crossed(whole["crossed"]),
            _rounds(whole["rounds"]),
        ],
        "photographs": [
            PHOTOGRAPHS.format(n_cases=len(photographed), command=command),
            write_photographs(whole["zero_shot"], whole["piloted"], COLUMNS),
        ],
    }
    text = page.read_text() if page.exists() else "# Results\n"
    for name, section in sections.items():
        text = put_section(text, name, "\n\n".join(section), SECTIONS)
    page.write_text(text)
    shown = short.removeprefix("<!-- summary -->").removesuffix("<!-- /summary -->")
    readme.write_text(put_block(readme.read_text(), "results", shown))


def _measure(
    known: Known, published: list[Case], photographed: list[Case], seed: int, n_sweeps: int
) -> dict[str, pd.DataFrame]:
    """Ask models that saw nothing of a case about it: one seed's part of every table."""
    tuned = [case for case in published if case.fine_tuned]
    folds = split(known.points, published, seed)
    models = fit_without(known, folds, seed=seed, n_sweeps=n_sweeps)
    models = calibrate_without(models, rank_cases(tuned, photographed, models, known))
    zero_shot, piloted = judge_photographs(photographed, models, known, COLUMNS, seed)
    return {
        "curves": pd.DataFrame(_judged(published, models)).assign(seed=seed),
        "crossed": other_learner(known.points, models, seed).assign(seed=seed),
        "rounds": collect_in_rounds(tuned, models, seed),
        "zero_shot": zero_shot,
        "piloted": piloted,
    }


def _judged(cases: list[Case], models: Models) -> Iterator[dict]:
    tuned = [case for case in cases if case.fine_tuned]
    compared: dict[str, Model] = baselines(tuned) | detectors(models)
    for name, model in compared.items():
        for case in cases:
            for shown in SHOWN:
                answer = model(case, shown) if len(case.sizes) > shown else None
                if answer is not None:
                    yield judge(case, shown, answer) | {"model": name}


def _head(points: pd.DataFrame, cases: list[Case], command: str) -> str:
    tuned = [case for case in cases if case.fine_tuned]
    return HEAD.format(
        n_cases=len(tuned),
        n_scratch=len(cases) - len(tuned),
        n_learners=len({case.learner for case in tuned}),
        n_groups=len({case.group for case in tuned}),
        n_points=len(points),
        all_groups=points["group"].nunique(),
        command=command,
    )


def _by_shown(judged: pd.DataFrame) -> Iterator[str]:
    for shown in SHOWN:
        rows = judged[judged["shown"] == shown]
        what = "No point measured" if not shown else f"Beyond {shown} measured point(s)"
        yield f"**{what}**\n\n{table(_means(rows, ['model']), ['model'], COLUMNS)}"


def _by_pretraining(judged: pd.DataFrame) -> str:
    named = judged[(judged["model"] == "detectors, learner named") & judged["shown"].isin([0, 1])]
    labels = ["pretraining", "shown"]
    return "**By what the learner was trained on before**, learner named\n\n" + table(
        _means(named, labels), labels, COLUMNS
    )


def _crossed(judged: pd.DataFrame) -> str:
    columns = {name: COLUMNS[name] for name in ("mae", "cover", "width")}
    return (
        "**A point of another learner** at full size on the same data set (RF100-VL: six "
        "learners; every learner asked about, one other at random)\n\n"
        + table(_means(judged, ["model"]), ["model"], columns)
    )


def _rounds(collected: pd.DataFrame) -> str:
    return (
        "**Collecting in rounds** (LOC, Mahmood et al. 2022) up to a share of the final score, "
        "from what was measured with at most so many images; a failure is a target missed after "
        "the last round, the cost ratio what was collected beyond need, of need, where it was "
        "reached\n\n" + table(collected, ["start", "target", "policy"], rounds.COLUMNS)
    )


def _means(rows: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Average over the curves of a seed; a measure that a model lacks stays NaN."""
    kept = [name for name in COLUMNS if name in rows]
    means = rows.groupby([*labels, "seed"], sort=False)[kept].mean().reset_index()
    return means.assign(**{name: np.nan for name in COLUMNS if name not in kept})
