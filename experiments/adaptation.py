"""A model moved to a new learner by few of its curves: ``python -m experiments.adaptation``.

Drawn k curves of the new learner or bank, `adapt` is asked about all others; whole groups
are on one side. Where both have images, image-conditioned predictions are tested too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from sklearn.utils import Bunch

from experiments.protocol.cross_validation import fit_model
from experiments.protocol.draws import FOUR_WITH_MASKS, embed_draws
from experiments.protocol.questions import read_bank
from ptssp_sklearn import SigmoidCurveFitter, TrainingSizePipeline, load_curve_bank
from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.metrics import curve_mae
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from ptssp_sklearn.pipeline.training_size import pipeline_of_vectors

COUNTS = (3, 5, 10)
PILOT = 51
"""Largest size of the pilot, images."""

METHODS = ("mean of the k curves", "population before", "population adapted")
WITH_IMAGES = ("images before", "images adapted")


def model_of(bank: Bunch, *, seed: int) -> TrainingSizePipeline:
    """Fit on all draws of a bank, or on its curves only where it has no images."""
    return pipeline_of_vectors(fit_model([read_bank(bank)], seed))


def vectors_of(bank: Bunch) -> Array | None:
    """Embed four images with masks of every row."""
    return None if bank.X is None else embed_draws(bank, [FOUR_WITH_MASKS])[0]


def draw_rows(groups: NDArray, k: int, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Draw k rows, of as few groups as hold them beyond half of all; test on other groups."""
    names = rng.permutation(np.unique(groups))
    used = min(k, len(names) // 2)
    while np.isin(groups, names[:used]).sum() < k and used < len(names):
        used += 1
    rows = rng.permutation(np.flatnonzero(np.isin(groups, names[:used])))
    turn = pd.Series(rows).groupby(groups[rows]).cumcount().to_numpy()
    known = rows[np.argsort(turn, kind="stable")][:k]
    return known, np.flatnonzero(~np.isin(groups, names[:used]))


def errors(
    model: TrainingSizePipeline, target: Bunch, *, k: int, n_repeats: int, pilot: bool, seed: int
) -> pd.DataFrame:
    """Give the MAE of every method, one row a repeat."""
    vectors, found = None if pilot else vectors_of(target), []
    rng = np.random.default_rng(seed)
    for _ in range(n_repeats):
        known, test = draw_rows(target.groups, k, rng)
        if len(test) < 2:
            continue
        curves, truth = target.y.iloc[known], target.y.iloc[test]
        moved = model.adapt(curves)
        seen = truth[[size for size in truth.columns if size <= PILOT]] if pilot else None
        asked = truth[[size for size in truth.columns if size > PILOT]] if pilot else truth
        sizes = asked.columns.to_numpy(dtype=float)
        mean = np.tile(_mean_curve(curves, sizes), (len(test), 1))
        row = {"tested": len(test), METHODS[0]: curve_mae(asked, mean)}
        for name, one in zip(METHODS[1:], (model, moved), strict=True):
            row[name] = curve_mae(asked, _population(one, sizes, seen, len(test)))
        if vectors is not None and model["regress"].looks_at_images:
            for name, one in zip(WITH_IMAGES, (model, moved), strict=True):
                row[name] = curve_mae(asked, sigmoid_curve(sizes, one.predict(vectors[test])))
        found.append(row)
    return pd.DataFrame(found)


def _population(
    model: TrainingSizePipeline, sizes: Array, seen: pd.DataFrame | None, n_rows: int
) -> Array:
    answer = model.predict_curve(None, sizes, pilot=seen)
    return np.tile(answer, (n_rows, 1)) if seen is None else answer


def _mean_curve(curves: pd.DataFrame, sizes: Array) -> Array:
    """Average curves at sizes; beyond its last point a curve keeps its last score."""
    params = SigmoidCurveFitter().fit_transform(curves)
    return sigmoid_curve(sizes, params).mean(axis=0)


def cases() -> Iterator[tuple[str, Callable[[], tuple[Bunch, Bunch]], bool]]:
    """List what is moved where: a label, the banks, and whether there is a pilot."""
    unet = "procedural"
    for other in ("procedural-2", "cutpaste"):
        yield f"{unet} → {other}", partial(_pair, unet, other), False
    yolo = "yolov8m-seg"
    yield f"{unet} → {yolo}", partial(_pair, unet, yolo), False
    yield f"{unet} → {yolo}, pilot up to {PILOT} images", partial(_pair, unet, yolo), True
    for learner in load_curve_bank("cutpaste").learners[1:]:
        yield f"cutpaste → cutpaste, {learner}", partial(_other_learner, learner), False


def _other_learner(learner: str) -> tuple[Bunch, Bunch]:
    return load_curve_bank("cutpaste"), load_curve_bank("cutpaste", learner=learner)


def _pair(first: str, second: str) -> tuple[Bunch, Bunch]:
    return load_curve_bank(first), load_curve_bank(second)


def table(results: list[dict[str, Any]]) -> str:
    """Write results as Markdown."""
    columns = [*METHODS, *WITH_IMAGES]
    lines = ["| what | k | tested | " + " | ".join(columns) + " |", "|---" * 8 + "|"]
    for row in results:
        cells = [f"{row[c]:.3f} ± {row[c + ' sd']:.3f}" if c in row else "–" for c in columns]
        lines.append(f"| {row['what']} | {row['k']} | {row['tested']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def run(
    repeats: Annotated[int, typer.Option(help="Draws of the k curves.")] = 20,
    seed: Annotated[int, typer.Option(help="Seed of draws and models.")] = 0,
    out: Annotated[Path, typer.Option(help="Where the table goes.")] = Path("docs/adaptation.md"),
) -> None:
    """Print what adapting gains and write it to a file."""
    results, models = [], {}
    for what, load, pilot in cases():
        source, target = load()
        if source.name not in models:
            models[source.name] = model_of(source, seed=seed)
        for k in COUNTS:
            found = errors(
                models[source.name], target, k=k, n_repeats=repeats, pilot=pilot, seed=seed
            )
            if found.empty:
                continue
            row: dict[str, Any] = {
                "what": what,
                "k": k,
                "tested": f"{found.pop('tested').mean():.0f}",
            }
            row |= {str(name): value for name, value in found.mean().items()}
            row |= {f"{name} sd": value for name, value in found.std().items()}
            results.append(row)
            print(what, k, found.mean().round(4).to_dict(), flush=True)
    text = _PAGE.format(table=table(results), repeats=repeats, seed=seed)
    print(text)
    out.write_text(text)


_PAGE = """# Adapting to another learner

`pipeline.adapt(curves)` moves a model to a new learner, metric or kind of data by k of its
curves, without images. Curve MAE over the datasets of other groups; mean and standard
deviation over {repeats} draws of the k curves. "images" are four with masks.

`python -m experiments.adaptation --repeats {repeats} --seed {seed}`

{table}
"""


if __name__ == "__main__":
    typer.run(run)
