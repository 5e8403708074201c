"""The curves of the bank photographs: YOLOv5n, trained on COCO, fine-tuned on each data set."""

from __future__ import annotations

import functools
import hashlib
import time
from pathlib import Path
from typing import Any

from experiments.datasets.photographs import Photographs
from ptssp_sklearn.measuring.learner import Budget
from ptssp_sklearn.measuring.learners.yolo import YoloLearner
from ptssp_sklearn.measuring.trainings.campaign import Campaign
from ptssp_sklearn.measuring.trainings.schedule import Task
from ptssp_sklearn.measuring.trainings.store import Store
from ptssp_sklearn.measuring.trainings.worker import Setup
from ptssp_sklearn.pipeline.provenance import code_version

BANK, LEARNER = "photographs", "yolov5n-coco"
SETTINGS: dict[str, Any] = {
    "weights": "yolov5n.yaml",
    "task": "labels",
    "side": 256,
    "precision": "auto",
}
BUDGET = Budget(steps=300, batch_size=8)
ROUNDS = ((4, 0), (16, 0), (64, 0), (8, 0), (32, 0), (128, 0), (256, 0))
REPEATS = ((4, 1), (8, 1), (16, 1))
"""Size and repeat of every data set's trainings, all data sets of one before the next."""


def measure(data: Path, start: Path, out: Path, *, jobs: int, device: str, minutes: float) -> bool:
    """Measure what is open; tell whether no training failed.

    Parameters
    ----------
    data : Path
        Folder of the data sets' zips.
    start : Path
        Weights that every training starts from.
    out : Path
        Folder of the store.
    jobs : int
        Worker processes, a thread each.
    device : str
    minutes : float
        No training is started after so many.
    """
    photographs = Photographs(data.resolve())
    records = {record["name"]: record for record in photographs.records()}
    start = start.resolve()
    setup = Setup(
        photographs,
        functools.partial(YoloLearner, start=str(start), device=device, **SETTINGS),
        BUDGET,
        threads=1,
        deadline=time.time() + 60 * minutes,
    )
    campaign = Campaign(tasks(records), records, setup, _noted(start))
    store = Store(out / f"{BANK}.sqlite", code=code_version())
    try:
        return not campaign.run(store, jobs=jobs).failed
    finally:
        store.close()


def tasks(records: dict[str, dict[str, Any]]) -> list[Task]:
    """List the trainings, breadth first: each size of all data sets that have so many images."""
    return [
        Task(BANK, LEARNER, name, size, repeat)
        for size, repeat in (*ROUNDS, *REPEATS)
        for name, record in records.items()
        if size <= record["n_train"]
    ]


def _noted(start: Path) -> dict[str, Any]:
    """Collect what must not change while the bank is measured; of a file, its content."""
    return {
        **SETTINGS,
        "start": hashlib.sha256(start.read_bytes()).hexdigest(),
        "steps": BUDGET.steps,
        "batch_size": BUDGET.batch_size,
        "protocol": "AdamW 1e-3, linear to 1e-5, warm-up 30 steps, mosaic but in the last fifth",
        "scored": "given test split, conf 0.001, NMS 0.7, COCO mAP at the images' own size",
    }
