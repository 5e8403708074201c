"""The command ``ptssp measure``: a pilot measured, and the answer that it gives."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ptssp_sklearn.cli_output import as_measured, draw, find, print_answer, refuse
from ptssp_sklearn.exceptions import hear_remarks

_NAMES = {"map50_95": "mAP50-95", "map50": "mAP50"}


def measure(
    dataset: Annotated[str, typer.Argument(help="A labelled data set, as predict takes it.")],
    target: Annotated[float, typer.Option(help="Target mAP50-95, a fraction in (0, 1).")],
    learner: Annotated[
        str,
        typer.Option(
            help="torchvision, yolo, a weights file or yaml of ultralytics (yolo11n-seg.pt), or "
            "package.module:Class."
        ),
    ] = "torchvision",
    minutes: Annotated[float, typer.Option(help="Minutes that the trainings may take.")] = 30.0,
    sizes: Annotated[str, typer.Option(help="Sizes: auto, or such as 4,16,64.")] = "auto",
    repeats: Annotated[str, typer.Option(help="Trainings a size: auto or a number.")] = "auto",
    device: Annotated[str, typer.Option(help="Device: auto, cpu or cuda.")] = "auto",
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Worker processes; by default one a core."),
    ] = None,
    dask: Annotated[str | None, typer.Option(help="Address of a Dask scheduler.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of what is measured.")] = Path("measured"),
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of the learner; repeat it."),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Steps of every training.")] = 300,
    batch_size: Annotated[int, typer.Option(min=1, help="Images in a step.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Seed of subsets, folds and trainings.")] = 0,
    model: Annotated[str, typer.Option(help="Model that is asked, as with predict.")] = "detectors",
    interval: Annotated[float, typer.Option(help="Coverage of the interval.")] = 0.9,
    track: Annotated[bool, typer.Option("--track", help="Log to MLflow.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Measure a pilot on a labelled data set, and say what it needs to reach a target mAP."""
    from ptssp_sklearn.bayes.quantile_levels import interval_levels
    from ptssp_sklearn.measuring import measure_pilot
    from ptssp_sklearn.measuring.trainings.database import StoreError
    from ptssp_sklearn.pipeline.validation import check_target

    try:
        check_target(target)
        interval_levels(interval)
        with hear_remarks() as notes:
            question = _question(dataset, model)
        with _as_a_command(), _run(track, dataset, learner):
            measured = measure_pilot(
                dataset, learner, minutes=minutes, sizes=sizes, repeats=repeats, device=device,
                jobs=jobs, dask=dask, out=out, settings=read_settings(settings or []), steps=steps,
                batch_size=batch_size, seed=seed,
            )  # fmt: skip
            answer, plot = _answer(measured, question, target, interval, out)
            _log(answer, plot)
    except KeyboardInterrupt:
        typer.echo("\nStopped; what was measured is kept. Run it again to go on.", err=True)
        raise typer.Exit(130) from None
    except (ValueError, OSError, ImportError, StoreError) as error:
        refuse(error)
    if as_json:
        typer.echo(json.dumps(answer.to_json() | {"measured": to_json(measured)}, indent=1))
        return
    print_answer(answer, question[1], [*notes, *answer.notes()], plot)
    print_measurement(measured, out)


def _question(dataset: str, model: str) -> tuple[Any, Any]:
    """Find the model and the images it is asked with, before any time goes into trainings."""
    from ptssp_sklearn.datasets import open_dataset
    from ptssp_sklearn.datasets.asked_images import asked_images

    if not Path(dataset).is_dir():
        open_dataset(dataset)
    return find(model), asked_images([dataset], [], class_name=None, n_images=8)


def _answer(
    measured: Any, question: tuple[Any, Any], target: float, interval: float, out: Path
) -> tuple[Any, Path]:
    """Ask a model with the images and the pilot."""
    from ptssp_sklearn.pipeline.validation import looks_at_images
    from ptssp_sklearn.serving.answer import answer_for

    fitted, asked = question
    seen = asked.table if looks_at_images(fitted) else None
    answer = answer_for(fitted, seen, target, pilot=measured.pilot(), coverage=interval)
    answer = as_measured(answer, measured)
    plot = out / "curve.png"
    draw(answer, plot)
    return answer, plot


def read_settings(settings: list[str]) -> dict[str, Any]:
    """Read NAME=VALUE; a value is JSON where it reads as such, else text.

    Raises
    ------
    ValueError
        If one is no such pair.
    """
    found: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name.isidentifier():
            raise ValueError(f"Got --set {setting!r}, expected NAME=VALUE, such as side=320.")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found


def print_measurement(measured: Any, out: Path) -> None:
    """Print the table of what was measured."""
    console = Console(highlight=False, soft_wrap=True)
    for kind in sorted({*measured.trainings["kind"]}, key=lambda kind: kind != measured.kind):
        console.print(_points_table(measured, kind))
    console.print(f"Measured: {measured.learner} on {measured.dataset}, {measured.tested}")
    for failed in measured.failed.itertuples():
        console.print(f"Note: the training on {failed.size} images failed: {failed.reason}")
    console.print(f"Pilot: {out} (ptssp predict … --pilot {out})")


def _points_table(measured: Any, kind: str) -> Table:
    """Lay out the points of one kind of mAP, which an 80-column terminal holds."""
    table = Table("training images", *[f"{kind} {name}" for name in _NAMES.values()],
                  "trainings", "test images")  # fmt: skip
    columns = [measured.points(metric, kind) for metric in _NAMES]
    for row, size in enumerate(columns[0]["size"]):
        cells = [f"{c['score'][row]:.3f} ± {c['error'][row]:.3f}" for c in columns]
        counts = [str(columns[0][name][row]) for name in ("n_trainings", "n_test")]
        table.add_row(f"{size:,}", *cells, *counts)
    return table


def to_json(measured: Any) -> dict[str, Any]:
    """Give what was measured as plain values."""
    points = measured.points().to_dict(orient="records")
    about = {"learner": measured.learner, "dataset": measured.dataset, "tested": measured.tested}
    return {**about, "kind": measured.kind, "points": points}


@contextmanager
def _as_a_command() -> Iterator[None]:
    """Stop at SIGTERM as at Ctrl-C, and find a learner's class in the working directory."""
    path, before = sys.path[:], signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.path.insert(0, os.getcwd())
    try:
        yield
    finally:
        sys.path[:] = path
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _run(wanted: bool, dataset: str, learner: str) -> Iterator[None]:
    """Open an MLflow run if asked for."""
    if not wanted:
        yield
        return
    from ptssp_sklearn.tracking import track

    with track(f"measure {learner} on {Path(dataset).name}", losses=False):
        yield


def _log(answer: Any, plot: Path) -> None:
    """Log the answer to the MLflow run that is open."""
    from ptssp_sklearn.measuring.mlflow_log import active_run

    if active_run() is None:
        return
    import mlflow

    mlflow.log_dict(answer.to_json(), "answer.json")
    mlflow.log_artifact(str(plot), "figures")
