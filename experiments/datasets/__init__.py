"""Segmentation datasets a learning curve can be measured on, each made from its record."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ptssp_sklearn.measuring.learner import Dataset

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
        Plain values only: it travels as JSON to other processes and machines. Its kind is
        ``procedural``, ``cutpaste``, ``yolo``, or ``package.module:Class`` of your own.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    kind = str(record["kind"])
    home = _HOMES.get(kind, kind if ":" in kind else None)
    if home is None:
        raise ValueError(
            f"Got a record of kind {kind!r}, expected {', '.join(_HOMES)} or package.module:Class."
        )
    module, _, attribute = home.partition(":")
    return getattr(import_module(module), attribute)(record)
