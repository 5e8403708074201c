"""Measure learning curves into a store: python -m experiments.collect --help."""

from __future__ import annotations

import argparse
import functools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from experiments.collection.kinds import bank_name, list_records
from experiments.collection.options import read_options
from experiments.datasets import make_dataset
from experiments.learners import make_learner
from ptssp_sklearn.measuring.learner import Budget
from ptssp_sklearn.measuring.pilot import training_threads
from ptssp_sklearn.measuring.trainings.campaign import Campaign
from ptssp_sklearn.measuring.trainings.database import StoreError
from ptssp_sklearn.measuring.trainings.schedule import Task, plan, training_sizes
from ptssp_sklearn.measuring.trainings.store import Outcome, Store
from ptssp_sklearn.measuring.trainings.worker import Setup, describe
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
    make = functools.partial(make_learner, options.learner, **settings)
    sizes = training_sizes(options.sizes, options.max_size)
    records = {record["name"]: record for record in list_records(options)}
    tasks = plan(bank_name(options), make().name, records, sizes, options.repeats)
    setup = Setup(
        make_dataset,
        make,
        Budget(options.steps, options.batch_size),
        options.seed,
        incremental=options.warm_start == "incremental",
        threads=None if options.dask else training_threads(os.cpu_count() or 1, options.jobs),
        deadline=deadline,
    )
    campaign = Campaign(
        tasks,
        records,
        setup,
        _noted_settings(setup, settings),
        stop_flat=options.stop_flat,
        again=_statuses_to_measure_again(options),
    )
    store = Store(options.out / "measurements.sqlite", code=code_version())
    try:
        _check_datasets(campaign.open(store), records)
        progress = campaign.run(
            store,
            jobs=options.jobs,
            stack=options.stack,
            dask=options.dask,
            on_point=on_point,
        )
    finally:
        store.close()
    return 1 if progress.failed else 0


def _statuses_to_measure_again(options: argparse.Namespace) -> list[str]:
    """Choose: failed points if asked for, flat ones unless --stop-flat is given."""
    failed = ["failed"] if options.retry_failed else []
    return failed if options.stop_flat else [*failed, "flat"]


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


def _noted_settings(setup: Setup, settings: dict[str, Any]) -> dict[str, Any]:
    """Collect what must not change while a bank is measured."""
    return {
        "learner": {k: v for k, v in settings.items() if k != "device"},
        "incremental": setup.incremental,
        "steps": setup.budget.steps,
        "batch_size": setup.budget.batch_size,
        "seed": setup.seed,
    }


def _stop(number: int, frame: object) -> NoReturn:
    raise Stopped(number)


if __name__ == "__main__":
    sys.exit(main())
