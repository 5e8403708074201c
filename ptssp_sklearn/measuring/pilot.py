"""Measure a pilot: a learner trained on growing subsets of a labelled data set, and scored."""

from __future__ import annotations

import functools
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib

from ptssp_sklearn.datasets import LabelledDataset, open_dataset
from ptssp_sklearn.exceptions import need_dask
from ptssp_sklearn.measuring.curve_bar import CurveBar
from ptssp_sklearn.measuring.learner import Budget, Learner
from ptssp_sklearn.measuring.learners.choice import choose_learner
from ptssp_sklearn.measuring.measurement import Measurement, read_measurement
from ptssp_sklearn.measuring.mlflow_log import PointLog
from ptssp_sklearn.measuring.plan import BANK, Plan, plan_pilot
from ptssp_sklearn.measuring.trainings.campaign import Campaign
from ptssp_sklearn.measuring.trainings.database import StoreError
from ptssp_sklearn.measuring.trainings.store import FILE, Outcome, Store
from ptssp_sklearn.pipeline.provenance import code_version

STEPS, BATCH_SIZE = 300, 8


def measure_pilot(
    dataset: str | Path | LabelledDataset,
    learner: str | Learner | Callable[..., Any] = "torchvision",
    *,
    minutes: float = 30.0,
    sizes: str | Sequence[int] = "auto",
    repeats: str | int = "auto",
    settings: dict[str, Any] | None = None,
    device: str = "auto",
    steps: int = STEPS,
    batch_size: int = BATCH_SIZE,
    jobs: int | None = None,
    dask: str | None = None,
    out: str | Path | None = None,
    seed: int = 0,
    on_point: Sequence[Callable[[Outcome], None]] = (),
    quiet: bool = False,
) -> Measurement:
    """Train a learner on growing subsets of a labelled data set and score each training.

    Every finished training is stored at once: whatever ends the process, the same call goes
    on with the same `out`. Trainings that failed are tried again by it.

    Parameters
    ----------
    dataset : str, Path or LabelledDataset
        Whatever `ptssp_sklearn.datasets.open_dataset` takes. A test or val split of 30 images
        or more is tested on; without one, images are cross-validated, groups together.
    learner : str, Learner or callable
        ``torchvision``, ``yolo``, a weights file or yaml of ultralytics such as
        ``yolo11n-seg.pt``, ``package.module:Class``; a `Learner`; or a callable
        ``fit_and_score(train, test, seed)`` that takes two labelled data sets and returns a
        score, a pair of score and standard error, or a dict of ``map50_95`` and ``map50``.
    minutes : float, default=30
        No training starts that would not end within them, going by the first. Above 0.
    sizes : "auto", str or sequence of int, images
        By default about log-spaced from 4 up to all that can train, the most telling first.
    repeats : "auto" or int
        Trainings of each size, each on another subset. By default small sizes are repeated,
        and large ones until every image was tested.
    settings : dict, optional
        Arguments of the learner's constructor.
    device : str
        ``auto`` (a GPU where there is one), ``cpu`` or ``cuda``.
    steps, batch_size : int
        Steps of every training, and images a step, whatever its size.
    jobs : int, optional
        Worker processes: by default one a core, or one on a GPU.
    dask : str, optional
        Address of a Dask scheduler, whose workers then do the work.
    out : str or Path, optional
        Folder of the store; by default one that is removed at the end.
    seed : int
    on_point : sequence of callables
        Each is called with every training that finished.
    quiet : bool
        Show no bar.

    Returns
    -------
    measurement : Measurement
        Its points are also logged to the MLflow run that is open, where there is one.

    Raises
    ------
    ValueError
        If data set, learner, minutes or sizes are not usable, or every training failed.
    StoreError
        If `out` holds measurements of another data set, or of other labels or settings.
    """
    opened = dataset if isinstance(dataset, LabelledDataset) else open_dataset(dataset)
    if dask is not None:
        need_dask()
    choice = choose_learner(learner, settings or {}, device, here=dask is None)
    plan = plan_pilot(opened, choice, Budget(steps, batch_size), sizes, repeats, minutes, seed)
    with _folder(out) as folder:
        store = Store(folder / FILE, code=code_version())
        try:
            log = PointLog()
            plan = replace(plan, name=_name(store, plan))
            _run(plan, store, jobs=jobs, dask=dask, on_point=[log, *on_point], quiet=quiet)
            found = read_measurement(store, dataset=plan.name, learner=choice.name)
        finally:
            store.close()
    if found.trainings.empty:
        raise ValueError(f"Got no training that succeeded: {found.failed['reason'].iloc[0]}")
    log.finish(found)
    return found


def _name(store: Store, plan: Plan) -> str:
    """Name the data set as the store does, in which no other may be.

    Raises
    ------
    StoreError
        If it holds another.
    """
    for record in store.records(BANK):
        if record["content"] == plan.labelled.digest:
            return str(record["name"])
        if record["name"] != plan.name:
            raise StoreError(
                f"Got the data set {plan.name!r}, but {store.path} holds measurements of "
                f"{record['name']!r}. Give another folder as --out."
            )
    return plan.name


def _run(
    plan: Plan,
    store: Store,
    *,
    jobs: int | None,
    dask: str | None,
    on_point: Sequence[Callable[[Outcome], None]],
    quiet: bool,
) -> None:
    """Time the first trainings, then run those that end within the minutes."""
    began = time.time()
    deadline = began + 60 * plan.minutes
    cores = joblib.cpu_count()
    jobs = jobs or (cores if plan.choice.device == "cpu" else 1)
    whole = plan.campaign(None if dask else training_threads(cores, jobs), deadline)
    whole.register(store)
    waiting = whole.open(store)
    bar = CurveBar(
        store, plan.choice.name, plan.name, total=len(whole.tasks), remaining=len(waiting),
        deadline=deadline, jobs=jobs, quiet=quiet,
    )  # fmt: skip
    run = functools.partial(
        Campaign.run, store=store, jobs=jobs, dask=dask, on_point=on_point, progress=bar
    )
    bar.show()
    run(replace(whole, tasks=waiting[:jobs] or whole.tasks[:1]))
    took = time.time() - began
    if len(waiting) > jobs and deadline - took > time.time():
        rest = replace(whole.setup, deadline=deadline - took)
        run(replace(whole, tasks=waiting[jobs:], setup=rest))
    bar.show(last=True)


def training_threads(cores: int, jobs: int) -> int:
    """Give the threads of one of `jobs` trainings; OMP_NUM_THREADS is the most."""
    threads = max(1, cores // jobs)
    most = os.environ.get("OMP_NUM_THREADS", "")
    return min(threads, int(most)) if most.isdigit() and int(most) else threads


@contextmanager
def _folder(out: str | Path | None) -> Iterator[Path]:
    if out is not None:
        yield Path(out)
        return
    with tempfile.TemporaryDirectory(prefix="ptssp-pilot-") as folder:
        yield Path(folder)
