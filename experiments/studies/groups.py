"""Results by study, data and settings: what may stand in one row or on one curve."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.studies.curve import Curve, learning_curve
from experiments.studies.results import Result, ResultStore
from experiments.studies.study import Study

EARLIER = "earlier settings"
"""Said of results of `Group.earlier`."""


@dataclass(frozen=True)
class Group:
    """Results of one study on the same data with the same settings."""

    study: Study
    results: tuple[Result, ...]

    @property
    def data(self) -> str:
        """Give the data all results were measured on."""
        return self.results[0].data

    @property
    def learner(self) -> str:
        """Give the network all results were measured with, and whether in an earlier way."""
        return self.results[0].settings["learner"] + (f"; {EARLIER}" if self.earlier else "")

    @property
    def earlier(self) -> bool:
        """Tell whether another recipe than the catalogue's gave the results."""
        known = [setup.settings() for setup in (self.study.full, self.study.stand_in)]
        return self.results[0].settings not in known

    @property
    def curve(self) -> Curve:
        """Give the learning curve, means over the seeds."""
        return learning_curve(self.results, self.study.metric)

    def largest(self) -> tuple[int, float]:
        """Give the largest size and the mean score there."""
        curve = self.curve
        return int(curve.sizes[-1]), float(curve.scores[-1])

    def of_largest(self) -> Result:
        """Give the result of the largest size, of the first seed."""
        return min(self.results, key=lambda r: (-r.size, r.seed))

    def means(self) -> Iterator[tuple[int, dict[str, float]]]:
        """Give each size with the means over the seeds of all scores, epochs and seconds."""
        for size in sorted({r.size for r in self.results}):
            rows = [
                {**r.scores, "epochs": r.epochs, "seconds": r.seconds, "fraction": r.fraction}
                for r in self.results
                if r.size == size
            ]
            yield size, {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def read_groups(studies: Iterable[Study], folder: Path) -> list[Group]:
    """Read what was measured of the studies, in their order."""
    groups = []
    for study in studies:
        found: dict[tuple, list[Result]] = {}
        for result in ResultStore(study.name, folder).read():
            found.setdefault(result.kind, []).append(result)
        groups += [Group(study, tuple(results)) for results in found.values()]
    return groups
