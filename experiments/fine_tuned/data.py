"""What is known of fine-tuned detectors: published points, and photographs with their images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.fine_tuned.cases import Case
from ptssp_sklearn import load_curve_bank
from ptssp_sklearn._typing import Array

IMAGE_LEARNER = "YOLOv5n"
"""Whose box scores the photographs' curves are."""

BANKS = ("detectors", "photographs")


@dataclass(frozen=True)
class Known:
    """Points of both banks, and features of the images of one.

    Parameters
    ----------
    points : DataFrame
        One row a score: group, learner, pretraining, metric, size, score.
    features : DataFrame of shape (n_draws, n_features)
        The index names the groups.
    draws : DataFrame
        Columns dataset, n_images, labels and seed, a row a draw.
    """

    points: pd.DataFrame
    features: pd.DataFrame
    draws: pd.DataFrame

    def without(self, groups: list[str]) -> Known:
        """Leave groups out."""
        kept = ~self.features.index.isin(groups)
        points = self.points[~self.points["group"].isin(groups)]
        return Known(points, self.features[kept], self.draws[kept])

    def rows(self, group: str, n_images: int, labels: str) -> Array:
        """Give the features of a group's draws of one kind, shape (n_draws, n_features).

        Parameters
        ----------
        group : str
        n_images : int
        labels : {"given", "masks", "boxes", "none"}
            "given": boxes or masks, as the data set has them.
        """
        own = (self.draws["dataset"] == group) & (self.draws["n_images"] == n_images)
        kinds = self.draws.loc[own, "labels"].unique()
        kind = ("masks" if "masks" in kinds else "boxes") if labels == "given" else labels
        found = self.features.to_numpy(dtype=float)[own & (self.draws["labels"] == kind)]
        return np.asarray(found)


def parted(cases: list[Case], known: Known) -> tuple[list[Case], list[Case]]:
    """Part published curves from those of photographs, of which the boxes' are asked about."""
    photographed = [case for case in cases if case.group in known.features.index]
    published = [case for case in cases if case.group not in known.features.index]
    return published, [case for case in photographed if case.learner == IMAGE_LEARNER]


def load_known() -> Known:
    """Load both banks; photographs are named by what they show."""
    detectors, photographs = (load_curve_bank(name) for name in BANKS)
    published = detectors.points.assign(schedule="")
    shared = [name for name in published.columns if name in photographs.points.columns]
    shows = photographs.records.groupby("dataset")["shows"].first()
    seen = photographs.points[shared].assign(group=photographs.points["group"].map(shows))
    return Known(
        pd.concat([published[shared], seen], ignore_index=True),
        photographs.features.rename(index=shows),
        photographs.draws.assign(dataset=photographs.draws["dataset"].map(shows)),
    )
