"""Fine-tuned detectors: ``python -m experiments.detectors COMMAND``.

``bank --data points.csv`` writes the bank ``detectors``; ``train`` the model of that name, of that
bank and ``photographs``; ``evaluate`` its sections of ``docs/results.md``, each data set left out
with all its learners; ``needs`` the page of what published detectors need.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help=__doc__)

BANKS, MODELS = Path("ptssp_sklearn/data/banks"), Path("ptssp_sklearn/data/models")
PAGE = Path("docs/results.md")

Seeds = Annotated[int, typer.Option(min=1, help="Seeds the tables are made of.")]
Sweeps = Annotated[int, typer.Option(min=100, help="Sweeps of each chain.")]


@app.command()
def bank(
    data: Annotated[Path, typer.Option(help="The published points, a CSV.")],
    out: Annotated[Path, typer.Option(help="Folder of banks.")] = BANKS,
) -> None:
    """Write the bank ``detectors`` from the table of published points."""
    from experiments.fine_tuned.bank import write_detectors

    points = write_detectors(data, out / "detectors.zip")
    typer.echo(f"{len(points)} points of {points['group'].nunique()} groups of data sets")


@app.command()
def train(
    sweeps: Sweeps = 2000,
    seed: int = 0,
    out: Annotated[Path, typer.Option(help="Folder of models.")] = MODELS,
    card: Annotated[Path, typer.Option(help="Page of the model.")] = Path("docs/model_card.md"),
) -> None:
    """Fit the model ``detectors`` to both banks, store it and write its card."""
    from experiments.fine_tuned.training import train_detectors

    path = train_detectors(out / "detectors.safetensors", card, n_sweeps=sweeps, seed=seed)
    typer.echo(f"{path}, {path.stat().st_size / 1e3:.0f} kB")


@app.command()
def evaluate(
    seeds: Seeds = 2,
    sweeps: Sweeps = 400,
    out: Annotated[Path, typer.Option(help="Page whose sections are replaced.")] = PAGE,
    readme: Annotated[Path, typer.Option(help="Page that shows the summary.")] = Path("README.md"),
) -> None:
    """Write the tables on data sets left out."""
    from experiments.fine_tuned.tables import write_tables

    write_tables(out, readme, seeds=seeds, n_sweeps=sweeps)
    typer.echo(f"wrote {out}")


@app.command()
def needs(
    out: Annotated[Path, typer.Option(help="Page that is written.")] = Path("docs/needs.md"),
) -> None:
    """Write the page of what published detectors need."""
    from experiments.fine_tuned.needs import write_needs
    from ptssp_sklearn import load_curve_bank

    write_needs(load_curve_bank("detectors").points, out)
    typer.echo(f"wrote {out}")


if __name__ == "__main__":
    app()
