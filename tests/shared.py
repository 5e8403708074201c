"""What is made once for all workers of a test run: slow files and folders, an empty store."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Let the first worker that comes make a file or folder; give its place to all.

    Parameters
    ----------
    factory : TempPathFactory
    name : str
        Of the file or folder.
    make : callable
        Makes it at the path it is given. What failed is tried once more by the other worker.
    """
    own = factory.getbasetemp()
    place = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / name
    done = place.with_name(f"{name}.done")
    with FileLock(place.with_name(f"{name}.lock")):
        if not done.exists():
            make(place)
            done.touch()
    return place


def make_empty_store(folder: Path) -> None:
    """Make an empty MLflow store, whose migrations take seconds."""
    import mlflow

    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db").search_experiments()


def copy_store(empty: Path, target: Path) -> str:
    """Copy an empty store to a database file; give its tracking URI."""
    shutil.copy(empty / "mlflow.db", target)
    with closing(sqlite3.connect(target)) as store, store:
        place = str(target.parent / "mlruns" / "0")
        store.execute("UPDATE experiments SET artifact_location = ?", (place,))
    return f"sqlite:///{target}"
