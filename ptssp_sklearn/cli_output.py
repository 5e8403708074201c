"""What the commands share: the model they ask, and how an answer or an error is shown."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table


@cache
def find(name: str) -> Any:
    """Find the model of a name, once."""
    from ptssp_sklearn.serving.server import find_model

    return find_model(name)


def looked_at(asked: Any) -> dict[str, Any]:
    """List the images that were looked at, with the objects read in each."""
    if asked is None:
        return {}
    pairs = zip(asked.files, asked.counts, strict=True)
    return {"images": [{"file": file, "objects": count} for file, count in pairs]}


def print_asked(console: Console, asked: Any) -> None:
    """Say which images were looked at."""
    if asked is not None:
        console.print(f"Images: {asked.sentence()}")
        for note in asked.notes:
            console.print(f"Note: {note}")


def draw(answer: Any, fitted: Any, path: Path) -> None:
    """Write the curve of an answer as a picture."""
    from ptssp_sklearn.serving.answer import answer_display

    alike = answer.neighbours
    known = None if alike is None else fitted.training_curves.loc[alike["dataset"]]
    answer_display(answer, known).plot().save(path)


def print_answer(answer: Any, asked: Any, plot: Path | None) -> None:
    """Print an answer with its curve and notes."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{answer.sentence()}[/bold]")
    table = Table("training images", *[f"{size:,}" for size in answer.curve])
    table.add_row("predicted mAP50-95", *[f"{score:.3f}" for score in answer.curve.values()])
    for place, end in enumerate(("low", "high")):
        shown = [f"{ends[place]:.3f}" for ends in answer.band.values()]
        table.add_row(f"{answer.coverage:.0%} {end} end", *shown)
    console.print(table)
    params = ", ".join(f"{name} = {value:.4g}" for name, value in answer.params.items())
    console.print(f"Curve: {params}\nModel: {answer.model}")
    print_asked(console, asked)
    if answer.neighbours is not None:
        console.print(f"Most alike: {', '.join(answer.neighbours['dataset'].head(3))}")
    for note in answer.notes():
        console.print(f"Note: {note}")
    if plot is not None:
        console.print(f"Plot: {plot}")


def refuse(error: Exception) -> NoReturn:
    """Say in one line what is wrong, and end with code 2."""
    line = " ".join(str(error).split())
    typer.echo(f"ptssp: {line}", err=True)
    raise typer.Exit(2)
