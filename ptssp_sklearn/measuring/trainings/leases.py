"""Leases on tasks: several processes share the work of one store and never repeat it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from ptssp_sklearn.measuring.trainings.database import connect
from ptssp_sklearn.measuring.trainings.schedule import Known, Rules, Task
from ptssp_sklearn.measuring.trainings.store import SAME_TASK, Outcome, Store

LEASE_SECONDS = 90.0
BEAT_SECONDS = 15.0


class Leases:
    """The claims of this process on the tasks of a store, kept alive by a thread.

    Parameters
    ----------
    store : Store
    rules : Rules
        When a task may start.
    """

    def __init__(self, store: Store, rules: Rules) -> None:
        self.store = store
        self.rules = rules
        self.owner = json.dumps(
            {"host": _host(), "pid": os.getpid(), "since": _started(os.getpid()),
             "token": uuid.uuid4().hex}
        )  # fmt: skip
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Leases:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        with self.store.transaction() as db:
            db.execute("DELETE FROM claims WHERE owner = ?", (self.owner,))

    def claim(self, tasks: Iterable[Task], limit: int) -> tuple[list[Task], list[Task]]:
        """Claim the first of the tasks that may start.

        Returns
        -------
        claimed : list of Task
            At most `limit`.
        finished : list of Task
            Those met on the way that are finished, or that the rules finish without a
            training.
        """
        claimed: list[Task] = []
        finished: list[Task] = []
        with self.store.transaction() as db:
            self._free_dead(db)
            for task in tasks:
                if len(claimed) == limit:
                    break
                verdict = self._judge(db, task)
                if verdict.status == "start":
                    if self._take(db, task):
                        claimed.append(task)
                elif verdict.status != "wait":
                    finished.append(task)
        return claimed, finished

    def release(self, tasks: Iterable[Task]) -> None:
        """Give claims back."""
        with self.store.transaction() as db:
            db.executemany(
                f"DELETE FROM claims WHERE {SAME_TASK} AND owner = ?",
                [(*task.key, self.owner) for task in tasks],
            )

    def others(self, tasks: Iterable[Task]) -> int:
        """Count those of the tasks that other live processes work on."""
        with self.store.transaction() as db:
            self._free_dead(db)
            query = "SELECT bank, learner, dataset, size, repeat FROM claims WHERE owner != ?"
            claimed = set(db.execute(query, (self.owner,)).fetchall())
        return sum(task.key in claimed for task in tasks)

    def _judge(self, db: sqlite3.Connection, task: Task) -> Known:
        curve = {
            size: Known(status, score)
            for size, status, score in db.execute(
                "SELECT size, status, map50_95 FROM points "
                "WHERE bank = ? AND learner = ? AND dataset = ? AND repeat = ?",
                (*task.key[:3], task.repeat),
            )
        }
        if task.size in curve:
            return Known("finished")
        verdict = self.rules.judge(task, curve)
        if verdict.status in ("failed", "flat"):
            self.store.insert(db, Outcome(task, verdict.status, reason=verdict.reason))
        return verdict

    def _take(self, db: sqlite3.Connection, task: Task) -> bool:
        row = (*task.key, self.owner, time.time() + LEASE_SECONDS)
        query = "INSERT OR IGNORE INTO claims VALUES (?, ?, ?, ?, ?, ?, ?)"
        return db.execute(query, row).rowcount == 1

    def _free_dead(self, db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM claims WHERE expires < ?", (time.time(),))
        for (owner,) in db.execute("SELECT DISTINCT owner FROM claims").fetchall():
            if owner != self.owner and _is_dead(json.loads(owner)):
                db.execute("DELETE FROM claims WHERE owner = ?", (owner,))

    def _beat(self) -> None:
        """Renew the leases on a connection of its own; a missed beat is made up by the next."""
        db = connect(Path(self.store.path))
        while not self._stop.wait(BEAT_SECONDS):
            with contextlib.suppress(sqlite3.Error):
                db.execute(
                    "UPDATE claims SET expires = ? WHERE owner = ?",
                    (time.time() + LEASE_SECONDS, self.owner),
                )
        db.close()


def _host() -> str:
    """Name the space of process ids that this process lives in."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(os.readlink("/proc/self/ns/pid"))
    return " ".join(parts)


def _started(pid: int) -> str:
    """Tell a process from a later one of the same id, where the system can."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _is_dead(owner: dict) -> bool:
    if owner["host"] != _host() or os.name != "posix":
        return False
    try:
        os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return _started(owner["pid"]) != owner["since"]
