"""Other people's curves: a long table in, errors beyond the first anchors out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.protocol.forecast import Question
from experiments.protocol.markdown import Column, table
from experiments.protocol.pilot_baselines import PILOT_ONLY
from experiments.protocol.questions import fold_numbers
from ptssp_sklearn import CurveParamRegressor
from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.variable_projection import fit_curves

NEEDED = ("curve", "size", "score")
SEEN = (0.05, 0.2, 0.5, 0.8)
PRIOR, BOTH = "population prior", "population prior + pilot"

_MOST_CURVES = 400
_MOST_SIZES = 120
_CHUNK = 16
_ENDS = (0.05, 0.95)
_LEAST_ERROR = 1e-4
_TIED = 6


def read_points(file: Path, *, error: bool = False) -> pd.DataFrame:
    """Read and check a long table of measured points.

    Parameters
    ----------
    file : Path
        CSV or Parquet with the columns curve, size, score, and group where there is one.
    error : bool, default=False
        Whether the score is an error, 1 - accuracy.

    Returns
    -------
    points : DataFrame
        Columns curve, size, score (higher is better) and group; repeats are averaged.

    Raises
    ------
    ValueError
        If the file cannot be read, a column is missing, or a value is out of its range.
    """
    if not file.is_file():
        raise ValueError(f"Got the curves file '{file}', which does not exist.")
    points = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
    missing = [name for name in NEEDED if name not in points.columns]
    if missing:
        raise ValueError(
            f"Got '{file}' without the column '{missing[0]}', expected the columns "
            f"{', '.join(NEEDED)}; it has {', '.join(map(str, points.columns))}."
        )
    if "group" not in points.columns:
        points = points.assign(group=points["curve"])
    points = points.dropna(subset=["curve", "size", "score"])
    _check_range(points, file, error)
    score = 1.0 - points["score"] if error else points["score"]
    keys = ["group", "curve", "size"]
    return points.assign(score=score).groupby(keys, sort=False)["score"].mean().reset_index()


def _check_range(points: pd.DataFrame, file: Path, error: bool) -> None:
    for name in ("size", "score"):
        if not pd.api.types.is_numeric_dtype(points[name]):
            raise ValueError(f"Got '{file}' with text in the column '{name}', expected numbers.")
    wrong = points[(points["size"] <= 0) | ~points["score"].between(0, 1)]
    if len(wrong):
        row = wrong.iloc[0]
        if row["size"] <= 0:
            raise ValueError(f"Got the size {row['size']:g} of curve '{row.curve}', expected > 0.")
        kind = "error" if error else "score"
        hint = " Divide percentages by 100." if row.score > 1 else ""
        raise ValueError(
            f"Got the {kind} {row.score:g} of curve '{row.curve}' at size {row['size']:g}, "
            f"expected a fraction in [0, 1].{hint}"
        )
    if points.groupby("group").ngroups < 2:
        raise ValueError(f"Got '{file}' with one group of curves, expected at least two.")


def score_curves(points: pd.DataFrame, *, n_folds: int = 10, seed: int = 0) -> pd.DataFrame:
    """Predict every curve from its first anchors and from curves of other groups.

    Returns
    -------
    results : DataFrame
        One row a curve, share of anchors seen and model: ``last``, the error at the last
        anchor; ``mae``, ``mse`` and ``msle`` (log of 1 - score) over all anchors beyond;
        ``inside``, the share of them in the 90 % interval; ``density``, their mean log density
        under the predictive distribution; ``rank`` by |last|.
    """
    unit = points["size"].min() / 2.0
    points = points.assign(size=points["size"] / unit)
    wide = points.pivot_table(index="curve", columns="size", values="score", sort=True)
    groups = points.drop_duplicates("curve").set_index("curve").group.loc[wide.index]
    folds = fold_numbers(groups.to_numpy(), min(n_folds, groups.nunique()), seed)
    rows: list[dict] = []
    for number in np.unique(folds):
        model = _population(wide[folds != number], seed)
        test = wide[folds == number]
        for first in range(0, len(test), _CHUNK):
            part = test.iloc[first : first + _CHUNK].dropna(axis=1, how="all")
            for seen in SEEN:
                rows += _score_part(model, part, seen)
    results = pd.DataFrame(rows)
    by_curve = results.groupby(["curve", "seen"], sort=False)["last"]
    results["rank"] = by_curve.transform(lambda errors: errors.abs().round(_TIED).rank())
    return results


def show(results: pd.DataFrame) -> str:
    """Write one table a share of anchors seen."""
    parts = []
    for seen, rows in results.groupby("seen", sort=False):
        means = rows.groupby("model", sort=False).agg(
            last_rmse=("last", lambda e: np.sqrt(np.mean(e**2))),
            last_mae=("last", lambda e: e.abs().mean()),
            rmse=("mse", lambda e: np.sqrt(e.mean())),
            mae=("mae", "mean"),
            rmsle=("msle", lambda e: np.sqrt(e.mean())),
            inside=("inside", "mean"),
            density=("density", "mean"),
            rank=("rank", "mean"),
            failed=("failed", "mean"),
        )
        columns = {
            "last_rmse": Column("RMSE, last anchor", ".4f"),
            "last_mae": Column("MAE, last anchor", ".4f"),
            "rmse": Column("RMSE, all beyond", ".4f"),
            "mae": Column("MAE, all beyond", ".4f"),
            "rmsle": Column("RMSLE of 1 - score", ".4f"),
            "inside": Column("90 % interval holds", ".0%"),
            "density": Column("log-likelihood", ".3f"),
            "rank": Column("mean rank", ".2f"),
            "failed": Column("no answer", ".0%"),
        }
        text = table(means.reset_index(), ["model"], columns)
        parts.append(f"**first {seen:.0%} of the anchors seen**, {rows.curve.nunique()} curves")
        parts.append(text)
    return "\n\n".join(parts)


def _population(train: pd.DataFrame, seed: int) -> CurveParamRegressor:
    """Learn the population; many curves are thinned, many sizes are put on a log grid."""
    if len(train) > _MOST_CURVES:
        train = train.sample(_MOST_CURVES, random_state=seed)
    train = train.dropna(axis=1, how="all")
    sizes = train.columns.to_numpy(dtype=float)
    if len(sizes) > _MOST_SIZES:
        grid = np.geomspace(sizes[0], sizes[-1], _MOST_SIZES)
        near = grid[np.abs(np.log(sizes)[:, None] - np.log(grid)).argmin(axis=1)]
        train = train.T.groupby(near).mean().T
        sizes = train.columns.to_numpy(dtype=float)
    params = fit_curves(sizes, train.to_numpy())
    return CurveParamRegressor(random_state=seed).fit(None, params, curves=train)


def _score_part(model: CurveParamRegressor, part: pd.DataFrame, seen: float) -> Iterator[dict]:
    scores, sizes = part.to_numpy(), part.columns.to_numpy(dtype=float)
    known = np.isfinite(scores)
    counts = known.sum(axis=1)
    shown = np.maximum(1, np.round(seen * counts))
    kept = (shown < counts).nonzero()[0]
    if not len(kept):
        return
    scores, known = scores[kept], known[kept]
    pilot = np.where(known & (known.cumsum(axis=1) <= shown[kept, None]), scores, np.nan)
    beyond = known & np.isnan(pilot)
    for name, found in _predict(model, sizes, pilot, scores).items():
        curves, low, high, density, failed = found
        for row, place in enumerate(kept):
            here = beyond[row]
            gap = curves[row, here] - scores[row, here]
            logs = [np.log(np.maximum(1 - s[row, here], _LEAST_ERROR)) for s in (curves, scores)]
            held = (scores[row] >= low[row]) & (scores[row] <= high[row])
            yield {
                "curve": part.index[place],
                "seen": seen,
                "model": name,
                "last": gap[-1],
                "mae": np.abs(gap).mean(),
                "mse": (gap**2).mean(),
                "msle": ((logs[0] - logs[1]) ** 2).mean(),
                "inside": held[here].mean() if np.isfinite(low).all() else np.nan,
                "density": density[row, here].mean(),
                "failed": failed[row],
            }


def _predict(
    model: CurveParamRegressor, sizes: Array, pilot: Array, scores: Array
) -> dict[str, tuple[Array, Array, Array, Array, Array]]:
    """Give curves, both ends of the 90 % interval, log densities and failures of every model."""
    question = Question(sizes, np.empty((len(pilot), 0)), sizes, pilot)
    unknown = np.full(pilot.shape, np.nan)
    answer = {}
    for name, forecast in PILOT_ONLY.items():
        found = forecast(question)
        failed = np.zeros(len(pilot)) if found.failed is None else found.failed.astype(float)
        answer[name] = (found.curves, unknown, unknown, unknown, failed)
    for name, shown in ((PRIOR, unknown), (BOTH, pilot)):
        shown_table = pd.DataFrame(shown, columns=sizes)
        distribution = model.predict_distribution(None, pilot=shown_table)
        ends = distribution.curve_quantiles(sizes, _ENDS)
        curves = distribution.curves(sizes).mean(axis=1)
        density = distribution.log_density(sizes, scores)
        answer[name] = (curves, ends[..., 0], ends[..., 1], density, np.zeros(len(pilot)))
    return answer
