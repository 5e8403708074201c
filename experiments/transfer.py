"""Trained on one bank, tested on another: ``python -m experiments.transfer --bank …``.

Within a bank, whole groups are left out: the source of a cut-and-paste domain, or the
domain itself where each is a group of its own. "all" is trained on every bank but the
group that is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from joblib import Parallel, delayed
from sklearn.model_selection import GroupKFold
from sklearn.utils import Bunch

from experiments.protocol.cross_validation import fit_model
from experiments.protocol.measures import table_scores
from experiments.protocol.questions import CONDITIONS, Bank, read_bank
from experiments.protocol.zero_shot_baselines import OURS, Fold, mean_curve, ridge_and_trees
from ptssp_sklearn import load_curve_bank
from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.sigmoid import sigmoid_curve

EVERYTHING = "all"
PAGE = Path("docs/transfer.md")
N_FOLDS, MOST_FOLDS = 5, 12
MODELS = ("mean curve", "ridge and trees", OURS)


def embed_banks(banks: list[Bunch]) -> tuple[Array, dict[str, Bank]]:
    """Embed banks at the sizes at which all of them were measured."""
    common = set.intersection(*[set(bank.y.columns[bank.y.notna().all()]) for bank in banks])
    sizes = sorted(common)
    if not sizes:
        raise ValueError(f"Got banks without a common size: {[bank.name for bank in banks]}.")
    places = np.array(sizes, dtype=float)
    found = [read_bank(bank) for bank in banks]
    return places, {
        bank.name: replace(bank, sizes=places, curves=bank.at(places)) for bank in found
    }


def transfer(
    sizes: Array,
    banks: dict[str, Bank],
    *,
    only: Sequence[str] | None = None,
    seed: int = 0,
    jobs: int = 1,
) -> pd.DataFrame:
    """Fit on every bank and on all (or `only` on some of these), predict every bank.

    Returns
    -------
    results : DataFrame
        One row a pair of banks, condition and model: r2 (against the mean curve of the
        training domains), mae, spearman (of the mean score), n_train, n_test.
    """
    rows, workers = [], Parallel(n_jobs=jobs)
    for trained in only or [*banks, EVERYTHING]:
        for tested in banks:
            splits = _splits(banks, trained, tested)
            parts = workers(delayed(_predict)(sizes, *pair, seed) for pair in splits)
            truth = np.concatenate([curves for curves, _ in parts])
            for condition in CONDITIONS:
                predicted = {
                    model: np.concatenate([found[condition, model] for _, found in parts])
                    for model in MODELS
                }
                for model in MODELS:
                    mean, ranks = predicted["mean curve"], model != "mean curve"
                    scores = table_scores(truth, predicted[model], mean, ranks=ranks)
                    names = {"trained": trained, "tested": tested, "condition": condition}
                    rows.append({**names, "model": model, **scores})
    return pd.DataFrame(rows)


def _splits(banks: dict[str, Bank], trained: str, tested: str) -> Iterator[tuple[list[Bank], Bank]]:
    test = banks[tested]
    if trained not in (tested, EVERYTHING):
        yield [banks[trained]], test
        return
    others = [b for n, b in banks.items() if n != tested and trained == EVERYTHING]
    n_groups = len(np.unique(test.groups))
    n_folds = n_groups if n_groups <= MOST_FOLDS else N_FOLDS
    for train, held_out in GroupKFold(n_folds).split(test.curves, groups=test.groups):
        yield [*others, test.take(train)], test.take(held_out)


def _predict(
    sizes: Array, train: list[Bank], test: Bank, seed: int
) -> tuple[Array, dict[tuple[str, str], Array]]:
    """Predict the test curves under every condition; the pipeline is fitted once, on all draws."""
    curves = np.concatenate([part.curves for part in train])
    model = fit_model(train, seed)
    found: dict[tuple[str, str], Array] = {}
    for condition in CONDITIONS:
        X = np.concatenate([part.of(condition) for part in train])
        fold = Fold(sizes, X, curves, test.of(condition), seed)
        baselines: dict[str, Callable[[Fold], Array]]
        baselines = {"mean curve": mean_curve, "ridge and trees": ridge_and_trees}
        found |= {(condition, name): predict(fold) for name, predict in baselines.items()}
        answer = model.predict(test.of(condition))
        found[condition, OURS] = sigmoid_curve(sizes, answer)
    return test.curves, found


def table(results: pd.DataFrame) -> str:
    """Write the results as Markdown, a table a condition."""
    lines = []
    for condition, part in results.groupby("condition", sort=False):
        lines += [f"\n**{condition}**\n"]
        lines += [
            "| trained on | tested on | model | R2 | MAE | Spearman |",
            "|---|---|---|---|---|---|",
        ]
        for row in part.to_dict(orient="records"):
            rank = "–" if np.isnan(row["spearman"]) else f"{row['spearman']:.2f}"
            lines.append(
                f"| {row['trained']} | {row['tested']} ({row['n_test']}) | {row['model']} "
                f"| {row['r2']:.2f} | {row['mae']:.3f} | {rank} |"
            )
    return "\n".join(lines)


def page(results: pd.DataFrame, sizes: Array, names: Sequence[str], seed: int) -> str:
    """Write the page of the results."""
    options = " ".join(f"--bank {name}" for name in names)
    return (
        "# Transfer between banks\n\nZero-shot. Rows with one bank on both sides, and those of "
        f'"all", leave whole groups out: each source of cut-outs in turn (banks of up to '
        f"{MOST_FOLDS} groups), or {N_FOLDS} folds of domains. R2 is against the mean curve of the "
        "training domains: below 0, that mean would have been nearer. Scores at "
        f"{', '.join(f'{s:g}' for s in sizes)} training images.\n\n"
        f"`python -m experiments.transfer {options} --seed {seed}`\n{table(results)}\n"
    )


def run(
    bank: Annotated[list[str], typer.Option(help="Bank with images; repeat the option.")],
    seed: Annotated[int, typer.Option(help="Seed of the models.")] = 0,
    jobs: Annotated[int, typer.Option(help="Processes that fit.")] = 2,
    out: Annotated[Path, typer.Option(help="Where the table goes.")] = PAGE,
) -> None:
    """Print the table trained-on / tested-on and write it to a file."""
    sizes, embedded = embed_banks([load_curve_bank(name) for name in bank])
    text = page(transfer(sizes, embedded, seed=seed, jobs=jobs), sizes, bank, seed)
    print(text)
    out.write_text(text)


if __name__ == "__main__":
    typer.run(run)
