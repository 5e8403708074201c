"""What the page gives to take away: files, and the line that gives the same answer."""

from __future__ import annotations

import io
import json
import shlex
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ptssp_sklearn.images.yolo_labels import mask_cell
from ptssp_sklearn.page.uploads import Task
from ptssp_sklearn.serving.answer import Answer, answer_display


@dataclass(frozen=True)
class ModelChoice:
    """A model as it is named elsewhere: shipped, ``models:/…`` or the name of a file.

    With it goes whose score it is asked about, and which, where that was chosen.
    """

    name: str
    learner: str | None = None
    metric: str | None = None

    @property
    def about(self) -> dict[str, Any]:
        """Give the learner and the metric that were chosen."""
        both = {"learner": self.learner, "metric": self.metric}
        return {key: value for key, value in both.items() if value is not None}

    @property
    def code(self) -> tuple[str, str]:
        """Give the line that imports its loader, and the call."""
        if self.name.endswith(".safetensors"):
            return (
                "from ptssp_sklearn.pipeline.persistence import load_model",
                f"load_model({self.name!r})",
            )
        if self.name.startswith("models:/"):
            return "from ptssp_sklearn.tracking import load_model", f"load_model({self.name!r})"
        return "from ptssp_sklearn import load_pretrained", f"load_pretrained({self.name!r})"


def shell_line(answer: Answer, choice: ModelChoice, task: Task | None) -> str | None:
    """Write the command that gives the same answer.

    None where no command does: images that are no files, or masks of some images only.
    """
    parts = ["ptssp", "predict"]
    if task is not None:
        masks = [name for name in task.mask_names if name is not None]
        if task.code or len(masks) not in (0, len(task.names)):
            return None
        parts += task.names
        parts += [part for name in masks for part in ("--mask", name)]
    parts += ["--target", f"{answer.target_map:g}", "--interval", f"{answer.coverage:g}"]
    parts += ["--model", choice.name]
    parts += [part for key, value in choice.about.items() for part in (f"--{key}", value)]
    for size, score in answer.forecast.pilot:
        parts += ["--pilot", f"{size!r}:{score!r}"]
    return shlex.join(parts)


def python_lines(answer: Answer, choice: ModelChoice, task: Task | None) -> str:
    """Write the Python that gives the same answer."""
    imported, load = choice.code
    table = "X = None" if task is None else task.code or _table_code(task)
    lines = ["from ptssp_sklearn.images import one_row"] if "one_row" in table else []
    lines += ["from ptssp_sklearn.serving import answer_for", imported, table]
    asked = f"{answer.target_map:g}, pilot={answer.forecast.pilot!r}, coverage={answer.coverage:g}"
    asked += "".join(f", {key}={value!r}" for key, value in choice.about.items())
    lines.append(f"answer = answer_for({load}, X, {asked})")
    lines.append("print(answer.sentence())")
    return "\n".join(lines)


def _table_code(task: Task) -> str:
    masks = [_mask_code(name) for name in task.mask_names]
    known = "" if set(masks) == {"None"} else f", [{', '.join(masks)}]"
    return f"X = one_row({task.names!r}{known})"


def _mask_code(name: str | None) -> str:
    return repr(None if name is None else mask_cell(name))


def curve_csv(table: pd.DataFrame) -> str:
    """Write the curve: size in images; score, low and high as fractions."""
    return table.to_csv(index=False, float_format="%.6g")


def answer_json(answer: Answer) -> str:
    """Write the answer as the command line does with ``--json``."""
    return json.dumps(answer.to_json(), indent=1)


def plot_bytes(answer: Answer, kind: str) -> bytes:
    """Draw the answer as the command line does with ``--plot``; `kind` is png or svg."""
    figure: Any = answer_display(answer).plot().figure_
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=130)
    return buffer.getvalue()
