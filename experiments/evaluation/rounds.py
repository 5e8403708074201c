"""The table of failure rates and costs of collecting in rounds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.evaluation.campaigns import ROUNDS, Campaign, policies, simulate
from experiments.evaluation.context import PROCEDURAL, REAL, Context
from experiments.protocol.markdown import Column, Frames, Section, table
from experiments.protocol.questions import Truth
from experiments.protocol.sheet import Rows, Scorer, Sheet

GOALS = (0.75, 0.9)
COLUMNS = {
    "curves": Column("curves", ".0f"),
    **{f"fail_{n}": Column(f"fails, {n} rounds", ".0%") for n in ROUNDS},
    **{f"cost_{n}": Column(f"cost ratio, {n}", ".2f") for n in ROUNDS},
    f"median_{ROUNDS[-1]}": Column(f"median, {ROUNDS[-1]}", ".2f"),
}
CASES = {
    "procedural, the domain left out": (PROCEDURAL, "four images + masks", (4.0, 16.0)),
    "yolov8m-seg, the dataset left out": (REAL, None, (51.0,)),
}


def measure(context: Context) -> Frames:
    """Collect for every curve by every policy."""
    sheet = Sheet()
    for tested, (name, condition, starts) in CASES.items():
        study = context.study(name)
        bank = study.banks[name]
        for goal in GOALS:
            truth = Truth.of(bank.sizes, bank.curves, (goal,))
            for start in starts:
                campaign = Campaign(truth, start)
                labels = {"tested": tested, "start": f"≤ {start:g}", "target": f"{goal:.0%}"}
                for policy, ends, make in policies(study, name, condition, bank.sizes[-1]):
                    found = simulate(study, name, campaign, make, ends)
                    who = {**labels, "policy": policy}
                    sheet.add(who, study.folds[name], _scorer(campaign, found))
    return sheet.frames()


def _scorer(campaign: Campaign, found: dict[int, pd.DataFrame]) -> Scorer:
    return lambda rows: outcome(campaign, found, rows)


def outcome(
    campaign: Campaign, found: dict[int, pd.DataFrame], rows: Rows | None = None
) -> dict[str, float]:
    """Give failure rate and cost ratio after each number of rounds, of some rows or of all."""
    asked = campaign.rows() if rows is None else np.intersect1d(campaign.rows(), rows)
    scores: dict[str, float] = {"curves": float(len(asked))}
    for rounds, history in found.items() if len(asked) else ():
        state = history[history.row.isin(asked)]
        reached = state[state.reached]
        needed = campaign.truth.needed[reached.row.to_numpy(dtype=int), 0]
        ratio = np.maximum(reached.collected / np.ceil(needed) - 1.0, 0.0)
        scores[f"fail_{rounds}"] = 1.0 - len(reached) / len(state)
        scores[f"cost_{rounds}"] = float(ratio.mean()) if len(reached) else np.nan
        scores[f"median_{rounds}"] = float(ratio.median()) if len(reached) else np.nan
        scores[f"cap_{rounds}"] = float(state.cap.mean())
    return scores


def show(frames: Frames) -> Section:
    """Write a table a bank."""
    columns = COLUMNS | {
        f"cap_{n}": Column(f"took all, {n}", ".0%") for n in (ROUNDS[0], ROUNDS[-1])
    }
    parts = []
    for tested, rows in frames["scores"].groupby("tested", sort=False):
        text = table(rows, ["start", "target", "policy"], columns)
        parts.append(f"**{tested}**\n\n{text}")
    return Section("\n\n".join(parts))
