"""The SQLite file that keeps every finished training, and who works on what."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ptssp_sklearn.banks import METRICS
from ptssp_sklearn.measuring.trainings.database import Database, StoreError
from ptssp_sklearn.measuring.trainings.schedule import Task

FILE = "measurements.sqlite"
"""Name of the store in the folder given as ``out``."""

SAME_TASK = "bank = ? AND learner = ? AND dataset = ? AND size = ? AND repeat = ?"
"""Condition on the columns that are `Task.key`, in that order."""


@dataclass(frozen=True)
class Outcome:
    """What came of a task.

    Attributes
    ----------
    task : Task
    status : {"done", "failed", "flat"}
    seed : int or None
    scores : dict
        As of `ptssp_sklearn.measuring.scoring.score_predictions`; empty unless done.
    seconds : float
        Time of the training.
    reason : str
        Why it failed or was not trained.
    weights : bytes or None
        What the next size of the curve starts from.
    """

    task: Task
    status: str
    seed: int | None = None
    scores: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    reason: str = ""
    weights: bytes | None = None


class Store(Database):
    """The measurements in one SQLite file.

    Parameters
    ----------
    path : Path
    code : str
        Version of the code, kept with every point.
    """

    def __init__(self, path: Path, *, code: str = "") -> None:
        super().__init__(path)
        self.code = code

    def register(self, bank: str, learner: str, settings: dict, records: Iterable[dict]) -> None:
        """Note what is about to be measured, or check that it is as it was noted before.

        Raises
        ------
        StoreError
            If the settings of this bank and learner, or a dataset's record, are others.
        """
        text = json.dumps(settings, sort_keys=True)
        with self.transaction() as db:
            noted = db.execute(
                "SELECT settings FROM settings WHERE bank = ? AND learner = ?", (bank, learner)
            ).fetchone()
            if noted is None:
                db.execute("INSERT INTO settings VALUES (?, ?, ?)", (bank, learner, text))
            elif noted[0] != text:
                before = json.loads(noted[0])
                raise StoreError(
                    f"Got {_others(settings, before)}, but {learner!r} in {self.path} was begun "
                    f"with {_others(before, settings)}. Use the same, or give another folder as "
                    "--out."
                )
            for record in records:
                self._add_dataset(db, bank, record)

    def _add_dataset(self, db: sqlite3.Connection, bank: str, record: dict[str, Any]) -> None:
        text, name = json.dumps(record, sort_keys=True), record["name"]
        noted = db.execute(
            "SELECT record FROM datasets WHERE bank = ? AND dataset = ?", (bank, name)
        ).fetchone()
        if noted is None:
            db.execute("INSERT INTO datasets VALUES (?, ?, ?)", (bank, name, text))
        elif portable(json.loads(noted[0])) == portable(record):
            query = "UPDATE datasets SET record = ? WHERE bank = ? AND dataset = ?"
            db.execute(query, (text, bank, name))
        else:
            raise StoreError(
                f"Got the data set {name!r}, but {self.path} holds another of that name: its "
                "images, labels or settings were others. Give another folder as --out."
            )

    def write(self, outcome: Outcome) -> bool:
        """Write a finished task at once and give its claim back.

        Returns
        -------
        new : bool
            False if the point was there already, which is then left as it is.
        """
        with self.transaction() as db:
            return self.insert(db, outcome)

    def insert(self, db: sqlite3.Connection, outcome: Outcome) -> bool:
        """Do what `write` does inside an open transaction."""
        task, scores = outcome.task, outcome.scores
        values = (
            *task.key,
            outcome.seed,
            outcome.status,
            *(scores.get(name) for name in METRICS),
            json.dumps(scores.get("classes", {})),
            outcome.seconds,
            self.code,
            outcome.reason,
            datetime.now(UTC).isoformat(timespec="seconds"),
        )
        marks = ", ".join("?" * len(values))
        new = db.execute(f"INSERT OR IGNORE INTO points VALUES ({marks})", values).rowcount == 1
        if new:
            self._insert_kinds(db, task, scores.get("kinds", {}))
        db.execute(f"DELETE FROM claims WHERE {SAME_TASK}", task.key)
        if new and outcome.weights is not None:
            state = (*task.key[:3], task.repeat, task.size, outcome.weights)
            db.execute("INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?, ?, ?)", state)
        return new

    def _insert_kinds(self, db: sqlite3.Connection, task: Task, kinds: dict[str, Any]) -> None:
        """Write the scores of masks and of boxes, each with those of test images drawn anew."""
        for kind, scores in kinds.items():
            values = (
                *task.key,
                kind,
                *(scores.get(name) for name in METRICS),
                json.dumps(scores["classes"]),
                scores["n_test"],
                scores["n_objects"],
                np.asarray(scores["resampled"], "<f4").tobytes(),
            )
            marks = ", ".join("?" * len(values))
            db.execute(f"INSERT OR REPLACE INTO scores VALUES ({marks})", values)

    def weights(self, task: Task) -> bytes | None:
        """Get the weights that a task of an incremental curve starts from."""
        with self.lock, self.clear_errors():
            row = self.db.execute(
                "SELECT weights FROM states WHERE bank = ? AND learner = ? AND dataset = ? "
                "AND repeat = ? AND size = ?",
                (*task.key[:3], task.repeat, task.before),
            ).fetchone()
        return None if row is None else row[0]

    def reopen(self, tasks: Sequence[Task], statuses: Sequence[str]) -> None:
        """Forget points of a status, so that they are measured (again)."""
        with self.transaction() as db:
            for key in ((*task.key, status) for task in tasks for status in statuses):
                if db.execute(f"DELETE FROM points WHERE {SAME_TASK} AND status = ?", key).rowcount:
                    db.execute(f"DELETE FROM scores WHERE {SAME_TASK}", key[:-1])

    def points(self, bank: str | None = None) -> pd.DataFrame:
        """Read all finished points, of one bank if named, sorted by their key."""
        query = "SELECT * FROM points WHERE bank = coalesce(?, bank) ORDER BY 1, 2, 3, 4, 5"
        with self.lock, self.clear_errors():
            return pd.read_sql_query(query, self.db, params=(bank,))

    def scores(self, bank: str) -> pd.DataFrame:
        """Read the scores of masks and of boxes of all finished trainings of a bank.

        Returns
        -------
        scores : DataFrame
            A row a training and kind. ``resampled`` holds arrays of shape (2, n_draws):
            mAP50-95 and mAP50 of test images drawn anew; draws are alike in all trainings
            that were scored on the same images.
        """
        query = "SELECT * FROM scores WHERE bank = ? ORDER BY 1, 2, 3, 4, 5, 6"
        with self.lock, self.clear_errors():
            table = pd.read_sql_query(query, self.db, params=(bank,))
        return table.assign(resampled=table["resampled"].map(_draws))

    def banks(self) -> list[str]:
        """Name the banks that hold points."""
        with self.lock, self.clear_errors():
            rows = self.db.execute("SELECT DISTINCT bank FROM points ORDER BY 1").fetchall()
        return [row[0] for row in rows]

    def records(self, bank: str) -> list[dict[str, Any]]:
        """Read the records of the datasets of a bank, in the order they came in."""
        with self.lock, self.clear_errors():
            rows = self.db.execute(
                "SELECT record FROM datasets WHERE bank = ? ORDER BY rowid", (bank,)
            ).fetchall()
        return [json.loads(row[0]) for row in rows]


def _others(settings: dict[str, Any], than: dict[str, Any]) -> str:
    """Write the settings that are not the same in `than`, as NAME=VALUE."""
    own, other = _flat(settings), _flat(than)
    names = sorted({name for name in own.keys() | other.keys() if own.get(name) != other.get(name)})
    return ", ".join(f"{name}={own.get(name, 'default')}" for name in names)


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= _flat(value) if isinstance(value, dict) else {name: value}
    return found


def _draws(written: bytes) -> NDArray[np.float32]:
    draws: NDArray[np.float32] = np.frombuffer(written, "<f4").reshape(2, -1)
    return draws


def portable(record: dict[str, Any]) -> dict[str, Any]:
    """Keep only the last part of absolute paths, whose folders differ between machines."""
    return {
        key: Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
        for key, value in record.items()
    }
