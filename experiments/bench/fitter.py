"""`SigmoidCurveFitter` against scipy, on held-out accuracy curves of LCDB."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import curve_fit, least_squares

from experiments.bench.page import machine, medians, peak_memory, write_section
from experiments.protocol.markdown import markdown_table
from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.sigmoid import PARAM_BOUNDS, sigmoid_curve
from ptssp_sklearn.curves.variable_projection import fit_curves

LCDB = Path("tests/data/lcdb_accuracy.csv.gz")
COMMON_SIZES = 16
ROWS = (1, 4096, 16_384)
BLOCK = 4096
STARTS = 12
HEAD = (
    "LCDB accuracy curves", "rows of the table", "`curve_fit`, a curve", "this fitter, a curve",
    "ratio", "`curve_fit` failed",
)  # fmt: skip


def read_curves() -> tuple[Array, Array]:
    """Give sizes and scores of the 300 curves, NaN where not measured."""
    points = pd.read_csv(LCDB)
    curves = points.pivot_table(index=["dataset", "learner"], columns="size", values="score")
    return curves.columns.to_numpy(float), curves.to_numpy()


def loop_over_curve_fit(sizes: Array, scores: Array) -> int:
    """Fit curve by curve with `scipy.optimize.curve_fit`; give how many failed."""

    def curve(n: Array, a: float, b: float, c: float, d: float) -> Array:
        return d + (a - d) / (1 + (n / c) ** b)

    failed = 0
    for row in scores:
        known = np.isfinite(row)
        n, y = sizes[known], row[known]
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                params, _ = curve_fit(curve, n, y, p0=[y[0], 1.0, np.median(n), y[-1]])
                failed += not np.isfinite(params).all()
            except (RuntimeError, TypeError, ValueError):
                failed += 1
    return failed


def multi_start(sizes: Array, scores: Array, rng: np.random.Generator) -> float:
    """Give the least squared error of twelve bounded `least_squares` fits."""

    def errors(x: Array) -> Array:
        params = [x[0], np.exp(x[1]), np.exp(x[2]), x[0] + (1 - x[0]) * x[3]]
        return sigmoid_curve(sizes, params) - scores

    slope, half = np.log(PARAM_BOUNDS["B"]), np.log(PARAM_BOUNDS["C"])
    bounds = ([0, slope[0], half[0], 0], [1, slope[1], half[1], 1])
    ends = [0, -1, np.log(sizes.min()), 0], [0.6, 1.5, np.log(sizes.max()) + 2, 1]
    starts = rng.uniform(*ends, (STARTS, 4))
    return min(2 * least_squares(errors, x, bounds=bounds).cost for x in starts)


def agreement(sizes: Array, scores: Array) -> tuple[float, float]:
    """Give the share of curves within 1 % of `multi_start`, and of those clearly better."""
    fitted = sigmoid_curve(sizes, fit_curves(sizes, scores))
    ours = np.nansum((fitted - scores) ** 2, axis=1)
    rng = np.random.default_rng(0)
    known = np.isfinite(scores)
    best = np.array(
        [multi_start(sizes[k], row[k], rng) for row, k in zip(scores, known, strict=True)]
    )
    return float((ours <= 1.01 * best + 1e-9).mean()), float((ours < 0.99 * best - 1e-9).mean())


def memory_of_many(sizes: Array, n: int) -> tuple[float, float]:
    """Fit many curves of 16 points; give seconds and the growth of the peak memory, GB."""
    rng = np.random.default_rng(0)
    params = np.stack(
        [rng.uniform(0, 0.5, n), rng.uniform(0.4, 2, n), rng.uniform(20, 900, n), np.ones(n)], 1
    )
    scores = np.empty((n, len(sizes)))
    for i in range(0, n, BLOCK):
        curves = sigmoid_curve(sizes, params[i : i + BLOCK])
        scores[i : i + BLOCK] = np.clip(curves + rng.normal(0, 0.02, curves.shape), 0, 1)
    before = peak_memory()
    start = time.perf_counter()
    fit_curves(sizes, scores)
    seconds = time.perf_counter() - start
    return seconds, peak_memory() - before


def common_curves(sizes: Array, scores: Array) -> tuple[Array, Array]:
    """Give the 16 sizes most curves were measured at, and the curves that have all of them."""
    common = np.sort(np.isfinite(scores).sum(axis=0).argsort()[::-1][:COMMON_SIZES])
    even = scores[:, common]
    return sizes[common], even[np.isfinite(even).all(axis=1)]


def compare(name: str, sizes: Array, scores: Array, runs: int) -> list[list[str]]:
    """Time both fitters on the same curves, ours on tables of several lengths; give the lines."""
    tables = [np.tile(scores, (-(-rows // len(scores)), 1)) for rows in ROWS]
    failed = loop_over_curve_fit(sizes, scores)
    works: dict[str, Callable[[], object]] = {"loop": partial(loop_over_curve_fit, sizes, scores)}
    works |= {str(len(tiled)): partial(fit_curves, sizes, tiled) for tiled in tables}
    seconds = medians(works, runs)
    loop = seconds["loop"] / len(scores)
    lines = []
    for tiled in tables:
        ours = seconds[str(len(tiled))] / len(tiled)
        times = [f"{loop * 1e3:.2f} ms", f"{ours * 1e6:.0f} µs", f"{loop / ours:.0f}"]
        lines.append([name, f"{len(tiled):,}", *times, f"{failed / len(scores):.0%}"])
    return lines


def main(runs: int = 7, many: int = 1_000_000) -> None:
    """Run all of it and write the section."""
    sizes, scores = read_curves()
    common, even = common_curves(sizes, scores)
    rows = [
        *compare("300 curves, 5 to 36 points each", sizes, scores, runs),
        *compare(f"{len(even)} of them, at the same 16 sizes", common, even, runs),
    ]
    good, better = agreement(sizes, scores)
    took, grown = memory_of_many(common, many)
    write_section(
        "fitter",
        f"""{markdown_table(HEAD, rows)}

Ratios are of the same run: medians of {runs} runs in turn with the peer. The longer tables are
the same curves, repeated: a step of the fitter costs the same for one curve and for a hundred.

Squared error within 1 % (+1e-9) of the best of {STARTS} bounded starts of `least_squares`:
{good:.1%} of the 300 curves; clearly better than it: {better:.1%}. {many:,} curves of
16 points took {took:.0f} s and {max(grown, 0.0):.2f} GB above the data.

{machine("numpy", "scipy")}""",
    )


if __name__ == "__main__":
    main()
