"""The SQLite file that keeps every finished training, and who works on what."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.schedule import Task
from experiments.scoring import METRICS

APPLICATION = 0x50545353
SCHEMA = 1
_TABLES = """
CREATE TABLE datasets (bank TEXT, dataset TEXT, record TEXT NOT NULL,
    PRIMARY KEY (bank, dataset));
CREATE TABLE settings (bank TEXT, learner TEXT, settings TEXT NOT NULL,
    PRIMARY KEY (bank, learner));
CREATE TABLE points (bank TEXT, learner TEXT, dataset TEXT, size INTEGER, repeat INTEGER,
    seed INTEGER, status TEXT NOT NULL CHECK (status IN ('done', 'failed', 'flat')),
    map50_95 REAL, map50 REAL, map75 REAL, classes TEXT, seconds REAL, code TEXT, reason TEXT,
    finished TEXT, PRIMARY KEY (bank, learner, dataset, size, repeat));
CREATE TABLE claims (bank TEXT, learner TEXT, dataset TEXT, size INTEGER, repeat INTEGER,
    owner TEXT NOT NULL, expires REAL NOT NULL,
    PRIMARY KEY (bank, learner, dataset, size, repeat));
CREATE TABLE states (bank TEXT, learner TEXT, dataset TEXT, repeat INTEGER, size INTEGER,
    weights BLOB NOT NULL, PRIMARY KEY (bank, learner, dataset, repeat));
"""
SAME_TASK = "bank = ? AND learner = ? AND dataset = ? AND size = ? AND repeat = ?"


class StoreError(Exception):
    """A store that cannot be read or written; what was measured before is safe."""


@dataclass(frozen=True)
class Outcome:
    """What came of a task.

    Attributes
    ----------
    task : Task
    status : {"done", "failed", "flat"}
    seed : int or None
    scores : dict
        As of `experiments.scoring.score_predictions`; empty unless done.
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


class Store:
    """One SQLite file of measurements, shared by processes and threads.

    Writes are synchronous=FULL: a training takes seconds and a flush milliseconds, and a
    point that was written survives a power cut as well as a killed process.

    Parameters
    ----------
    path : Path
    code : str
        Version of the code, kept with every point.

    Raises
    ------
    StoreError
        If the file cannot be used: one line that says why and what to do.
    """

    def __init__(self, path: Path, *, code: str = "") -> None:
        self.path = path
        self.code = code
        self._lock = threading.RLock()
        with self.clear_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = connect(path)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def register(self, bank: str, learner: str, settings: dict, records: Iterable[dict]) -> None:
        """Note what is about to be measured, or check that it is as it was noted before."""
        text = json.dumps(settings, sort_keys=True)
        with self.transaction() as db:
            noted = db.execute(
                "SELECT settings FROM settings WHERE bank = ? AND learner = ?", (bank, learner)
            ).fetchone()
            if noted is None:
                db.execute("INSERT INTO settings VALUES (?, ?, ?)", (bank, learner, text))
            elif noted[0] != text:
                raise StoreError(
                    f"Got the settings {text}, but {learner!r} on the bank {bank!r} was begun with "
                    f"{noted[0]} in {self.path}. Use the same, or another --name."
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
        elif noted[0] != text:
            raise StoreError(
                f"Got the dataset {name!r}, but the bank {bank!r} in {self.path} holds another of "
                "that name. Use the same --seed, --side and folders, or another --name."
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
        db.execute(f"DELETE FROM claims WHERE {SAME_TASK}", task.key)
        if new and outcome.weights is not None:
            state = (*task.key[:3], task.repeat, task.size, outcome.weights)
            db.execute("INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?, ?, ?)", state)
        return new

    def weights(self, task: Task) -> bytes | None:
        """Get the weights that a task of an incremental curve starts from."""
        with self._lock, self.clear_errors():
            row = self._db.execute(
                "SELECT weights FROM states WHERE bank = ? AND learner = ? AND dataset = ? "
                "AND repeat = ? AND size = ?",
                (*task.key[:3], task.repeat, task.before),
            ).fetchone()
        return None if row is None else row[0]

    def reopen(self, tasks: Iterable[Task], statuses: Iterable[str]) -> None:
        """Forget points of a status, so that they are measured (again)."""
        with self.transaction() as db:
            for status in statuses:
                db.executemany(
                    f"DELETE FROM points WHERE {SAME_TASK} AND status = ?",
                    [(*task.key, status) for task in tasks],
                )

    def points(self, bank: str | None = None) -> pd.DataFrame:
        """Read all finished points, of one bank if named, sorted by their key."""
        query = "SELECT * FROM points WHERE bank = coalesce(?, bank) ORDER BY 1, 2, 3, 4, 5"
        with self._lock, self.clear_errors():
            return pd.read_sql_query(query, self._db, params=(bank,))

    def records(self, bank: str) -> list[dict[str, Any]]:
        """Read the records of the datasets of a bank, in the order they came in."""
        with self._lock, self.clear_errors():
            rows = self._db.execute(
                "SELECT record FROM datasets WHERE bank = ? ORDER BY rowid", (bank,)
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that is written whole or not at all."""
        with self._lock, self.clear_errors():
            if self._db.in_transaction:
                self._db.rollback()
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.commit()
            except BaseException:
                self._db.rollback()
                raise

    @contextmanager
    def clear_errors(self) -> Iterator[None]:
        """Turn what SQLite and the file system say into one clear line."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(_explain(self.path, error)) from error

    def _prepare(self) -> None:
        found = self._db.execute("PRAGMA application_id").fetchone()[0]
        tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if tables and found != APPLICATION:
            raise StoreError(
                f"Got {self.path}, which is an SQLite file of something else. Choose another --out."
            )
        if version > SCHEMA:
            raise StoreError(
                f"Got {self.path} of schema version {version}, but this code knows {SCHEMA}. "
                "Update the code, or choose another --out."
            )
        sound = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if sound != "ok":
            raise sqlite3.DatabaseError(sound)
        self._db.execute("PRAGMA journal_mode = WAL")
        if not tables:
            self._create()

    def _create(self) -> None:
        with self.transaction() as db:
            if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return
            for statement in _TABLES.split(";")[:-1]:
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION}")
            db.execute(f"PRAGMA user_version = {SCHEMA}")


def connect(path: Path) -> sqlite3.Connection:
    """Open an SQLite file for several threads, waiting up to half a minute for others."""
    db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA synchronous = FULL")
    return db


def _explain(path: Path, error: Exception) -> str:
    text = str(error)
    if "disk is full" in text or "disk I/O error" in text:
        return (
            f"Could not write {path}: {text}. What was measured before is safe; make room and "
            "run the same command again."
        )
    if (
        "not a database" in text
        or "malformed" in text
        or not isinstance(error, OSError | sqlite3.OperationalError)
    ):
        return (
            f"Got {path}, which is corrupt or no SQLite file ({text}). Choose another --out, or "
            f"move it away and save what can be saved with: sqlite3 FILE .recover"
        )
    return f"Could not open or write {path}: {text}. Give a folder that can be written as --out."
