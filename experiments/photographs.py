"""Photographs, fine-tuned on: ``python -m experiments.photographs COMMAND``.

``measure`` trains YOLOv5n on 4 to 256 images of every data set and stores box and mask mAP; run
it again to go on. ``features`` embeds draws of their labelled images; ``bank`` writes both as the
bank ``photographs``, without any image.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated, NoReturn

import typer

app = typer.Typer(no_args_is_help=True, help=__doc__)

MEASURED = Path("experiments/measurements/photographs.sqlite")
FEATURES = Path("experiments/measurements/photographs.npz")

Data = Annotated[Path, typer.Option(help="Folder of the data sets' zips.")]


@app.command()
def measure(
    data: Data,
    start: Annotated[Path, typer.Option(help="yolov5n_coco.safetensors")],
    out: Annotated[Path, typer.Option(help="Folder of photographs.sqlite.")],
    jobs: Annotated[int, typer.Option(min=1, help="Worker processes, a thread each.")] = 2,
    device: Annotated[str, typer.Option(help="Such as cpu or cuda.")] = "cpu",
    minutes: Annotated[float, typer.Option(help="Start no training after so many.")] = float("inf"),
) -> None:
    """Measure the curves that are not measured yet."""
    from experiments.photographed import measuring
    from ptssp_sklearn.measuring.trainings.database import StoreError

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        whole = measuring.measure(data, start, out, jobs=jobs, device=device, minutes=minutes)
    except (StoreError, ValueError, OSError) as error:
        _refuse(error)
    raise typer.Exit(0 if whole else 1)


@app.command()
def features(
    data: Data,
    out: Annotated[Path, typer.Option(help="Archive of the features.")] = FEATURES,
    seeds: Annotated[int, typer.Option(min=1, help="Draws of each kind.")] = 4,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
) -> None:
    """Embed draws of the labelled training images of every data set."""
    from experiments.photographed.features import embed_draws

    try:
        typer.echo(f"{len(embed_draws(data, out, seeds=seeds, jobs=jobs))} draws")
    except (ValueError, OSError) as error:
        _refuse(error)


@app.command()
def bank(
    data: Data,
    measured: Annotated[Path, typer.Option(help="Store of the trainings.")] = MEASURED,
    embedded: Annotated[Path, typer.Option(help="Archive of the features.")] = FEATURES,
    out: Annotated[Path, typer.Option(help="Folder of banks.")] = Path("ptssp_sklearn/data/banks"),
) -> None:
    """Write the bank ``photographs``: scores, features and facts."""
    from experiments.photographed.bank import write_photographs

    try:
        points = write_photographs(data, measured, embedded, out / "photographs.zip")
    except (ValueError, OSError) as error:
        _refuse(error)
    typer.echo(f"{len(points)} scores of {points['group'].nunique()} data sets")


def _refuse(error: Exception) -> NoReturn:
    typer.echo(f"error: {' '.join(str(error).split())}", err=True)
    raise typer.Exit(2) from None


def _stop(number: int, frame: object) -> NoReturn:
    typer.echo("\nStopped; what was measured is kept. Run it again to go on.", err=True)
    raise SystemExit(128 + number)


if __name__ == "__main__":
    app()
