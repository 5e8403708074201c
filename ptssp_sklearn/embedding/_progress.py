"""A progress bar for work that takes longer than two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 2.0
"""Work shorter than this shows no bar, seconds."""


@contextmanager
def progress_bar(what: str, total: int, *, shown: bool = True) -> Iterator[Callable[[int], None]]:
    """Count work on the terminal (standard error).

    Parameters
    ----------
    what : str
    total : int
    shown : bool
        Without a terminal nothing is shown in any case.

    Yields
    ------
    advance : callable
        Takes the number of pieces done since it was called last.
    """
    if not shown or not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import Progress

    progress = Progress(console=Console(stderr=True), transient=True)
    task = progress.add_task(what, total=total)
    start = time.monotonic()

    def advance(done: int) -> None:
        progress.advance(task, done)
        if not progress.live.is_started and time.monotonic() - start > PATIENCE:
            progress.start()

    try:
        yield advance
    finally:
        progress.stop()
