"""The SQLite file under the store: opened, checked, written whole or not at all."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

APPLICATION = 0x50545353
"""SQLite's application_id of these files: PTSS in ASCII."""

SCHEMA = 2
"""SQLite's user_version of these files."""

_TABLES = """
CREATE TABLE datasets (bank TEXT, dataset TEXT, record TEXT NOT NULL,
    PRIMARY KEY (bank, dataset));
CREATE TABLE settings (bank TEXT, learner TEXT, settings TEXT NOT NULL,
    PRIMARY KEY (bank, learner));
CREATE TABLE points (bank TEXT, learner TEXT, dataset TEXT, size INTEGER, repeat INTEGER,
    seed INTEGER, status TEXT NOT NULL CHECK (status IN ('done', 'failed', 'flat')),
    map50_95 REAL, map50 REAL, map75 REAL, classes TEXT, seconds REAL, code TEXT, reason TEXT,
    finished TEXT, PRIMARY KEY (bank, learner, dataset, size, repeat));
CREATE TABLE scores (bank TEXT, learner TEXT, dataset TEXT, size INTEGER, repeat INTEGER,
    kind TEXT NOT NULL CHECK (kind IN ('mask', 'box')), map50_95 REAL, map50 REAL, map75 REAL,
    classes TEXT, n_test INTEGER, n_objects INTEGER, resampled BLOB,
    PRIMARY KEY (bank, learner, dataset, size, repeat, kind));
CREATE TABLE claims (bank TEXT, learner TEXT, dataset TEXT, size INTEGER, repeat INTEGER,
    owner TEXT NOT NULL, expires REAL NOT NULL,
    PRIMARY KEY (bank, learner, dataset, size, repeat));
CREATE TABLE states (bank TEXT, learner TEXT, dataset TEXT, repeat INTEGER, size INTEGER,
    weights BLOB NOT NULL, PRIMARY KEY (bank, learner, dataset, repeat));
"""


class StoreError(Exception):
    """A store that cannot be read or written; what was measured before is safe."""


class Database:
    """One SQLite file, shared by processes and threads.

    Writes are synchronous=FULL: a training takes seconds and a flush milliseconds, and a
    point that was written survives a power cut as well as a killed process.

    Parameters
    ----------
    path : Path

    Raises
    ------
    StoreError
        If the file cannot be used: one line that says why and what to do.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.RLock()
        with self.clear_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self.db = connect(path)
            try:
                self._prepare()
            except BaseException:
                self.db.close()
                raise

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that is written whole or not at all."""
        with self.lock, self.clear_errors():
            if self.db.in_transaction:
                self.db.rollback()
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
                self.db.commit()
            except BaseException:
                self.db.rollback()
                raise

    @contextmanager
    def clear_errors(self) -> Iterator[None]:
        """Turn what SQLite and the file system say into one clear line."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(_explain(self.path, error)) from error

    def _prepare(self) -> None:
        tables = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        found = self.db.execute("PRAGMA application_id").fetchone()[0]
        version = self.db.execute("PRAGMA user_version").fetchone()[0]
        if tables and found != APPLICATION:
            raise StoreError(
                f"Got {self.path}, which is an SQLite file of something else. Choose another --out."
            )
        if version > SCHEMA:
            raise StoreError(
                f"Got {self.path} of schema version {version}, but this code knows {SCHEMA}. "
                "Update the code, or choose another --out."
            )
        sound = self.db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if sound != "ok":
            raise sqlite3.DatabaseError(sound)
        self.db.execute("PRAGMA journal_mode = WAL")
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
