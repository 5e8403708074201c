"""The published points as the bank keeps them: one vocabulary, and what is no fine-tuning marked.

The table (2,281 points of 29 sources) was gathered by hand and by scripts from papers,
model zoos and benchmark repositories; see the description of the bank for what each part is.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ptssp_sklearn.bayes.learners import find_learner

_PRETRAINING = {
    "none (from scratch)": "none",
    "VOC base classes from scratch": "none",
    "ImageNet": "imagenet",
    "ImageNet + COCO base classes": "imagenet",
    "ImageNet + VOC base classes": "imagenet",
    "not stated (baseline quoted from arXiv:2307.11035)": "imagenet",
    "COCO": "coco",
    "COCO base": "coco",
    "COCO base (see method)": "coco",
    "COCO (contains the novel classes)": "coco",
    "COCO + 7 other farms": "coco",
    "not stated (library default: COCO)": "coco",
    "O365": "objects365",
    "Objects365": "objects365",
}
"""What is none of these is Objects365 with boxes of texts: grounding."""

_REASONS = {
    "linear or prompt tuning": r"linear probing|prompt tuning",
    "few-shot protocol": r"novel class|few-shot|one annotation per picture",
    "domain shift": r"domain shift|leave one farm|new-farm|falls with more synthetic",
    "semi-supervised": r"NOT a supervised",
    "adapted on few images": r"base model without adaptation",
    "failed run": r"failed run",
    "another recipe": r"another recipe",
    "doubtful": r"UNRELIABLE|DOUBTFUL",
}
_NO_DETECTOR = ("CD-FSOD 1-shot", "CD-ViTO reproduction", "YOLO11 few-shot VOC")

COLUMNS = [
    "dataset",
    "group",
    "learner",
    "pretraining",
    "task",
    "metric",
    "size",
    "size_kind",
    "n_classes",
    "score",
    "excluded",
    "source",
    "note",
]


def read_published(path: str | Path) -> pd.DataFrame:
    """Read the published points.

    Parameters
    ----------
    path : str or Path
        The CSV, with the columns source, dataset, group, learner, pretrained_on, task,
        metric, size, size_kind, n_classes, score and note.

    Returns
    -------
    points : DataFrame
        The columns of `COLUMNS`: ``pretraining`` in the words of
        `ptssp_sklearn.bayes.learners.PRETRAININGS`; ``excluded`` says why a point is no
        ordinary fine-tuning, and is empty where it is.
    """
    points = pd.read_csv(path)
    points["pretraining"] = points["pretrained_on"].map(_PRETRAINING).fillna("grounding")
    points["learner"] = [
        _learner_name(name, trained)
        for name, trained in zip(points["learner"], points["pretraining"], strict=True)
    ]
    points["excluded"] = _excluded(points)
    points["task"] = points["task"].astype(str)
    return points[COLUMNS].reset_index(drop=True)


def ordinary(points: pd.DataFrame) -> pd.DataFrame:
    """Leave out what is no ordinary fine-tuning."""
    return points[points["excluded"] == ""]


def _learner_name(name: str, pretraining: str) -> str:
    """Give a learner one name, whether fine-tuned or asked before the first image."""
    name = name.removesuffix(" zero-shot").removesuffix(" fine-tuned")
    name = f"{name} (from scratch)" if name.startswith("YOLOv12") else name
    try:
        known = find_learner(name)
    except ValueError:
        return name
    return known.name if known.pretraining == pretraining else name


def _excluded(points: pd.DataFrame) -> pd.Series:
    reasons = pd.Series("", index=points.index)
    for reason, pattern in _REASONS.items():
        reasons[points["note"].str.contains(pattern)] = reason
    reasons[points["source"].isin(_NO_DETECTOR)] = "few-shot protocol"
    reasons[points["learner"].str.contains("frozen|head$", regex=True)] = "few-shot protocol"
    reasons[points["metric"] == "ap"] = "metric not stated"
    return reasons
