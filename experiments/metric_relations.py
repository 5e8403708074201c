"""Fit how mAP50 goes with mAP50-95 in the banks: ``python -m experiments.metric_relations``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from ptssp_sklearn import load_curve_bank
from ptssp_sklearn.bayes.hierarchy.points import METRICS, MetricRelation

FILE = Path("ptssp_sklearn/data/metric_relations.json")
OF_MASKS = ("procedural", "procedural-2", "cutpaste")


def relations() -> dict[str, MetricRelation]:
    """Fit the relation of boxes to published detectors, of masks to the banks with images."""
    masks = pd.concat([_points(name, metric) for name in OF_MASKS for metric in METRICS])
    boxes = load_curve_bank("detectors").points
    return {"boxes": MetricRelation.fit(boxes), "masks": MetricRelation.fit(masks)}


def _points(name: str, metric: str) -> pd.DataFrame:
    """List the scores of a bank in the columns that `MetricRelation.fit` reads."""
    curves = load_curve_bank(name, metric=metric).y.rename_axis(index="group")
    long = curves.reset_index().melt(id_vars="group", var_name="size", value_name="score")
    return long.dropna().assign(learner=name, metric=metric).astype({"size": float})


def run(out: Annotated[Path, typer.Option(help="The file.")] = FILE) -> None:
    """Fit and write the relations."""
    found = {
        name: {key: round(value, 4) for key, value in asdict(relation).items()}
        for name, relation in relations().items()
    }
    out.write_text(json.dumps(found, indent=1) + "\n")
    typer.echo(out.read_text())


if __name__ == "__main__":
    typer.run(run)
