"""What is written to MLflow beside other work: one thread, which can neither slow nor spoil it.

skorch's `MlflowLogger` writes every epoch while the training waits. MLflow's own asynchronous
logging (``synchronous=False``) takes a score of threads, waits at its end for as long as the
store does, and does not count what is lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

_EVERY = 0.5


class BackgroundWriter:
    """Hands items to a writer in batches, twice a second, from a thread of its own.

    Parameters
    ----------
    write : callable
        Called with a list of items; what it cannot write it raises, and the batch is lost.
    most : int
        Items of a batch.

    Attributes
    ----------
    reason : str
        Why items were lost.
    """

    def __init__(self, write: Callable[[Sequence[Any]], None], *, most: int = 1) -> None:
        self.reason = "the store is too slow"
        self._write, self._most = write, most
        self._waiting: list[Any] = []
        self._lost = 0
        self._lock, self._over = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, item: Any) -> None:
        """Take an item; returns at once."""
        with self._lock:
            self._waiting.append(item)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()

    def close(self, patience: float) -> int:
        """Write what is left within so many seconds; give how many items were lost."""
        if self._thread is None:
            return 0
        self._over.set()
        self._thread.join(patience)
        with self._lock:
            return self._lost + len(self._waiting)

    def _run(self) -> None:
        over = False
        while not over:
            over = self._over.wait(_EVERY)
            with self._lock:
                items = self._waiting[:]
            for first in range(0, len(items), self._most):
                self._send(items[first : first + self._most])

    def _send(self, items: list[Any]) -> None:
        lost = 0
        try:
            self._write(items)
        except Exception as error:
            lost, self.reason = len(items), " ".join(str(error).split())[:200]
        with self._lock:
            self._lost += lost
            del self._waiting[: len(items)]
