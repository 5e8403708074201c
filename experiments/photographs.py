"""Measure the curves of the bank photographs: python -m experiments.photographs --help."""

from __future__ import annotations

import argparse
import functools
import hashlib
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from experiments.datasets.photographs import Photographs
from ptssp_sklearn.measuring.learner import Budget
from ptssp_sklearn.measuring.learners.yolo import YoloLearner
from ptssp_sklearn.measuring.trainings.campaign import Campaign
from ptssp_sklearn.measuring.trainings.database import StoreError
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; give its exit code."""
    options = _read_options(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        return measure(options)
    except (StoreError, ValueError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2


def measure(options: argparse.Namespace) -> int:
    """Measure what is open, within the minutes given; 1 if a training failed, else 0."""
    photographs = Photographs(options.data.resolve())
    records = {record["name"]: record for record in photographs.records()}
    start = options.start.resolve()
    setup = Setup(
        photographs,
        functools.partial(YoloLearner, start=str(start), device=options.device, **SETTINGS),
        BUDGET,
        threads=1,
        deadline=time.time() + 60 * options.minutes,
    )
    campaign = Campaign(tasks(records), records, setup, _noted(start))
    store = Store(options.out / f"{BANK}.sqlite", code=code_version())
    try:
        return 1 if campaign.run(store, jobs=options.jobs).failed else 0
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


def _read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.photographs",
        description="Fine-tune YOLOv5n, trained on COCO, on 4 to 256 images of every data set of "
        "photographs, and record box and mask mAP. Run the same command again to go on.",
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR",
                        help="folder of the data sets' zips")  # fmt: skip
    parser.add_argument("--start", type=Path, required=True, metavar="FILE",
                        help="yolov5n_coco.safetensors")  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="DIR",
                        help="folder of photographs.sqlite")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=2, help="worker processes, a thread each")
    parser.add_argument("--device", default="cpu", help="such as cpu or cuda")
    parser.add_argument("--minutes", type=float, default=float("inf"),
                        help="start no training after so many minutes")  # fmt: skip
    return parser.parse_args(arguments)


def _stop(number: int, frame: object) -> NoReturn:
    print("\nStopped; what was measured is kept. Run it again to go on.", file=sys.stderr)
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
