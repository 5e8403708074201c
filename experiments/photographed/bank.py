"""Write the bank of photographs: scores, features and facts, and no image."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.datasets.photographs import photograph_files
from experiments.fine_tuned.data import IMAGE_LEARNER
from experiments.fine_tuned.training import BACKBONE
from experiments.photographed.features import read_draws
from experiments.photographed.measuring import BANK
from ptssp_sklearn.banks import write_bank
from ptssp_sklearn.bayes.hierarchy.points import SHORT

LEARNERS = {"box": IMAGE_LEARNER, "mask": f"{IMAGE_LEARNER}-seg"}
METRICS = ("map50_95", "map50")

_FACTS = ("source", "commit", "licence", "shows", "kind", "images", "objects")
_MEDIANS = ("median_objects", "median_rel_area")
_DESCRIPTION = """Learning curves of YOLOv5n, trained on COCO, fine-tuned on photographs.

{n_points} scores of {n_groups} data sets of photographs, drone, microscope and scanner images,
gathered from public repositories: mAP50-95 and mAP50 of boxes, and of masks where objects are
outlined. 256 px, batch 8, 300 steps of AdamW at 1e-3, mosaic but in the last fifth; {sizes}
training images in nested subsets, the test images split off by group or by likeness. A repeat is
a training on another subset.

No image is here. "features" are vectors of draws of 1, 2, 4 and 8 labelled training images, as
`ImageEmbedder("{backbone}", missing="nan")` makes them, and "draws" says of how many
images each is, and whether of masks, boxes or no labels. The records say where the images come
from, their licence, and what they show. A data set must not be split between training and
testing.
"""


def write_photographs(data: Path, measured: Path, embedded: Path, out: Path) -> pd.DataFrame:
    """Write the bank ``photographs``.

    Parameters
    ----------
    data : Path
        Folder of the data sets' zips, for their facts.
    measured : Path
        Store of the trainings.
    embedded : Path
        Features of draws; see `read_draws`.
    out : Path
        The archive.

    Returns
    -------
    points : DataFrame
        The scores, a row each.

    Raises
    ------
    ValueError
        If a data set has scores and no features, or no zip.
    """
    features, draws = read_draws(embedded)
    facts = {file.stem: _facts(file) for file in photograph_files(data)}
    points = _points(measured, facts)
    missing = sorted(set(points["dataset"]) - set(features.index))
    if missing:
        raise ValueError(f"Got no features of {missing[0]}, expected those of every data set.")
    records = pd.DataFrame([{"dataset": name, "group": name, **facts[name]} for name in facts])
    write_bank(
        out,
        name=BANK,
        learner=LEARNERS["box"],
        description=_DESCRIPTION.format(
            n_points=len(points),
            n_groups=points["group"].nunique(),
            backbone=BACKBONE,
            sizes=", ".join(map(str, sorted(points["size"].unique()))),
        ),
        points=points,
        records=records[records["dataset"].isin(points["dataset"])],
        features=(features, draws),
    )
    return points


def _facts(file: Path) -> dict[str, Any]:
    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read(f"{file.stem}/meta.json"))
    counts = {"n_classes": len(about["classes"]), "n_train": about["n_train"]}
    return {name: about[name] for name in (*_FACTS, *_MEDIANS)} | counts


def _points(measured: Path, facts: dict[str, dict[str, Any]]) -> pd.DataFrame:
    query = "select dataset, size, repeat, kind, map50_95, map50 from scores where bank = ?"
    with closing(sqlite3.connect(measured)) as store:
        scores = pd.read_sql(query, store, params=(BANK,))
    unknown = sorted(set(scores["dataset"]) - facts.keys())
    if unknown:
        raise ValueError(f"Got scores of {unknown[0]}, expected its zip beside the others.")
    points = scores.melt(
        ["dataset", "size", "repeat", "kind"], METRICS, var_name="metric", value_name="score"
    )
    points = points.assign(
        group=points["dataset"],
        learner=points["kind"].map(LEARNERS),
        pretraining="coco",
        schedule=SHORT,
        task=points["kind"],
        size_kind="images",
        n_classes=points["dataset"].map({name: one["n_classes"] for name, one in facts.items()}),
        excluded="",
        source=points["dataset"].map({name: one["source"] for name, one in facts.items()}),
        note="",
    )
    order = ["dataset", "kind", "metric", "size", "repeat"]
    return points.sort_values(order, ignore_index=True).drop(columns="kind")
