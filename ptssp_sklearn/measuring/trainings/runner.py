"""The run of a plan: claims tasks, hands them to workers through joblib, writes outcomes."""

from __future__ import annotations

import json
import os
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import joblib
from joblib.externals.loky.process_executor import BrokenProcessPool

from ptssp_sklearn.measuring.trainings.leases import Leases
from ptssp_sklearn.measuring.trainings.progress import Progress
from ptssp_sklearn.measuring.trainings.schedule import Task
from ptssp_sklearn.measuring.trainings.store import Outcome, Store
from ptssp_sklearn.measuring.trainings.worker import Order, Setup, measure, start_worker

CRASHES = 2
OTHERS_SECONDS = 1.0


class Runner:
    """Measures what is open of a plan.

    Parameters
    ----------
    store : Store
    leases : Leases
    tasks : list of Task
    records : dict of str to dict
        The record of each dataset.
    setup : Setup
    jobs : int
        Worker processes; 1 trains in this process.
    stack : int
        Trainings side by side in a worker.
    dask : str or None
        Address of a Dask scheduler, whose workers then do the work.
    progress : Progress
    on_point : list of callables
        Each is called with every outcome once it is written.
    """

    def __init__(
        self,
        store: Store,
        leases: Leases,
        tasks: Sequence[Task],
        records: dict[str, dict[str, Any]],
        setup: Setup,
        *,
        jobs: int = 1,
        stack: int = 1,
        dask: str | None = None,
        progress: Progress,
        on_point: Sequence[Callable[[Outcome], None]] = (),
    ) -> None:
        self.store = store
        self.leases = leases
        self.open = dict.fromkeys(tasks)
        self.records = {name: json.dumps(record) for name, record in records.items()}
        self.setup = setup
        self.jobs = jobs
        self.stack = stack
        self.dask = dask
        self.progress = progress
        self.on_point = list(on_point)
        self._running: set[Task] = set()
        self._claiming = threading.Lock()
        self._crashes: Counter[Task] = Counter()

    def run(self) -> None:
        """Go on until nothing is open or the deadline is over."""
        with self._workers() as size:
            while self.open and not self._late():
                before = len(self.open)
                suspects = [task for task in list(self.open) if self._crashes[task]]
                if self._pass(size, suspects[:1]) or len(self.open) < before:
                    continue
                if not self.leases.others(list(self.open)):
                    break
                time.sleep(OTHERS_SECONDS)

    def _pass(self, size: int, alone: list[Task]) -> int:
        """Work through the tasks that may start, or through one alone; count what came back."""
        over = threading.Event()
        parallel = joblib.Parallel(
            n_jobs=size, pre_dispatch=size, batch_size=1, return_as="generator_unordered"
        )
        outcomes: Any = None
        given = 0
        try:
            outcomes = parallel(self._orders(alone, over))
            for results in outcomes:
                given += len(results)
                for result in results:
                    self._finish(result)
        except BaseException as error:
            self._end(outcomes, over)
            if "Cancelled" in type(error).__name__:
                raise ConnectionError(
                    f"Lost the Dask cluster at {self.dask}. What was measured is safe; run the "
                    "same command again to go on."
                ) from error
            if not _is_crash(error):
                raise
            self._crashed()
            given += 1
        return given

    def _end(self, outcomes: Any, over: threading.Event) -> None:
        """End a pass: from here on it claims nothing."""
        with self._claiming:
            over.set()
        if outcomes is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                outcomes.close()

    def _orders(self, alone: list[Task], over: threading.Event) -> Iterator[Any]:
        """Claim tasks as joblib asks for them, which it does from a thread of its own."""
        while not self._late():
            with self._claiming:
                if over.is_set():
                    return
                tasks = [task for task in alone if task in self.open] if alone else list(self.open)
                claimed, finished = self.leases.claim(tasks, 1 if alone else self.stack)
                self._running.update(claimed)
            for task in finished:
                self._close(task)
            if not claimed:
                return
            yield joblib.delayed(measure)(self.setup, [self._order(task) for task in claimed])

    def _order(self, task: Task) -> Order:
        start = self.store.weights(task) if self.setup.incremental and task.before else None
        return Order(task, self.records[task.dataset], start)

    def _finish(self, result: Outcome | Task) -> None:
        if isinstance(result, Task):
            self._running.discard(result)
            self.leases.release([result])
            return
        self.store.write(result)
        self._running.discard(result.task)
        self._close(result.task)
        self.progress.point(result)
        for hook in self.on_point:
            hook(result)

    def _close(self, task: Task) -> None:
        self.open.pop(task, None)
        self._crashes.pop(task, None)
        self.progress.open = len(self.open)

    def _crashed(self) -> None:
        """Give back what was running; what crashed twice, the second time alone, has failed."""
        lost, self._running = self._running, set()
        self.leases.release(lost)
        alone = len(lost) == 1
        self._crashes.update(lost)
        for task in lost:
            if self._crashes[task] >= CRASHES and alone:
                reason = f"its worker process died {CRASHES} times"
                self._finish(Outcome(task, "failed", task.seed(self.setup.seed), reason=reason))
        self.progress.note(f"A worker process died; {len(lost)} running trainings are repeated.")

    def _late(self) -> bool:
        return time.time() > self.setup.deadline

    @contextmanager
    def _workers(self) -> Iterator[int]:
        """Choose the backend of joblib; give the number of its workers."""
        if self.dask is None:
            workers = joblib.parallel_config(
                backend="loky",
                n_jobs=self.jobs,
                inner_max_num_threads=self.setup.threads,
                initializer=start_worker,
                initargs=(os.getpid(),),
            )
            with workers, warnings.catch_warnings():
                # loky replaces a worker whose memory has grown, and warns of it
                warnings.filterwarnings("ignore", "A worker stopped while", UserWarning)
                yield self.jobs
            return
        from ptssp_sklearn.measuring.trainings.cluster import dask_workers

        with dask_workers(self.dask) as size:
            yield size


def _is_crash(error: BaseException) -> bool:
    """Tell whether a worker died: loky says so by class, Dask by the name of its error."""
    return isinstance(error, BrokenProcessPool) or type(error).__name__ == "KilledWorker"
