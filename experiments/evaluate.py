"""Every table of ``docs/results.md``: ``python -m experiments.evaluate``.

Whole groups are left out: a group is never on both sides of a split.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from joblib import Parallel, delayed

from experiments.evaluation import figures
from experiments.evaluation.context import Context
from experiments.evaluation.curves_file import read_points, score_curves, show
from experiments.evaluation.loading import load_few, load_whole
from experiments.evaluation.tables import SECTIONS, TABLES
from experiments.protocol.markdown import Frames, Section, put_section
from experiments.protocol.mlflow_log import log_table, tracking
from experiments.protocol.questions import N_FOLDS, Bank

PAGE = Path("docs/results.md")
QUICK_PAGE = Path(".cache/quick/results.md")
QUICK: dict[str, Any] = {"n_networks": 4, "n_steps": 10}
COMMAND = "python -m experiments.evaluate"
HEAD = """# Results

Made by `{command}`; each table names the seeds and the banks it was made from. A cell is the
mean over the seeds, with the range in brackets where it shows; a seed draws the folds and the
models. Whole groups are left out: a group is never on both sides. log10 size error and within 2x
are for targets at 50, 75 and 90 % of a curve's final score, those reached inside the pilot left
out; an answer of "never" counts as a million images. Coverage and width are those of 90 %
intervals, for the curve those of a score one would measure. A result worse than a baseline is
printed all the same."""


def evaluate(
    load: Callable[[str], Bank],
    names: Sequence[str],
    *,
    seeds: int = 1,
    n_folds: int = N_FOLDS,
    jobs: int = 1,
    on_frames: Callable[[str, int, Frames], None] | None = None,
    **regressor: Any,
) -> Iterator[tuple[str, Section]]:
    """Make tables; seeds are measured side by side where there are processes for them.

    In one process a table comes as soon as all seeds of it are measured, else all come at the
    end.

    Parameters
    ----------
    load : callable
        Gives the bank of a name.
    names : sequence of str
        Keys of `TABLES`.
    seeds : int, default=1
        Seeds 0 to seeds - 1.
    n_folds : int
    jobs : int, default=1
        Processes: one a seed, more of them fit folds.
    on_frames : callable, optional
        Called with the name of a table, the seed and what was measured.
    **regressor
        Parameters of `CurveParamRegressor`, where not the default ones.

    Yields
    ------
    name : str
    section : Section
    """
    together = min(jobs, seeds)
    contexts = [Context(load, seed, n_folds, jobs // together, regressor) for seed in range(seeds)]
    parts = [names] if together > 1 else [[name] for name in names]
    for part in parts:
        work = (delayed(_measure)(context, part) for context in contexts)
        found = Parallel(n_jobs=together)(work)
        for name in part:
            frames = []
            for seed, measured in enumerate(found):
                if on_frames is not None:
                    on_frames(name, seed, measured[name])
                frames.append({k: f.assign(seed=seed) for k, f in measured[name].items()})
            yield name, TABLES[name].show(_joined(frames))


def _measure(context: Context, names: Sequence[str]) -> dict[str, Frames]:
    """Measure tables of one seed."""
    found = {}
    for name in names:
        start = time.monotonic()
        found[name] = TABLES[name].measure(context)
        print(f"{name}, seed {context.seed}: {time.monotonic() - start:.0f} s", flush=True)
    return found


def _joined(parts: list[Frames]) -> Frames:
    return {key: pd.concat([part[key] for part in parts], ignore_index=True) for key in parts[0]}


def write_page(page: Path, sections: dict[str, Section], seeds: int, n_folds: int = N_FOLDS) -> str:
    """Put sections and their figures into a page, which keeps its other sections."""
    page.parent.mkdir(parents=True, exist_ok=True)
    old = page.read_text() if page.is_file() else ""
    kept = old[old.index("<!--") :] if "<!-- " in old else ""
    text = f"{HEAD.format(command=COMMAND)}\n\n{kept}"
    for name, section in sections.items():
        about = TABLES[name]
        said = f"seeds 0 to {seeds - 1}" if seeds > 1 else "seed 0"
        options = f"--seeds {seeds} --only {name}"
        options += f" --folds {n_folds}" if n_folds != N_FOLDS else ""
        line = f"`{COMMAND} {options}`, {said}, banks: {about.banks}."
        body = f"## {about.title}\n\n{about.note}\n\n{line}\n\n{section.text}"
        text = put_section(text, name, body, SECTIONS)
        for file, figure in section.figures.items():
            (page.parent / "images").mkdir(exist_ok=True)
            figures.save(figure, page.parent / "images" / file)
    page.write_text(text)
    return text


def run(
    seeds: Annotated[int, typer.Option(min=1, help="Ways to split, seeds 0, 1, …")] = 2,
    only: Annotated[str, typer.Option(help=f"One table: {', '.join(TABLES)}.")] = "",
    quick: Annotated[bool, typer.Option(help="Small banks and networks; for trying out.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes, for seeds and folds.")] = 2,
    out: Annotated[Path | None, typer.Option(help="Page that is written.")] = None,
    curves: Annotated[Path | None, typer.Option(help="Score the curves of this file.")] = None,
    error: Annotated[bool, typer.Option(help="Scores in the file are errors.")] = False,
    folds: Annotated[int, typer.Option(min=2, help="Folds over the groups.")] = N_FOLDS,
    track: Annotated[bool, typer.Option(help="Log runs to MLflow, down to folds.")] = False,
    tracking_uri: Annotated[str | None, typer.Option(help="MLflow store.")] = None,
) -> None:
    """Make the results page, or score other people's curves."""
    if only and only not in TABLES:
        raise typer.BadParameter(f"Got --only {only}, expected one of {', '.join(TABLES)}.")
    if curves is not None:
        _score_file(curves, error, folds, out)
        return
    names = [only] if only else list(TABLES)
    settings: dict[str, Any] = {"n_folds": folds, "jobs": jobs}
    if quick:
        settings |= {"n_folds": 3, **QUICK}
    start = time.monotonic()
    page = out or (QUICK_PAGE if quick else PAGE)
    load = load_few if quick else load_whole
    with tracking(track, "evaluate", tracking_uri) as logged:
        hook = log_table if logged else None
        for name, section in evaluate(load, names, seeds=seeds, on_frames=hook, **settings):
            write_page(page, {name: section}, seeds, settings["n_folds"])
    print(f"wrote {page} in {(time.monotonic() - start) / 60:.1f} minutes")


def _score_file(file: Path, error: bool, folds: int, out: Path | None) -> None:
    try:
        points = read_points(file, error=error)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    text = show(score_curves(points, n_folds=folds))
    print(text)
    if out is not None:
        option = " --error" if error else ""
        command = f"{COMMAND} --curves {file.name}{option} --folds {folds}"
        out.write_text(f"# Curves of {file.name}\n\n`{command}`, seed 0\n\n{text}\n")


if __name__ == "__main__":
    typer.run(run)
