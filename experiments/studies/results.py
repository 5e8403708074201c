"""What was measured: a JSON file a study, written after every training."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path("experiments/studies/results")


@dataclass(frozen=True)
class Result:
    """One training of a study.

    Attributes
    ----------
    data : str
        Which data it was trained and tested on.
    settings : dict
        Learner and recipe.
    fraction : float
        Of the training examples.
    size : int
        Training examples.
    seed : int
    scores, epochs, seconds, history, details
        See `Outcome`.
    machine : str
        Where the seconds were taken.
    """

    data: str
    settings: dict[str, Any]
    fraction: float
    size: int
    seed: int
    scores: dict[str, float]
    epochs: int
    seconds: float
    history: list[dict[str, float]] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    machine: str = ""

    @property
    def kind(self) -> tuple[str, str]:
        """Give data and settings: results of one kind may stand on one curve."""
        return self.data, json.dumps(self.settings, sort_keys=True)

    @property
    def key(self) -> tuple[str, str, float, int]:
        """Give what makes it another measurement than others."""
        return *self.kind, self.fraction, self.seed


class ResultStore:
    """The results of one study in a JSON file.

    Parameters
    ----------
    name : str
        Of the study.
    folder : path
    """

    def __init__(self, name: str, folder: Path = FOLDER) -> None:
        self.path = Path(folder) / f"{name}.json"

    def read(self) -> list[Result]:
        """Give all results, none where there is no file.

        Raises
        ------
        ValueError
            If the file does not hold results.
        """
        if not self.path.exists():
            return []
        try:
            return [Result(**row) for row in json.loads(self.path.read_text(encoding="utf-8"))]
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"Got {self.path}, which holds no results ({error}). Delete it or restore it "
                "from git."
            ) from error

    def add(self, result: Result) -> None:
        """Put a result in the place of one of the same key, in one step."""
        kept = {old.key: old for old in self.read()} | {result.key: result}
        rows = [json.dumps(asdict(kept[key])) for key in sorted(kept)]
        text = "[\n" + ",\n".join(rows) + "\n]\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".part")
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, self.path)
