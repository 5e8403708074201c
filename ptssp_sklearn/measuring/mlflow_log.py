"""Points of a pilot in the MLflow run that is open, where there is one."""

from __future__ import annotations

import math
import sys
import warnings
from typing import Any

from ptssp_sklearn.measuring.measurement import Measurement
from ptssp_sklearn.measuring.trainings.store import Outcome

_SHOWN = ("map50_95", "map50")


def active_run() -> Any:
    """Give the MLflow run that is open, without loading MLflow; None where there is none."""
    mlflow = sys.modules.get("mlflow")
    return None if mlflow is None else mlflow.active_run()


class PointLog:
    """Logs every training that finished to the open run, its size as the step.

    A store that is lost is warned of once, and never ends the measuring.
    """

    def __init__(self) -> None:
        self._lost = active_run() is None

    def __call__(self, outcome: Outcome) -> None:
        """Log a training."""
        if self._lost or outcome.status != "done":
            return
        metrics = {"pilot.seconds": outcome.seconds}
        for kind, scores in outcome.scores.get("kinds", {}).items():
            metrics |= {f"pilot.{kind}.{name}": scores[name] for name in _SHOWN}
        self._try("log_metrics", _finite(metrics), step=outcome.task.size)

    def finish(self, measurement: Measurement) -> None:
        """Log the curve and the table of what was measured."""
        if self._lost:
            return
        about = {"pilot.learner": measurement.learner, "pilot.dataset": measurement.dataset}
        self._try("set_tags", about | {"pilot.tested": measurement.tested})
        table = measurement.points()
        for size, score, error in zip(table["size"], table["score"], table["error"], strict=True):
            values = {"pilot.score": score, "pilot.error": error}
            self._try("log_metrics", _finite(values), step=int(size))
        self._try("log_text", table.to_csv(index=False), "pilot.csv")

    def _try(self, name: str, *values: Any, **more: Any) -> None:
        if self._lost:
            return
        try:
            getattr(sys.modules["mlflow"], name)(*values, **more)
        except Exception as error:
            self._lost = True
            reason = " ".join(str(error).split())[:200]
            warnings.warn(f"Points were measured but not tracked: {reason}", stacklevel=2)


def _finite(values: dict[str, Any]) -> dict[str, float]:
    return {k: float(v) for k, v in values.items() if v is not None and math.isfinite(v)}
