"""Packages and files a study may lack, asked for in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ptssp_sklearn.exceptions import need as import_needed


class MissingDataError(FileNotFoundError):
    """A data set or a file of weights is not where it is looked for."""


def need(name: str) -> Any:
    """Import a package of the extra ``experiments``.

    Raises
    ------
    ImportError
        If it is missing; says what to install.
    """
    return import_needed(name, "this study", "experiments")


def need_files(what: str, source: str, *paths: Path) -> None:
    """Check that the files or folders of a data set are there.

    Raises
    ------
    MissingDataError
        If one is not: what, where to get it, where to put it.
    """
    for path in paths:
        if not path.exists():
            raise MissingDataError(
                f"Got no {what}: there is no {path}. Get it from {source} and unpack it so that "
                "this path is there, or leave out --data to run on the data that stands in."
            )
