"""Build the image material: ``python -m experiments.sources --out DIR``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.sources.build import build, selected, write_record
from experiments.sources.catalogue import SOURCES
from experiments.sources.notice import notice

app = typer.Typer(add_completion=False)


@app.command()
def main(
    out: Annotated[Path, typer.Option(help="Folder to write into.")],
    cache: Annotated[Path, typer.Option(help="Folder for the packages.")] = Path(".cache/sources"),
    only: Annotated[list[str] | None, typer.Option(help="Names of the sources to build.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of every random choice.")] = 0,
    notice_file: Annotated[Path | None, typer.Option(help="Where to write the NOTICE.")] = None,
) -> None:
    """Write cut-outs, backgrounds, sources.json and, if asked for, the NOTICE."""
    try:
        chosen = selected(SOURCES, only or [])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    out.mkdir(parents=True, exist_ok=True)
    records = build(chosen, out, cache.resolve(), seed, lambda line: typer.echo(line, err=True))
    write_record(records, out / "sources.json")
    for entry in records:
        typer.echo(f"{entry['kind']:10} {entry['name']:20} {entry['files']:4} files")
    if notice_file is not None:
        notice_file.write_text(notice(SOURCES), encoding="utf-8")


if __name__ == "__main__":
    app()
