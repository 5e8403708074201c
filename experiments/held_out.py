"""Which family of curves is right? ``python -m experiments.held_out --banks NAME …``.

Families are compared by their error at measured sizes that the fit has not seen.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import Bunch

from experiments.protocol.families import FAMILIES
from ptssp_sklearn.banks import bank_names, load_curve_bank, read_bank

Mask = NDArray[np.bool_]

FITTED = "all sizes fitted"
BETWEEN = "one size in between left out in turn"
FROM_HALF = "the two largest sizes, from the smaller half"
FROM_REST = "the two largest sizes, from all others"
N_BETWEEN = 10
LEAST_FITTED = 4
TIE = 0.001
LEAST_GROUPS = 5
WHOLE_CURVES = [name for name in bank_names() if name != "detectors"]
"""Banks of whole curves: most of what `detectors` holds are single scores."""


@dataclass(frozen=True)
class Split:
    """What a fit must not see, and at which of these sizes it is scored."""

    way: str
    hidden: Mask
    scored: Mask


def splits(known: Mask) -> Iterator[Split]:
    """Give every split of a curve table.

    Parameters
    ----------
    known : ndarray of shape (n_curves, n_sizes)
        Where a score is measured. Curves of which a split leaves fewer than
        `LEAST_FITTED` sizes to fit are not scored in it.
    """
    rank = np.where(known, np.cumsum(known, axis=1) - 1, -1)
    count = known.sum(axis=1)[:, None]
    yield Split(FITTED, np.zeros_like(known), known)
    for turn in range(min(N_BETWEEN, int(count.max(initial=0)) - 2)):
        inner = count - 2
        spread = np.minimum(inner, N_BETWEEN)
        place = 1 + (turn * inner) // np.maximum(spread, 1)
        yield _usable(BETWEEN, known, known & (rank == place) & (turn < spread))
    largest = known & (rank >= count - 2)
    yield _usable(FROM_HALF, known, known & (rank >= (count + 1) // 2), largest)
    yield _usable(FROM_REST, known, largest)


def _usable(way: str, known: Mask, hidden: Mask, scored: Mask | None = None) -> Split:
    enough = (known & ~hidden).sum(axis=1, keepdims=True) >= LEAST_FITTED
    return Split(way, hidden & enough, (hidden if scored is None else scored) & hidden & enough)


def compare(bank: Bunch) -> pd.DataFrame:
    """Fit every family to every curve, with sizes held out.

    Returns
    -------
    errors : DataFrame
        One row a way, family and curve: ``way``, ``family``, ``dataset``, ``group``,
        ``rmse`` and ``mae``.
    """
    sizes, scores = bank.y.columns.to_numpy(float), bank.y.to_numpy()
    parts = []
    for split in splits(np.isfinite(scores)):
        rows = np.flatnonzero(split.scored.any(axis=1))
        if not len(rows):
            continue
        seen = np.where(split.hidden, np.nan, scores)[rows]
        curve, column = np.nonzero(split.scored[rows])
        for family in FAMILIES:
            error = (family.predict(sizes, seen) - scores[rows])[curve, column]
            parts.append(
                pd.DataFrame(
                    {"way": split.way, "family": family.name, "curve": rows[curve], "error": error}
                )
            )
    return _by_curve(pd.concat(parts), bank) if parts else pd.DataFrame()


def _by_curve(errors: pd.DataFrame, bank: Bunch) -> pd.DataFrame:
    """Average the errors of a curve over the sizes held out."""
    errors = errors.assign(square=errors.error**2, absolute=errors.error.abs())
    by = errors.groupby(["way", "family", "curve"], sort=False)[["square", "absolute"]].mean()
    table = by.reset_index()
    rows = table.pop("curve").to_numpy()
    return pd.DataFrame(
        {
            "way": table["way"],
            "family": table["family"],
            "dataset": bank.y.index[rows],
            "group": np.asarray(bank.groups)[rows],
            "rmse": np.sqrt(table["square"]),
            "mae": table["absolute"],
        }
    )


def table(errors: pd.DataFrame) -> str:
    """Write the comparison as Markdown."""
    lines = []
    for way, part in errors.groupby("way", sort=False):
        rmse, above = _side_by_side(part)
        best = rmse.le(rmse.min(axis=1) + TIE, axis=0).mean()
        lines += [f"\n**{way}** ({len(rmse)} curves)\n"]
        lines += ["| family | RMSE, mean | median | MAE, mean | median | best | RMSE above 4PL |"]
        lines += ["|---|---|---|---|---|---|---|"]
        for family in FAMILIES:
            rows = part[part["family"] == family.name]
            lines += [
                f"| {family.name} | {rows.rmse.mean():.4f} | {rows.rmse.median():.4f} "
                f"| {rows.mae.mean():.4f} | {rows.mae.median():.4f} | {best[family.name]:.0%} "
                f"| {_in_words(*above[family.name])} |"
            ]
    return "\n".join(lines)


def _in_words(mean: float, low: float, high: float) -> str:
    if mean == low == high:
        return f"{mean:.4g}"
    return f"{mean:+.4f}" + (f" ({low:+.4f} to {high:+.4f})" if np.isfinite(low) else "")


def verdict(errors: pd.DataFrame) -> str:
    """Say in words which families are clearly nearer or further off than the 4PL."""
    lines = []
    for way, part in errors[errors["way"] != FITTED].groupby("way", sort=False):
        rmse, above = _side_by_side(part)
        means = rmse.mean().round(6)
        nearer = [name for name, (_, _, high) in above.items() if high < -1e-6]
        further = [name for name, (_, low, _) in above.items() if low > 1e-6]
        ours = means[FAMILIES[0].name]
        beside = "" if means.min() == ours else f", 4PL {ours:.4f}"
        lines.append(
            f"- {way}: lowest mean RMSE {means.idxmin()} ({means.min():.4f}{beside}); clearly "
            f"nearer than the 4PL: {', '.join(nearer) or 'none'}; clearly further off: "
            f"{', '.join(further) or 'none'}."
        )
    return "\n".join(lines)


def _side_by_side(part: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, tuple[float, float, float]]]:
    """Give the RMSE of each family in a column, and how far each is above the 4PL's."""
    rmse = part.pivot_table(index="dataset", columns="family", values="rmse")
    rmse = rmse[[family.name for family in FAMILIES]]
    groups = part.drop_duplicates("dataset").set_index("dataset")["group"].loc[rmse.index]
    above = rmse.sub(rmse[FAMILIES[0].name], axis=0)
    return rmse, {name: _interval(above[name], groups) for name in rmse.columns}


def _interval(
    values: pd.Series, groups: pd.Series, draws: int = 2000
) -> tuple[float, float, float]:
    """Give the mean and its 95 % interval over groups drawn again (bootstrap, seed 0).

    With fewer than `LEAST_GROUPS` groups the interval is infinite.
    """
    values = values.where(values.abs() > 1e-6, 0.0)
    sums = values.groupby(groups.to_numpy()).agg(["sum", "count"]).to_numpy()
    picks = np.random.default_rng(0).integers(len(sums), size=(draws, len(sums)))
    total, count = sums[picks].sum(axis=1).T
    low, high = np.quantile(total / count, [0.025, 0.975])
    if len(sums) < LEAST_GROUPS:
        low, high = -np.inf, np.inf
    return float(values.mean()), float(low), float(high)


def open_bank(name: str, learner: str | None = None) -> Bunch:
    """Load a bank of the package by name, or a bank archive by its path."""
    path = Path(name)
    if path.suffix == ".zip":
        return read_bank(io.BytesIO(path.read_bytes()), learner=learner)
    return load_curve_bank(name, learner=learner)


def add_banks(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the banks."""
    parser.add_argument("--banks", nargs="+", default=WHOLE_CURVES, metavar="NAME",
                        help="banks of the package or archives (.zip); all by default")  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison on each bank; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m experiments.held_out", description=__doc__)
    add_banks(parser)
    try:
        for name in parser.parse_args(arguments).banks:
            bank = open_bank(name)
            print(f"\n## {bank.name}\n{table(compare(bank))}", flush=True)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
