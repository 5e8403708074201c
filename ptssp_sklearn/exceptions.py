"""Errors that also say of what kind they are, so that they can be said in other languages."""

from __future__ import annotations

import importlib
from typing import Any


class InputError(ValueError):
    """Something given cannot be used.

    Parameters
    ----------
    message : str
        What was got, what was expected, what to do.
    kind : str, default=""
        Names the sentence; empty where there is no other than the message.
    **values
        What the sentence is about.
    """

    def __init__(self, message: str, kind: str = "", **values: Any) -> None:
        super().__init__(message)
        self.kind = kind
        self.values = values

    def renamed(self, old: str, new: str) -> InputError:
        """Give the same with a name in place of another."""

        def rename(value: Any) -> Any:
            return value.replace(old, new) if isinstance(value, str) else value

        values = {key: rename(value) for key, value in self.values.items()}
        return type(self)(rename(str(self)), self.kind, **values)


class ImageError(InputError):
    """An image or mask cell cannot be used; the message names it and says what to do."""


class DatasetError(InputError):
    """A labelled data set cannot be read; the message names file, place and what to do."""


class MissingPackageError(ImportError):
    """A package of an extra is not installed; `command` installs it.

    Parameters
    ----------
    message : str
    command : str
    """

    def __init__(self, message: str, command: str = "") -> None:
        super().__init__(message)
        self.command = command


def need(name: str, what: str, command: str) -> Any:
    """Import a package that may be missing.

    Parameters
    ----------
    name : str
        Of the module.
    what : str
        What needs it.
    command : str
        What to run where it is missing.

    Returns
    -------
    module : module

    Raises
    ------
    MissingPackageError
        If it, or something it needs, is not installed; says what to run.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"Got no package {error.name}, which {what} needs. Run: {command}", command
        ) from error


def need_mlflow() -> Any:
    """Import MLflow.

    Raises
    ------
    ImportError
        If it is not installed; says how to install it.
    """
    return need("mlflow", "this", 'pip install "ptssp_sklearn[mlflow]"')


def need_streamlit() -> Any:
    """Import Streamlit.

    Raises
    ------
    ImportError
        If it is not installed; says how to install it.
    """
    return need("streamlit", "the page", 'pip install "ptssp_sklearn[app]"')
