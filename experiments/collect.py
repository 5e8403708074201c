"""Measure learning curves into a store: python -m experiments.collect --help."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from experiments.database import StoreError
from experiments.datasets import make_dataset
from experiments.kinds import bank_name, list_records
from experiments.learners import make_learner
from experiments.learners.base import Budget
from experiments.leases import Leases
from experiments.measure import Setup, describe
from experiments.options import read_options
from experiments.progress import Progress
from experiments.runner import Runner
from experiments.schedule import Rules, Task, plan, training_sizes
from experiments.store import Outcome, Store
from ptssp_sklearn.pipeline.provenance import code_version


class Stopped(BaseException):
    """A signal asked the run to end."""

    def __init__(self, number: int) -> None:
        self.number = number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; give its exit code."""
    options = read_options(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        with _tracked(options) as hooks:
            return collect(options, on_point=hooks)
    except Stopped as stop:
        print("\nStopped; what was measured is kept. Run it again to go on.", file=sys.stderr)
        return 128 + stop.number
    except (StoreError, ValueError, OSError, ImportError) as error:
        text = " ".join(str(error).split())
        print(f"error: {text or describe(error)}", file=sys.stderr)
        return 2


@contextmanager
def _tracked(options: argparse.Namespace) -> Iterator[list[Callable[[Outcome], None]]]:
    """Log points to MLflow where that was asked for."""
    if options.track is None:
        yield []
        return
    from experiments.protocol.mlflow_log import CollectionLog

    log = CollectionLog(options.track, f"collect {bank_name(options)}")
    try:
        yield [log]
    finally:
        log.close()


def collect(
    options: argparse.Namespace, *, on_point: Sequence[Callable[[Outcome], None]] = ()
) -> int:
    """Measure all that is open of what the options ask for.

    Returns
    -------
    code : int
        1 if a training failed in this run, else 0.
    """
    deadline = time.time() + 60 * options.minutes
    settings = _learner_settings(options)
    learner = make_learner(options.learner, **settings).name
    sizes = training_sizes(options.sizes, options.max_size)
    records = {record["name"]: record for record in list_records(options)}
    tasks = plan(bank_name(options), learner, records, sizes, options.repeats)
    setup = Setup(
        options.learner,
        settings,
        Budget(options.steps, options.batch_size),
        options.seed,
        incremental=options.warm_start == "incremental",
        threads=None if options.dask else max(1, (os.cpu_count() or 1) // options.jobs),
        deadline=deadline,
    )
    store = Store(options.out / "measurements.sqlite", code=code_version())
    try:
        return _measure(options, store, tasks, records, setup, on_point)
    finally:
        store.close()


def _measure(
    options: argparse.Namespace,
    store: Store,
    tasks: list[Task],
    records: dict[str, dict[str, Any]],
    setup: Setup,
    on_point: Sequence[Callable[[Outcome], None]],
) -> int:
    again = _statuses_to_measure_again(options)
    open_tasks = _open(store, tasks, again)
    _check_datasets(open_tasks, records)
    noted = _noted_settings(options, setup)
    store.register(tasks[0].bank, tasks[0].learner, noted, records.values())
    store.reopen(open_tasks, again)
    progress = Progress(len(tasks), len(open_tasks))
    rules = Rules(setup.incremental, options.stop_flat)
    with Leases(store, rules) as leases:
        Runner(
            store,
            leases,
            open_tasks,
            records,
            setup,
            jobs=options.jobs,
            stack=options.stack,
            dask=options.dask,
            progress=progress,
            on_point=on_point,
        ).run()
    progress.show(last=True)
    return 1 if progress.failed else 0


def _statuses_to_measure_again(options: argparse.Namespace) -> list[str]:
    """Choose: failed points if asked for, flat ones unless --stop-flat is given."""
    failed = ["failed"] if options.retry_failed else []
    return failed if options.stop_flat else [*failed, "flat"]


def _open(store: Store, tasks: list[Task], again: list[str]) -> list[Task]:
    """Find the tasks that are not finished."""
    points = store.points(tasks[0].bank)
    points = points[~points.status.isin(again)]
    names = ["bank", "learner", "dataset", "size", "repeat"]
    finished = set(points[names].itertuples(index=False, name=None))
    return [task for task in tasks if task.key not in finished]


def _check_datasets(tasks: list[Task], records: dict[str, dict[str, Any]]) -> None:
    """Refuse datasets that have fewer images than the largest open size."""
    largest: dict[str, int] = {}
    for task in tasks:
        largest[task.dataset] = max(task.size, largest.get(task.dataset, 0))
    for name, size in largest.items():
        have = make_dataset(records[name]).n_train
        if have < size:
            raise ValueError(
                f"Got the dataset {name!r} with {have} training images, but the largest size is "
                f"{size}. Ask for smaller --sizes (or --max-size), or leave it out."
            )


def _learner_settings(options: argparse.Namespace) -> dict[str, Any]:
    given = {"width": options.width, "device": options.device}
    return {name: value for name, value in given.items() if value is not None} | options.settings


def _noted_settings(options: argparse.Namespace, setup: Setup) -> dict[str, Any]:
    """Collect what must not change while a bank is measured."""
    return {
        "learner": {k: v for k, v in setup.settings.items() if k != "device"},
        "incremental": setup.incremental,
        "steps": setup.budget.steps,
        "batch_size": setup.budget.batch_size,
        "seed": setup.seed,
    }


def _stop(number: int, frame: object) -> NoReturn:
    raise Stopped(number)


if __name__ == "__main__":
    sys.exit(main())
