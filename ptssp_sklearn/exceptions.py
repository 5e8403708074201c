"""Errors that also say of what kind they are, so that they can be said in other languages.

What can be used but should be looked at is no error: `remark` says it.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from typing import Any

_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)


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


class InputWarning(UserWarning):
    """Something given was used in a way that should be looked at, or is likely wrong."""


def counted(count: int, noun: str) -> str:
    """Give a number with its noun, in the plural where it is not one."""
    if count == 1:
        return f"1 {noun}"
    ending = "es" if noun.endswith(("s", "x", "ch")) else "s"
    return f"{count:,} {noun}{ending}"


def remark(message: str) -> None:
    """Say something about what was given: to `hear_remarks`, or else as an `InputWarning`."""
    heard = _heard.get()
    if heard is None:
        warnings.warn(message, InputWarning, stacklevel=2)
    elif message not in heard:
        heard.append(message)


@contextmanager
def hear_remarks() -> Iterator[list[str]]:
    """Collect what is remarked upon in this thread, each sentence once, in place of warnings."""
    heard: list[str] = []
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


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


def install_command(extra: str) -> str:
    """Give what installs an extra of the package; those of a checkout are not on PyPI alone."""
    if extra == "experiments":
        return 'pip install -e ".[experiments,vision]"'
    return f'pip install "ptssp_sklearn[{extra}]"'


def need(name: str, what: str, extra: str) -> Any:
    """Import a package that may be missing.

    Parameters
    ----------
    name : str
        Name of the module.
    what : str
        What needs it.
    extra : str
        The extra of this package that brings it.

    Returns
    -------
    module : module

    Raises
    ------
    MissingPackageError
        If it, or something it needs, is not installed; says what to run.
    """
    return _import_or_say(name, what, install_command(extra))


def _import_or_say(name: str, what: str, command: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"Got no package {error.name}, which {what} needs. Run: {command}", command
        ) from error


def need_mlflow() -> Any:
    """Import MLflow, or say how to install it (a `MissingPackageError`)."""
    return need("mlflow", "this", "mlflow")


def need_dask() -> Any:
    """Import Dask, or say how to install it (a `MissingPackageError`)."""
    return _import_or_say("dask.distributed", "a Dask cluster", "pip install dask distributed")


def need_streamlit() -> Any:
    """Import Streamlit, or say how to install it (a `MissingPackageError`)."""
    return need("streamlit", "the page", "app")


def did_you_mean(name: Any, known: Iterable[str], *, otherwise: str = "") -> str:
    """Propose the known name that is nearest to an unknown one; else say `otherwise`.

    Examples
    --------
    >>> from ptssp_sklearn.exceptions import did_you_mean
    >>> did_you_mean("procedual", ["procedural", "cutpaste"])
    " Did you mean 'procedural'?"
    """
    near = get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}?" if near else otherwise
    return f" {hint}" if hint else ""
