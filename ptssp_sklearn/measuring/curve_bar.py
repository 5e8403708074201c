"""The bar of a pilot that is measured: trainings done, time left, the curve so far."""

from __future__ import annotations

import time
from typing import TextIO

from ptssp_sklearn.measuring.measurement import read_measurement
from ptssp_sklearn.measuring.trainings.progress import Progress
from ptssp_sklearn.measuring.trainings.store import Outcome, Store

_CELLS = 20


class CurveBar(Progress):
    """Shows a pilot on its way.

    Parameters
    ----------
    store : Store
    learner, dataset : str
        What is measured.
    total, remaining : int
        Trainings that may be run, and those that are open.
    deadline : float
        Seconds since the epoch.
    jobs : int
        Trainings side by side.
    quiet : bool
        Show nothing.
    stream : text stream, optional
        By default standard error.
    """

    def __init__(
        self,
        store: Store,
        learner: str,
        dataset: str,
        *,
        total: int,
        remaining: int,
        deadline: float,
        jobs: int,
        quiet: bool = False,
        stream: TextIO | None = None,
    ) -> None:
        super().__init__(total, remaining, stream=stream)
        self._about = store, learner, dataset
        self._before = total - remaining
        self._deadline = deadline
        self._jobs = jobs
        self._quiet = quiet
        self._curve = ""
        self._over = False

    def point(self, outcome: Outcome) -> None:
        """Count a training, and read the curve anew."""
        if outcome.status == "done":
            store, learner, dataset = self._about
            found = read_measurement(store, learner=learner, dataset=dataset)
            table = found.points()
            shown = ", ".join(
                f"{n}: {s:.2f}" for n, s in zip(table["size"], table["score"], strict=True)
            )
            self._curve = f"; {found.kind} mAP50-95 {shown}"
        super().point(outcome)

    def note(self, text: str) -> None:
        if not self._quiet:
            super().note(text)

    def show(self, *, last: bool = False) -> None:
        self._over = last
        if not self._quiet:
            super().show(last=last)

    def line(self) -> str:
        """Say how far the pilot is."""
        done = self._before + self.measured
        left, seconds = self._left(done)
        cells = round(_CELLS * done / max(1, done + left))
        bar = "#" * cells + "." * (_CELLS - cells)
        failed = f", {self.failed} failed" if self.failed else ""
        when = f", {seconds / 60:.0f} min left" if left else ""
        if self._over:
            when = ", no time is left for more" if left else ""
        elif left and not self.measured:
            when = ", one is trained to see how long it takes"
        return f"[{bar}] {done} of {done + left} trainings{failed}{when}{self._curve}"

    def _left(self, done: int) -> tuple[int, float]:
        """Tell how many trainings there is time for, and how long they take, seconds."""
        remaining = self.total - done
        if self._over:
            return remaining, 0.0
        seconds = self._deadline - time.time()
        if not self.measured:
            return remaining, seconds
        each = (time.monotonic() - self._began) / self.measured * min(self._jobs, self.measured)
        rounds = max(0, int(seconds / each)) if seconds < float("inf") else remaining
        left = min(remaining, rounds * self._jobs)
        return left, each * -(-left // self._jobs)
