"""One training from its order to its scores: what runs in a worker."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ptssp_sklearn.measuring.learner import Budget, Dataset, Job, Learner, Model, Sample
from ptssp_sklearn.measuring.learners.scorer import Scorer
from ptssp_sklearn.measuring.scoring import score_predictions
from ptssp_sklearn.measuring.trainings.schedule import Task
from ptssp_sklearn.measuring.trainings.store import Outcome


@dataclass(frozen=True)
class Setup:
    """What all trainings of a run share.

    Attributes
    ----------
    make_dataset : callable
        Makes a dataset of its record; it travels to workers by its name.
    make_learner : callable
        Makes the learner; so does it.
    budget : Budget
    seed : int
        Base of all seeds.
    incremental : bool
        Start from the weights of the size before, and train on the new images only.
    threads : int or None
        Threads a training may use.
    deadline : float
        No training starts after it, seconds since the epoch.
    """

    make_dataset: Callable[[dict[str, Any]], Dataset]
    make_learner: Callable[[], Learner | Scorer]
    budget: Budget = field(default_factory=Budget)
    seed: int = 0
    incremental: bool = False
    threads: int | None = None
    deadline: float = float("inf")


@dataclass(frozen=True)
class Order:
    """A task with all that a worker needs to run it.

    Attributes
    ----------
    task : Task
    record : str
        The record of its dataset, as JSON.
    start : bytes or None
        Weights to start from.
    """

    task: Task
    record: str
    start: bytes | None = None


def measure(setup: Setup, orders: Sequence[Order]) -> list[Outcome | Task]:
    """Run one or several trainings side by side, and never raise.

    Returns
    -------
    outcomes : list of Outcome or Task
        A bare task is one that was not started, the deadline being over.
    """
    if time.time() > setup.deadline:
        return [order.task for order in orders]
    with _threads(setup.threads):
        if len(orders) > 1 and not setup.incremental:
            with contextlib.suppress(Exception):
                return list(_measure_stack(setup, orders))
        return [_measure_one(setup, order) for order in orders]


def _measure_one(setup: Setup, order: Order) -> Outcome:
    task = order.task
    seed = task.seed(setup.seed)
    try:
        dataset = _loaded(setup.make_dataset, order.record)
        learner = setup.make_learner()
        began = time.perf_counter()
        if isinstance(learner, Scorer):
            found = learner.measure(dataset, task.size, task.repeat, seed)  # type: ignore[arg-type]
            return Outcome(task, "done", seed, found, time.perf_counter() - began)
        samples = _samples(setup, order, dataset)
        model = learner.fit(
            samples,
            n_classes=len(dataset.class_names),
            budget=setup.budget,
            seed=seed,
            start=order.start,
        )
        seconds = time.perf_counter() - began
        weights = model.weights() if setup.incremental else None
        scores = _scores(model, dataset, task)
    except Exception as error:
        return Outcome(task, "failed", seed, reason=describe(error))
    return Outcome(task, "done", seed, scores, seconds, weights=weights)


def _measure_stack(setup: Setup, orders: Sequence[Order]) -> list[Outcome]:
    """Train side by side; if any training fails, all are run again one by one."""
    datasets = [_loaded(setup.make_dataset, order.record) for order in orders]
    jobs = [
        Job(
            dataset.train(order.task.size, order.task.repeat),
            len(dataset.class_names),
            order.task.seed(setup.seed),
        )
        for dataset, order in zip(datasets, orders, strict=True)
    ]
    began = time.perf_counter()
    learner = setup.make_learner()
    if isinstance(learner, Scorer):
        return [_measure_one(setup, order) for order in orders]
    models = learner.fit_many(jobs, budget=setup.budget)
    seconds = (time.perf_counter() - began) / len(orders)
    return [
        Outcome(order.task, "done", job.seed, _scores(model, dataset, order.task), seconds)
        for order, dataset, job, model in zip(orders, datasets, jobs, models, strict=True)
    ]


def _samples(setup: Setup, order: Order, dataset: Dataset) -> Sequence[Sample]:
    task = order.task
    samples = dataset.train(task.size, task.repeat)
    if not setup.incremental or task.before is None:
        return samples
    if order.start is None:
        raise ValueError(f"no weights of size {task.before} are kept to start from")
    return samples[task.before :]


def _scores(model: Model, dataset: Dataset, task: Task) -> dict[str, Any]:
    samples = dataset.test(task.size, task.repeat)
    predictions = model.predict([sample.image for sample in samples])
    return score_predictions(predictions, samples, dataset.class_names)


@lru_cache(maxsize=2)
def _loaded(make_dataset: Callable[[dict[str, Any]], Dataset], record: str) -> Dataset:
    """Make a dataset once for all its sizes."""
    return make_dataset(json.loads(record))


@contextlib.contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """Let torch, if it is loaded, compute in so many threads; the process may be the user's."""
    torch = sys.modules.get("torch")
    if torch is None or not count:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def describe(error: BaseException) -> str:
    """Tell an error in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__


def start_worker(parent: int) -> None:
    """Make a worker process leave Ctrl-C to its parent, and end when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
