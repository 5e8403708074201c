"""Segmentation datasets a learning curve can be measured on, each made from its record."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from experiments.datasets.base import Dataset

_HOMES = {
    "procedural": "experiments.datasets.procedural:ProceduralDataset",
    "cutpaste": "experiments.datasets.cutpaste:CutPasteDataset",
    "yolo": "experiments.datasets.yolo:YoloDataset",
}


def make_dataset(record: dict[str, Any]) -> Dataset:
    """Build a dataset from its record, whose ``kind`` names the class.

    Parameters
    ----------
    record : dict
        Plain values only: it travels as JSON to other processes and machines.
    """
    module, _, attribute = _HOMES[record["kind"]].partition(":")
    return getattr(import_module(module), attribute)(record)
