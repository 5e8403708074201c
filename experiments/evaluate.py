"""The leave-domain-out table: ``python -m experiments.evaluate``.

Every figure comes from ten folds over domains; a domain is never on both sides.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.model_selection import KFold
from sklearn.utils import Bunch

from experiments.candidates import CANDIDATES, Fold, mean_curve, networks
from experiments.draws import Draw, embed_draws, standard_draws
from ptssp_sklearn import load_curve_bank
from ptssp_sklearn.metrics import curve_mae, curve_r2, reached_sizes, size_errors

Array = NDArray[np.float64]

N_FOLDS = 10
DRAWN = "default pipeline, many draws"
CONDITIONS = {
    "four images + masks": (4, True),
    "eight images + masks": (8, True),
    "four images": (4, False),
}


def evaluate(bank: Bunch, seeds: int = 3) -> pd.DataFrame:
    """Predict every domain from folds without it.

    Returns
    -------
    results : DataFrame
        One row a condition, candidate and seed: r2, mae, spearman, log10_size, within_2x.
    """
    draws = standard_draws()
    vectors = embed_draws(bank, draws)
    sizes, curves = bank.y.columns.to_numpy(float), bank.y.to_numpy()
    rows = []
    for seed in range(seeds):
        folds = list(KFold(N_FOLDS, shuffle=True, random_state=seed).split(curves))
        mean = _predict(mean_curve, vectors[0], sizes, curves, folds, seed)
        drawn = _predict_drawn(draws, vectors, sizes, curves, folds, seed)
        for condition, kind in CONDITIONS.items():
            X = vectors[_first(draws, *kind)]
            predictions = {
                name: _predict(candidate, X, sizes, curves, folds, seed)
                for name, candidate in CANDIDATES.items()
            }
            predictions[DRAWN] = drawn[condition]
            for name, predicted in predictions.items():
                scores = _scores(sizes, curves, predicted, mean)
                rows.append({"condition": condition, "model": name, "seed": seed, **scores})
    return pd.DataFrame(rows)


def _first(draws: list[Draw], n_images: int, masks: bool) -> int:
    return next(i for i, d in enumerate(draws) if (d.n_images, d.masks) == (n_images, masks))


def _predict(candidate, X, sizes, curves, folds, seed) -> Array:  # type: ignore[no-untyped-def]
    answer = np.empty_like(curves)
    for train, test in folds:
        answer[test] = candidate(Fold(sizes, X[train], curves[train], X[test], seed))
    return answer


def _predict_drawn(
    draws: list[Draw],
    vectors: list[Array],
    sizes: Array,
    curves: Array,
    folds: list[tuple[Array, Array]],
    seed: int,
) -> dict[str, Array]:
    """Train once a fold on all draws of the training domains, as the shipped model is."""
    tests = {name: vectors[_first(draws, *kind)] for name, kind in CONDITIONS.items()}
    answer = {name: np.empty_like(curves) for name in tests}
    for train, test in folds:
        X = np.concatenate([v[train] for v in vectors])
        y = np.tile(curves[train], (len(vectors), 1))
        X_test = np.concatenate([v[test] for v in tests.values()])
        predicted = np.split(networks(Fold(sizes, X, y, X_test, seed)), len(tests))
        for name, part in zip(tests, predicted, strict=True):
            answer[name][test] = part
    return answer


def _scores(sizes: Array, curves: Array, predicted: Array, mean: Array) -> dict[str, float]:
    errors = np.concatenate(
        [_size_errors(sizes, *pair) for pair in zip(curves, predicted, strict=True)]
    )
    flat = np.ptp(predicted.mean(axis=1)) < 0.05
    rank = np.nan if flat else spearmanr(curves.mean(axis=1), predicted.mean(axis=1)).statistic
    return {
        "r2": curve_r2(curves, predicted, mean),
        "mae": curve_mae(curves, predicted),
        "spearman": float(rank),
        "log10_size": float(np.mean(errors)),
        "within_2x": float(np.mean(errors <= np.log10(2))),
    }


def _size_errors(sizes: Array, curve: Array, predicted: Array) -> Array:
    targets, true = reached_sizes(sizes, curve)
    rising = np.maximum.accumulate(predicted)
    reached = [
        np.exp(np.interp(t, rising, np.log(sizes))) if rising[-1] >= t else np.inf for t in targets
    ]
    known = np.isfinite(true)
    return size_errors(true[known], np.array(reached)[known])


def table(results: pd.DataFrame) -> str:
    """Write the results as Markdown: means over the seeds, and the range of R2."""
    lines = []
    for condition, part in results.groupby("condition", sort=False):
        lines += [f"\n**{condition}**\n"]
        lines += ["| model | R2 (range) | MAE | Spearman | log10 size error | within 2x |"]
        lines += ["|---|---|---|---|---|---|"]
        for model, rows in part.groupby("model", sort=False):
            m = rows.mean(numeric_only=True)
            span = f"{rows.r2.min():.2f} to {rows.r2.max():.2f}"
            rank = "–" if np.isnan(m.spearman) else f"{m.spearman:.2f}"
            lines.append(
                f"| {model} | {m.r2:.3f} ({span}) | {m.mae:.3f} | {rank} "
                f"| {m.log10_size:.2f} | {m.within_2x:.0%} |"
            )
    return "\n".join(lines)


def run(
    bank: Annotated[str, typer.Option(help="Bank with images.")] = "procedural",
    seeds: Annotated[int, typer.Option(help="Ways to split into folds.")] = 3,
    out: Annotated[Path, typer.Option(help="Where the table goes.")] = Path("docs/results.md"),
) -> None:
    """Print the leave-domain-out table and write it to a file."""
    results = evaluate(load_curve_bank(bank), seeds)
    text = (
        f"# Results\n\nZero-shot, leave-domain-out on the bank `{bank}`: {N_FOLDS} folds over "
        f"domains, means over {seeds} ways to split (seeds 0 to {seeds - 1}). R2 is against the "
        "mean curve of the training folds; log10 size error and within 2x are for targets at "
        "50, 75 and 90 % of a curve's final score.\n\n"
        f"`python -m experiments.evaluate --bank {bank} --seeds {seeds}`\n{table(results)}\n"
    )
    print(text)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text)


if __name__ == "__main__":
    typer.run(run)
