"""What was measured of a learner on a labelled data set: trainings, points, standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ptssp_sklearn.measuring.trainings.store import FILE, Store

KINDS = ("mask", "box")
"""Kinds of mAP, the one that is asked for by default first."""

_USUAL_SPREAD = 0.035
_USUAL_SIZE = 16.0
_USUAL_SLOPE = -0.25
_USUAL_WEIGHT = 4.0
"""What is expected of trainings on other images: spread at 16, power of the size, its worth."""

_LOW_SCORE = 0.1
_LEAST_ROOM = 0.3


@dataclass(frozen=True)
class Measurement:
    """A measured pilot.

    Attributes
    ----------
    dataset, learner : str
        Names.
    tested : str
        How scores were measured, in words.
    trainings : DataFrame
        A row a training and kind of mAP: ``size``, ``repeat``, ``kind`` (mask or box),
        ``map50_95``, ``map50``, ``map75``, ``n_test``, ``n_objects``, ``seconds``, and
        ``resampled``, an array of shape (2, n_draws): mAP50-95 and mAP50 of test images
        drawn anew.
    failed : DataFrame
        Trainings that failed: ``size``, ``repeat`` and ``reason``.
    """

    dataset: str
    learner: str
    tested: str
    trainings: pd.DataFrame
    failed: pd.DataFrame

    @classmethod
    def load(
        cls, path: str | Path, *, dataset: str | None = None, learner: str | None = None
    ) -> Measurement:
        """Read what was measured.

        Parameters
        ----------
        path : str or Path
            The folder given as ``out``, or the store in it.
        dataset, learner : str, optional
            Names, needed where several were measured into one store.

        Raises
        ------
        ValueError
            If there is no such store, or it does not say which of several is meant.
        """
        file = Path(path) / FILE if Path(path).is_dir() else Path(path)
        if not file.is_file():
            raise ValueError(
                f"Got '{path}', expected the folder of a measured pilot: there is no '{file}'. "
                "Measure one with: ptssp measure DATASET --target 0.6"
            )
        store = Store(file)
        try:
            return read_measurement(store, dataset=dataset, learner=learner)
        finally:
            store.close()

    @property
    def kind(self) -> str:
        """Whether scores are of masks or of boxes: of masks where they were measured."""
        kinds = set(self.trainings["kind"])
        return next((kind for kind in KINDS if kind in kinds), KINDS[-1])

    def points(self, metric: str = "map50_95", kind: str | None = None) -> pd.DataFrame:
        """Average the trainings of each size.

        Parameters
        ----------
        metric : {"map50_95", "map50"}
        kind : {"mask", "box"}, optional
            By default that of `kind`.

        Returns
        -------
        points : DataFrame
            A row a size, ascending: ``size`` (images), ``score`` (a fraction), ``error``
            (its standard error, of other training images, another seed and other test
            images), ``n_trainings`` and ``n_test`` (images that one training was tested on).

        Raises
        ------
        ValueError
            If nothing was measured of the kind, or there is no such metric.
        """
        if metric not in ("map50_95", "map50"):
            raise ValueError(f"Got metric={metric!r}, expected map50_95 or map50.")
        kind = kind or self.kind
        rows = self.trainings[self.trainings["kind"] == kind]
        if rows.empty:
            raise ValueError(f"Got kind={kind!r}, but of {self.learner!r} {self._has()}.")
        return _points(rows, metric)

    def pilot(
        self, metric: str = "map50_95", kind: str | None = None
    ) -> list[tuple[float, float, float]]:
        """Give the points as ``pilot=`` takes them: size, score, standard error."""
        table = self.points(metric, kind)
        columns = (table["size"], table["score"], table["error"])
        return [(float(n), float(s), float(e)) for n, s, e in zip(*columns, strict=True)]

    def _has(self) -> str:
        kinds = " and ".join(dict.fromkeys(self.trainings["kind"]))
        return f"{kinds} mAP was measured" if kinds else "no training has finished"


def read_measurement(
    store: Store, *, dataset: str | None = None, learner: str | None = None
) -> Measurement:
    """Read what was measured out of an open store; see `Measurement.load`."""
    points = store.points()
    if dataset is not None:
        points = points[points["dataset"] == dataset]
    if learner is not None:
        points = points[points["learner"] == learner]
    pairs = points[["bank", "dataset", "learner"]].drop_duplicates()
    if len(pairs) != 1:
        _refuse(store, points, dataset, learner)
    bank, dataset, learner = pairs.iloc[0]
    scores = store.scores(bank)
    mine = scores[(scores["dataset"] == dataset) & (scores["learner"] == learner)]
    timed = points[["size", "repeat", "seconds"]]
    record = next((r for r in store.records(bank) if r["name"] == dataset), {})
    failed = points.loc[points["status"] == "failed", ["size", "repeat", "reason"]]
    rows = mine.drop(columns=["bank", "learner", "dataset"]).merge(timed, on=["size", "repeat"])
    return Measurement(dataset, learner, record.get("tested", ""), rows, failed)


def _refuse(store: Store, points: pd.DataFrame, dataset: Any, learner: Any) -> None:
    names = [f"{row.learner} on {row.dataset}" for row in points.drop_duplicates(
        ["dataset", "learner"]).itertuples()]  # fmt: skip
    if names:
        raise ValueError(
            f"Got '{store.path}', in which {', '.join(names)} were measured. Say which: give "
            f"learner or dataset, or --pilot {store.path.parent}:{points['learner'].iloc[0]}."
        )
    asked = "".join(f" of {name!r}" for name in (learner, dataset) if name is not None)
    raise ValueError(f"Got '{store.path}', in which no training{asked} has finished yet.")


def _points(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    place = ("map50_95", "map50").index(metric)
    found = []
    spread = _training_spread(rows, metric)
    for size, group in _by_size(rows):
        score = float(np.average(group[metric], weights=group["n_test"]))
        draws = np.stack([draws[place] for draws in group["resampled"]])
        weights = np.where(np.isfinite(draws), group["n_test"].to_numpy()[:, None], 0.0)
        means = (np.nan_to_num(draws) * weights).sum(axis=0) / np.maximum(weights.sum(axis=0), 1)
        tests = float(np.var(means[weights.sum(axis=0) > 0]))
        own = (spread * _usual(size, score)) ** 2 / len(group)
        least = 0.5 / max(1, int(group["n_objects"].max()))
        found.append({
            "size": size, "score": score, "error": max(float(np.sqrt(tests + own)), least),
            "n_trainings": len(group), "n_test": int(group["n_test"].max()),
        })  # fmt: skip
    return pd.DataFrame(found)


def _by_size(rows: pd.DataFrame) -> list[tuple[int, pd.DataFrame]]:
    return [(int(size), rows[rows["size"] == size]) for size in np.unique(rows["size"])]


def _training_spread(rows: pd.DataFrame, metric: str) -> float:
    """Compare the spread of repeats with the usual one, which counts like four repeats more."""
    total, count = _USUAL_WEIGHT, _USUAL_WEIGHT
    for size, group in _by_size(rows):
        usual = _usual(size, float(group[metric].mean()))
        total += float(((group[metric] - group[metric].mean()) ** 2).sum()) / usual**2
        count += len(group) - 1
    return float(np.sqrt(total / count))


def _usual(size: float, score: float) -> float:
    """Give the usual spread of trainings on other images, less where a score is near 0."""
    room = float(np.clip(np.sqrt(max(score, 0.0) / _LOW_SCORE), _LEAST_ROOM, 1.0))
    return _USUAL_SPREAD * (size / _USUAL_SIZE) ** _USUAL_SLOPE * room
