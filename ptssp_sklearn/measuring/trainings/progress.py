"""Progress on standard error: one line overwritten on a terminal, else one now and then."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from ptssp_sklearn.measuring.trainings.store import Outcome

EVERY_SECONDS = 30.0


class Progress:
    """Counts what is done and tells how long the rest takes.

    Parameters
    ----------
    total : int
        Points of the plan.
    remaining : int
        Points that are open when the run starts.
    stream : text stream, optional
        By default standard error.

    Attributes
    ----------
    open : int
        Points that are not finished yet, by this process or another.
    """

    def __init__(self, total: int, remaining: int, *, stream: TextIO | None = None) -> None:
        self.total = total
        self.open = remaining
        self.measured = 0
        self.failed = 0
        self.stream = stream or sys.stderr
        self._began = time.monotonic()
        self._shown = 0.0
        self._live = self.stream.isatty()

    def point(self, outcome: Outcome) -> None:
        """Count a point that this process finished."""
        self.measured += 1
        if outcome.status == "failed":
            self.failed += 1
            key = "{} size {} repeat {}".format(*outcome.task.key[2:])
            self.note(f"Failed: {key}: {outcome.reason}")
        self.show()

    def note(self, text: str) -> None:
        """Print a line that stays."""
        print(f"\r\x1b[K{text}" if self._live else text, file=self.stream, flush=True)

    def show(self, *, last: bool = False) -> None:
        """Print the line, if it is time to."""
        now = time.monotonic()
        if self._live:
            self.stream.write(f"\r\x1b[K{self.line()}" + ("\n" if last else ""))
            self.stream.flush()
        elif last or now - self._shown >= EVERY_SECONDS:
            self._shown = now
            print(self.line(), file=self.stream, flush=True)

    def line(self) -> str:
        """Say how far the run is."""
        minutes = (time.monotonic() - self._began) / 60
        rate = self.measured / minutes if minutes else 0.0
        eta = f"{self.open / rate:.0f} min left" if rate else "time left unknown"
        return (
            f"{self.total - self.open}/{self.total} points, {self.failed} failed, "
            f"{rate:.1f} a minute, {eta if self.open else 'nothing left'}"
        )
