"""Which trainings a bank needs, in which order, and which of them may start."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

TOLERANCE = 0.005
FLOOR = 0.05


@dataclass(frozen=True)
class Task:
    """One point of one learning curve: a training to run.

    Attributes
    ----------
    bank, learner, dataset : str
    size : int
        Training images.
    repeat : int
        Number of the order of training images, from 0.
    before : int or None
        The size before it on its curve.
    """

    bank: str
    learner: str
    dataset: str
    size: int
    repeat: int
    before: int | None = None

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        """What tells the task from all others in a store."""
        return self.bank, self.learner, self.dataset, self.size, self.repeat

    def seed(self, base: int) -> int:
        """Derive the seed of the training, the same on every machine."""
        text = "|".join(map(str, (base, self.bank, self.dataset, self.size, self.repeat)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


@dataclass(frozen=True)
class Known:
    """What is known of a finished point: its status and, where done, its mAP50-95."""

    status: str
    score: float | None = None
    reason: str = ""


def training_sizes(schedule: str, max_size: int) -> list[int]:
    """List the training-set sizes of a schedule.

    Parameters
    ----------
    schedule : str
        ``log`` (powers of two from 2), ``fibonacci``, or sizes such as ``2,4,8``.
    max_size : int
        The largest size of ``log`` and ``fibonacci``, images.

    Raises
    ------
    ValueError
        If the schedule is none of these, or leaves no size.

    Examples
    --------
    >>> training_sizes("log", 20), training_sizes("fibonacci", 20), training_sizes("8,2", 0)
    ([2, 4, 8, 16], [2, 3, 5, 8, 13], [2, 8])
    """
    if schedule not in ("log", "fibonacci"):
        return _explicit(schedule)
    sizes: list[int] = []
    following = 2
    while following <= max_size:
        sizes.append(following)
        if schedule == "log":
            following *= 2
        else:
            following += sizes[-2] if len(sizes) > 1 else 1
    if not sizes:
        raise ValueError(f"Got a largest size of {max_size} images, expected at least 2.")
    return sizes


def _explicit(text: str) -> list[int]:
    try:
        sizes = sorted({int(part) for part in text.split(",")})
    except ValueError:
        sizes = []
    if not sizes or sizes[0] < 1:
        raise ValueError(
            f"Got the sizes {text!r}, expected log, fibonacci or numbers of images such as 2,4,8."
        )
    return sizes


def plan(
    bank: str, learner: str, datasets: Iterable[str], sizes: Sequence[int], repeats: int
) -> list[Task]:
    """List the tasks of a bank: dataset by dataset, small sizes first."""
    return [
        Task(bank, learner, dataset, size, repeat, before)
        for dataset in datasets
        for before, size in zip([None, *sizes], sizes, strict=False)
        for repeat in range(repeats)
    ]


@dataclass(frozen=True)
class Rules:
    """When a task may start, given the smaller sizes of its curve.

    Attributes
    ----------
    incremental : bool
        Every size starts from the weights of the size before it.
    stop_flat : int or None
        A curve that has been flat for so many sizes is not measured further.
    """

    incremental: bool = False
    stop_flat: int | None = None

    def judge(self, task: Task, curve: Mapping[int, Known]) -> Known:
        """Decide on a task.

        Parameters
        ----------
        task : Task
        curve : mapping of int to Known
            The finished points of its curve by size.

        Returns
        -------
        verdict : Known
            Status ``start`` or ``wait``; or what to record in place of a training.
        """
        if task.before is None or not (self.incremental or self.stop_flat):
            return Known("start")
        before = curve.get(task.before)
        if before is None:
            return Known("wait")
        if self.incremental and before.status == "failed":
            return Known("failed", reason=f"size {task.before}, which it starts from, failed")
        if self.stop_flat and self._is_flat(task, curve):
            return Known("flat", reason=f"the curve is flat up to size {task.before}")
        return Known("start")

    def _is_flat(self, task: Task, curve: Mapping[int, Known]) -> bool:
        """Tell whether the curve has levelled off, which one still on the ground has not."""
        smaller = [curve[size] for size in sorted(curve) if size < task.size]
        if smaller[-1].status == "flat":
            return True
        last = smaller[-1 - (self.stop_flat or 0) :]
        scores = [point.score for point in last if point.score is not None]
        if len(scores) <= (self.stop_flat or 0):
            return False
        return max(scores) - min(scores) <= TOLERANCE and max(scores) >= FLOOR
