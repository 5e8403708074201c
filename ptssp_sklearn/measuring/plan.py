"""What a pilot measures: a data set, a learner, the trainings and their order, the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ptssp_sklearn.datasets import LabelledDataset
from ptssp_sklearn.measuring.labelled import Labelled, label_digest
from ptssp_sklearn.measuring.learner import Budget
from ptssp_sklearn.measuring.learners.choice import LearnerChoice
from ptssp_sklearn.measuring.sizes import automatic_trainings, read_sizes
from ptssp_sklearn.measuring.trainings.campaign import Campaign
from ptssp_sklearn.measuring.trainings.schedule import Task
from ptssp_sklearn.measuring.trainings.worker import Setup

BANK = "pilot"


@dataclass(frozen=True)
class Plan:
    """A pilot to measure: what, with which learner, for how long.

    Attributes
    ----------
    labelled : Labelled
    name : str
        Name of the data set.
    choice : LearnerChoice
    budget : Budget
    trainings : list of (size, repeat)
        In the order they start in.
    minutes : float
    seed : int
    """

    labelled: Labelled
    name: str
    choice: LearnerChoice
    budget: Budget
    trainings: Sequence[tuple[int, int]]
    minutes: float
    seed: int

    def campaign(self, threads: int | None, deadline: float) -> Campaign:
        """Tie up the trainings for the store."""
        record = self.labelled.record(self.name)
        tasks = [
            Task(BANK, self.choice.name, self.name, size, repeat) for size, repeat in self.trainings
        ]
        setup = Setup(
            self.labelled, self.choice.make, self.budget, self.seed, threads=threads,
            deadline=deadline,
        )  # fmt: skip
        noted = {
            "learner": self.choice.noted,
            "steps": self.budget.steps,
            "batch_size": self.budget.batch_size,
            "seed": self.seed,
        }
        return Campaign(tasks, {self.name: record}, setup, noted, again=("failed",))


def plan_pilot(
    dataset: LabelledDataset,
    choice: LearnerChoice,
    budget: Budget,
    sizes: str | Sequence[int],
    repeats: str | int,
    minutes: float,
    seed: int,
) -> Plan:
    """Plan a pilot.

    Parameters
    ----------
    dataset : LabelledDataset
    choice : LearnerChoice
    budget : Budget
    sizes, repeats, minutes, seed
        As of `ptssp_sklearn.measuring.measure_pilot`.

    Raises
    ------
    ValueError
        If minutes, sizes or repeats are none, or there are too few images.
    """
    if not minutes > 0:
        raise ValueError(f"Got minutes={minutes:g}, expected a number above 0, such as 30.")
    labelled = Labelled(label_digest(dataset), choice.side, seed, dataset)
    sampling = labelled.sampling()
    chosen = read_sizes(sizes, sampling.n_train)
    if repeats == "auto":
        trainings = automatic_trainings(chosen, sampling.n_folds, len(sampling.pool))
    else:
        trainings = [(size, repeat) for repeat in range(_count(repeats)) for size in chosen]
    root = Path(dataset.root).resolve()
    name = (root.name if root.is_dir() else root.stem) or "dataset"
    return Plan(labelled, name, choice, budget, trainings, minutes, seed)


def _count(repeats: str | int) -> int:
    try:
        number = int(repeats)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        raise ValueError(f"Got repeats={repeats!r}, expected auto or a number from 1 on.")
    return number
