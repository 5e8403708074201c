"""The ``ptssp`` command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from ptssp_sklearn import __version__

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


def main() -> None:
    """Run the command line."""
    app()


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ptssp_sklearn {__version__}")
        raise typer.Exit


@app.callback()
def _about(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Answer how many training images must be labelled to reach an mAP."""


@app.command()
def predict(
    images: Annotated[list[str], typer.Argument(metavar="IMG...", help="Images of one task.")],
    target: Annotated[float, typer.Option(help="Target mAP50-95, a fraction in (0, 1).")],
    mask: Annotated[
        list[str] | None,
        typer.Option(
            help="Mask of each image, in the same order: instance ids, or a YOLO label file "
            "(labels.txt, or labels.txt:CLASS). Repeat the option."
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(help="A shipped model, or a .safetensors file of save_model.")
    ] = "procedural",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Write the curve: .png, .svg, .pdf.")] = None,
) -> None:
    """Predict the training images needed to reach a target mAP."""
    from ptssp_sklearn.answer import answer_for, one_row
    from ptssp_sklearn.forecasting import check_target

    try:
        check_target(target)
        table = one_row(images, [_mask_cell(cell) for cell in mask or []])
        answer = answer_for(_model(model), table, target)
        if plot is not None:
            _draw(answer, plot)
    except (ValueError, OSError, ImportError) as error:
        _refuse(error)
    if as_json:
        typer.echo(json.dumps(answer.to_json(), indent=1))
    else:
        _print(answer, plot)


def _mask_cell(text: str) -> Any:
    """Read ``labels.txt:3`` as class 3 of a YOLO label file."""
    path, colon, label = text.rpartition(":")
    return (path, int(label)) if colon and path.endswith(".txt") and label.isdigit() else text


def _model(name: str) -> Any:
    from ptssp_sklearn.persistence import load_model
    from ptssp_sklearn.pretrained import load_pretrained

    return load_model(name) if name.endswith(".safetensors") else load_pretrained(name)


def _draw(answer: Any, path: Path) -> None:
    from ptssp_sklearn.plotting import PredictedCurveDisplay

    params = list(answer.params.values())
    PredictedCurveDisplay(params, target_map=answer.target_map).plot().save(path)


def _print(answer: Any, plot: Path | None) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{answer.sentence()}[/bold]")
    table = Table("training images", *[f"{size:,}" for size in answer.curve])
    table.add_row("predicted mAP50-95", *[f"{score:.3f}" for score in answer.curve.values()])
    console.print(table)
    params = ", ".join(f"{name} = {value:.4g}" for name, value in answer.params.items())
    console.print(f"Curve: {params}\nModel: {answer.model}")
    if answer.warning:
        console.print(f"Note: {answer.warning}")
    if plot is not None:
        console.print(f"Plot: {plot}")


def _refuse(error: Exception) -> NoReturn:
    line = " ".join(str(error).split())
    typer.echo(f"ptssp: {line}", err=True)
    raise typer.Exit(2)
