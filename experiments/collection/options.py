"""The command line of `experiments.collect`."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def read_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; a wrong one ends the program with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.collect",
        description="Train a learner on growing subsets of segmentation datasets and record mask "
        "mAP. Run the same command again to go on where it ended.",
    )
    _add_data(parser)
    _add_training(parser)
    _add_running(parser)
    return parser.parse_args(arguments)


def _add_data(parser: argparse.ArgumentParser) -> None:
    data = parser.add_argument_group("data")
    data.add_argument("--bank", required=True, metavar="KIND",
                      help="procedural, cutpaste, yolo, or package.module:function")  # fmt: skip
    data.add_argument("--name", help="name of the bank in the store (default: its kind, of "
                      "procedural procedural-2)")  # fmt: skip
    data.add_argument("--domains", type=positive, metavar="N", help="datasets to measure")
    data.add_argument("--first", type=_natural, default=0, metavar="K",
                      help="leave out the first K datasets")  # fmt: skip
    data.add_argument("--side", type=positive, default=64, help="side of the images, pixels")
    data.add_argument("--cutouts", type=Path, metavar="DIR", help="RGBA cut-outs (cutpaste)")
    data.add_argument("--backgrounds", type=Path, metavar="DIR", help="photographs (cutpaste)")
    data.add_argument("--data", type=Path, metavar="DIR", help="folder of data.yaml (yolo)")
    data.add_argument("--by-class", action="store_true", help="one dataset a class (yolo)")
    data.add_argument("--fractions", type=float, nargs="+", metavar="F",
                      help="split into train and test anew, such as 0.8 0.2 (yolo)")  # fmt: skip
    data.add_argument("--roboflow", metavar="WORKSPACE/PROJECT/VERSION",
                      help="download it first, key in ROBOFLOW_API_KEY (yolo)")  # fmt: skip


def _add_training(parser: argparse.ArgumentParser) -> None:
    training = parser.add_argument_group("training")
    training.add_argument("--learner", default="unet",
                          help="unet, unet-lite0, yolo, or package.module:Class")  # fmt: skip
    training.add_argument("--device", help="such as cpu or cuda")
    training.add_argument("--width", type=positive, help="width of the network")
    training.add_argument("--set", dest="settings", action=_Settings, default={},
                          metavar="NAME=VALUE", help="another setting of the learner")  # fmt: skip
    training.add_argument("--steps", type=positive, default=200, help="optimiser steps")
    training.add_argument("--batch-size", type=positive, default=16, help="images a step")
    training.add_argument("--sizes", default="log",
                          help="log (powers of two), fibonacci, or such as 2,4,8")  # fmt: skip
    training.add_argument("--max-size", type=positive, default=256,
                          help="largest size of log and fibonacci")  # fmt: skip
    training.add_argument("--repeats", type=positive, default=1, help="trainings of each size")
    training.add_argument("--stop-flat", type=positive, metavar="K",
                          help="stop a curve that has been flat for K sizes")  # fmt: skip
    training.add_argument("--warm-start", choices=["incremental"],
                          help="start each size from the one before, on the new images only; "
                          "goes under the bank name with -incremental")  # fmt: skip
    training.add_argument("--seed", type=_natural, default=0)


def _add_running(parser: argparse.ArgumentParser) -> None:
    running = parser.add_argument_group("running")
    running.add_argument("--out", type=Path, required=True, metavar="DIR",
                         help="folder of measurements.sqlite")  # fmt: skip
    running.add_argument("--jobs", type=positive, default=os.cpu_count() or 1,
                         help="worker processes (default: the cores)")  # fmt: skip
    running.add_argument("--stack", type=positive, default=1, metavar="M",
                         help="trainings side by side in a worker, for a GPU")  # fmt: skip
    running.add_argument("--dask", metavar="ADDRESS", help="such as tcp://scheduler:8786")
    running.add_argument("--minutes", type=float, default=float("inf"),
                         help="start no training after so many minutes")  # fmt: skip
    running.add_argument("--track", nargs="?", const="", metavar="URI",
                         help="log every point to MLflow (default: its own setting)")  # fmt: skip
    running.add_argument("--retry-failed", action="store_true", help="try failed points again")


class _Settings(argparse.Action):
    """Collect NAME=VALUE; a value is JSON where it reads as such, else text."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, *_: Any
    ) -> None:
        name, equals, text = str(values).partition("=")
        if not equals or not name.isidentifier():
            parser.error(f"Got --set {values!r}, expected NAME=VALUE.")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        namespace.settings = {**namespace.settings, name: value}


def positive(text: str) -> int:
    """Read a number of 1 or more, for an option of argparse."""
    return _whole_number(text, least=1)


def _natural(text: str) -> int:
    return _whole_number(text, least=0)


def _whole_number(text: str, least: int) -> int:
    if not text.strip().lstrip("+-").isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"got {text}, expected a whole number from {least} on")
    return int(text)
