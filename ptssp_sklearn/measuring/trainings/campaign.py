"""Trainings registered in a store and run until nothing is open: what every command ties up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ptssp_sklearn.measuring.trainings.leases import Leases
from ptssp_sklearn.measuring.trainings.progress import Progress
from ptssp_sklearn.measuring.trainings.runner import Runner
from ptssp_sklearn.measuring.trainings.schedule import Rules, Task
from ptssp_sklearn.measuring.trainings.store import Outcome, Store
from ptssp_sklearn.measuring.trainings.worker import Setup


@dataclass(frozen=True)
class Campaign:
    """Trainings of one learner on the data sets of one bank.

    Attributes
    ----------
    tasks : list of Task
        In the order they start in.
    records : dict of str to dict
        The record of each data set.
    setup : Setup
    settings : dict
        What must not change while the store is filled.
    stop_flat : int or None
        See `Rules`.
    again : sequence of str
        Statuses of finished points that are measured again.
    """

    tasks: Sequence[Task]
    records: Mapping[str, dict[str, Any]]
    setup: Setup
    settings: dict[str, Any]
    stop_flat: int | None = None
    again: Sequence[str] = field(default_factory=tuple)

    def open(self, store: Store) -> list[Task]:
        """Find the tasks that are not finished."""
        points = store.points(self.tasks[0].bank)
        points = points[~points.status.isin(self.again)]
        names = ["bank", "learner", "dataset", "size", "repeat"]
        finished = set(points[names].itertuples(index=False, name=None))
        return [task for task in self.tasks if task.key not in finished]

    def register(self, store: Store) -> None:
        """Note in a store what is about to be measured; raises as `run` does."""
        first = self.tasks[0]
        store.register(first.bank, first.learner, self.settings, self.records.values())

    def run(
        self,
        store: Store,
        *,
        jobs: int = 1,
        stack: int = 1,
        dask: str | None = None,
        on_point: Iterable[Callable[[Outcome], None]] = (),
        progress: Progress | None = None,
    ) -> Progress:
        """Measure what is open, until nothing is or the deadline is over.

        Parameters
        ----------
        store : Store
        jobs, stack, dask, on_point
            As of `Runner`.
        progress : Progress, optional
            Told of every point; by default one that writes to standard error.

        Returns
        -------
        progress : Progress
            With the numbers of points measured, failed and open.

        Raises
        ------
        StoreError
            If the store was begun with other settings or data sets.
        """
        self.register(store)
        tasks = self.open(store)
        store.reopen(tasks, self.again)
        shown = progress or Progress(len(self.tasks), len(tasks))
        with Leases(store, Rules(self.setup.incremental, self.stop_flat)) as leases:
            Runner(
                store,
                leases,
                tasks,
                dict(self.records),
                self.setup,
                jobs=jobs,
                stack=stack,
                dask=dask,
                progress=shown,
                on_point=list(on_point),
            ).run()
        if progress is None:
            shown.show(last=True)
        return shown
