"""What the commands share: the model they ask, its pilot, how an answer or error is shown."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

_SHAPES = {"mask": "masks", "box": "boxes"}
_EXPECTED = (
    "expected SIZE:SCORE such as 51:0.23, a .csv file, or a folder that ptssp measure wrote. "
    "Check the path."
)


@cache
def find(name: str) -> Any:
    """Find the model of a name, once."""
    from ptssp_sklearn.serving.server import find_model

    return find_model(name)


def read_pilots(texts: list[str] | None) -> tuple[list[tuple[Any, ...]], Any]:
    """Read points such as ``51:0.23``, files of the columns size and score, measured folders.

    Parameters
    ----------
    texts : list of str, or None
        A folder in which several learners were measured is named as ``FOLDER:LEARNER``.

    Returns
    -------
    points : list of (size, score), perhaps with standard error and learner
    measured : Measurement or None
        What all points are of, where they are of one measured pilot.

    Raises
    ------
    ValueError
        If one is no such text, or its points cannot be used.
    """
    from ptssp_sklearn.curves.pilot import point_of_text, read_pilot
    from ptssp_sklearn.curves.pilot_file import read_points

    points: list[tuple[Any, ...]] = []
    measured = None
    for text in texts or []:
        if (found := _measured(text)) is not None:
            points += found.pilot()
            measured = found
        elif Path(text).is_file() and text.lower().endswith((".csv", ".tsv", ".txt")):
            points += read_points(Path(text).read_bytes(), f"'{text}'")
        elif ":" not in text:
            raise ValueError(f"Got --pilot '{text}', {_EXPECTED}")
        else:
            points.append(point_of_text(text))
    if points:
        read_pilot(points)
    return points, measured if len(texts or []) == 1 else None


def _measured(text: str) -> Any:
    """Load the measured pilot that a text names; None where it names none."""
    from ptssp_sklearn.measuring import Measurement

    path, colon, learner = text.rpartition(":")
    if _is_store(text):
        return Measurement.load(text)
    return Measurement.load(path, learner=learner) if colon and _is_store(path) else None


def _is_store(path: str) -> bool:
    return Path(path).is_dir() or path.lower().endswith(".sqlite")


def as_measured(answer: Any, measured: Any) -> Any:
    """Say of an answer whose score it is: that of the measured learner, where none is asked for."""
    if measured is None:
        return answer
    about = {"learner": f"{measured.learner}, as measured", "shape": _SHAPES[measured.kind]}
    return replace(answer, forecast=replace(answer.forecast, **about))


def looked_at(asked: Any, notes: list[str]) -> dict[str, Any]:
    """List the images that were looked at, with the objects read in each, and what is odd."""
    if asked is None:
        return {"notes": notes}
    pairs = zip(asked.files, asked.counts, strict=True)
    images = [{"file": file, "objects": count} for file, count in pairs]
    return {"images": images, "notes": [*asked.notes, *notes]}


def print_asked(console: Console, asked: Any, notes: list[str]) -> None:
    """Say which images were looked at, and what is odd."""
    if asked is not None:
        console.print(f"Images: {asked.sentence()}", markup=False)
    for note in dict.fromkeys([*([] if asked is None else asked.notes), *notes]):
        console.print(f"Note: {note}", markup=False)


def draw(answer: Any, path: Path) -> None:
    """Write the curve of an answer as a picture."""
    from ptssp_sklearn.serving.answer import answer_display

    answer_display(answer).plot().save(path)


def print_answer(answer: Any, asked: Any, notes: list[str], plot: Path | None) -> None:
    """Print an answer with its curve and notes."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{answer.sentence()}[/bold]")
    console.print(_numbers(answer))
    for line in answer.lines():
        console.print(line)
    console.print(_course(answer))
    forecast = answer.forecast
    params = ", ".join(f"{name} = {value:.4g}" for name, value in answer.params.items())
    console.print(f"Mean curve: {params}\nModel: {forecast.model}")
    if forecast.most_alike:
        console.print(f"Most alike: {'; '.join(forecast.most_alike)}")
    print_asked(console, asked, notes)
    if plot is not None:
        console.print(f"Plot: {plot}")


def _numbers(answer: Any) -> Table:
    """Lay out the sizes that suffice with each certainty."""
    from ptssp_sklearn.serving.wording import count

    table = Table("certainty", *[f"{level:.0%}" for level in answer.sizes])
    table.add_row("training images", *[count(size) for size in answer.sizes.values()])
    return table


def _course(answer: Any) -> Table:
    """Lay out the median curve and its band."""
    from ptssp_sklearn.bayes.metric_relation import METRIC_LABELS

    table = Table("training images", *[f"{size:,}" for size in answer.curve])
    name = METRIC_LABELS[answer.forecast.metric]
    table.add_row(f"median {name}", *[f"{score:.3f}" for score in answer.curve.values()])
    for place, end in enumerate(("low", "high")):
        shown = [f"{ends[place]:.3f}" for ends in answer.band.values()]
        table.add_row(f"{answer.coverage:.0%} {end} end", *shown)
    return table


def refuse(error: Exception) -> NoReturn:
    """Say in one line what is wrong, and end with code 2."""
    line = " ".join(str(error).split()).replace("target_map=", "--target ")
    typer.echo(f"ptssp: {line}", err=True)
    raise typer.Exit(2)
