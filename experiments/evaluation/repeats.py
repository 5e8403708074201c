"""The floor that noise sets: one training asked about another of the same dataset and size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.evaluation.context import Context
from experiments.protocol.forecast import Forecast, Question
from experiments.protocol.markdown import SHARP, Frames, Section, pick, table, wide
from experiments.protocol.measures import scores_beyond
from experiments.protocol.questions import Truth
from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from ptssp_sklearn.curves.variable_projection import fit_curves
from ptssp_sklearn.measuring.trainings.store import Store

STORE = Path(__file__).parents[1] / "measurements" / "measurements.sqlite"
BANK, LEARNER = "procedural-2", "unet-16"
COMMAND = (
    "`python -m experiments.collect --bank procedural --domains {} --repeats {} --learner unet "
    "--sizes 2,4,8,16,32,64,128,256 --steps 400 --batch-size 8 --out experiments/measurements`"
)
LIMITS = (0.0, 4.0, 16.0, 64.0)


def read_repeats(store: Path, bank: str, learner: str) -> tuple[Array, Array]:
    """Read the datasets of which every size was trained several times.

    Returns
    -------
    sizes : ndarray of shape (n_sizes,), images
    scores : ndarray of shape (n_datasets, n_repeats, n_sizes), mAP50-95
        As many repeats as every dataset has; datasets trained once are left out, and there
        are none where all are.
    """
    points = Store(store).points(bank)
    points = points[(points.learner == learner) & (points.status == "done")]
    curves = points.pivot_table(index=["dataset", "repeat"], columns="size", values="map50_95")
    whole = curves.dropna()
    counts = whole.groupby(level="dataset").size()
    repeated = counts.index[counts > 1]
    least = int(counts[repeated].min()) if len(repeated) else 0
    kept = [whole.loc[name].to_numpy()[:least] for name in repeated]
    sizes = whole.columns.to_numpy(dtype=float)
    return sizes, np.array(kept).reshape(len(kept), least, len(sizes))


def one_other(others: Array, sizes: Array) -> Array:
    """Answer with one other training."""
    return others[:, 0]


def mean_of_others(others: Array, sizes: Array) -> Array:
    """Answer with the mean of all other trainings."""
    return others.mean(axis=1)


def curve_of_others(others: Array, sizes: Array) -> Array:
    """Answer with the 4PL fitted to the mean of all other trainings."""
    return sigmoid_curve(sizes, fit_curves(sizes, others.mean(axis=1)))


ORACLES: dict[str, Callable[[Array, Array], Array]] = {
    "one other training": one_other,
    "mean of the others": mean_of_others,
    "4PL through the mean of the others": curve_of_others,
}


def measure(context: Context) -> Frames:
    """Let trainings answer for each other; no model takes part."""
    sizes, scores = read_repeats(STORE, BANK, LEARNER)
    return measure_repeats(sizes, scores) if len(scores) else {}


def measure_repeats(sizes: Array, scores: Array) -> Frames:
    """Score every oracle, each repeat in turn being the truth.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,), images
    scores : ndarray of shape (n_datasets, n_repeats, n_sizes), fractions
    """
    n_datasets, n_repeats = scores.shape[:2]
    rows = []
    for limit in LIMITS:
        for name, oracle in ORACLES.items():
            found = [_score(sizes, scores, turn, oracle, limit) for turn in range(n_repeats)]
            labels = {"beyond": f"{limit:g} images", "answer": name}
            rows.append(labels | pd.DataFrame(found).mean().to_dict())
    spread = pd.DataFrame(
        {
            "what": "standard deviation",
            "size": sizes.astype(int),
            "spread": np.sqrt(scores.var(axis=1, ddof=1).mean(axis=0)),
            "datasets": n_datasets,
            "repeats": n_repeats,
        }
    )
    return {"scores": pd.DataFrame(rows), "spread": spread}


def _score(
    sizes: Array,
    scores: Array,
    turn: int,
    oracle: Callable[[Array, Array], Array],
    limit: float,
) -> dict[str, float]:
    others = np.roll(scores, -turn, axis=1)[:, 1:]
    truth = Truth.of(sizes, scores[:, turn])
    answer = Forecast.of_points(Question.of(truth, limit), sizes, oracle(others, sizes))
    found = scores_beyond(truth, answer, limit)
    return {name: found[name] for name in SHARP}


def show(frames: Frames) -> Section:
    """Write how far trainings lie apart, and how well they foretell each other."""
    if not frames:
        todo = f"{COMMAND.format(8, 4)} measures some."
        return Section(f"Not measured yet: no dataset was trained several times. {todo}")
    spread = frames["spread"]
    counts = spread.datasets.iloc[0], spread.repeats.iloc[0]
    about = (
        f"{counts[0]} datasets, {counts[1]} trainings of each size, by {COMMAND.format(*counts)}. "
        "How far trainings of one size lie apart, root mean square over the datasets:"
    )
    parts = [
        about,
        wide(spread, "what", "size", "spread", ".3f"),
        "The answer of somebody who knows other trainings of the very same dataset, sizes and "
        "schedule, each training in turn being the truth:",
        table(frames["scores"], ["beyond", "answer"], pick(*SHARP)),
    ]
    return Section("\n\n".join(parts))
