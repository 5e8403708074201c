"""Losses logged to an MLflow run while networks train."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from ptssp_sklearn.exceptions import need_mlflow
from ptssp_sklearn.tracking.background import BackgroundWriter

BATCH = 1000
"""Metrics that MLflow takes at once."""

_PATIENCE = 15.0
_HEARD: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


class LossLog:
    """Writes losses to a run in batches while networks train.

    A store that is slow or gone neither slows nor ends the training: what cannot be written is
    counted, and said once, at the end. A listener of `ptssp_sklearn.regression.callbacks.listen`.

    Parameters
    ----------
    run_id : str
    """

    def __init__(self, run_id: str) -> None:
        mlflow = need_mlflow()
        self.run_id = run_id
        self._metric, self._client = mlflow.entities.Metric, mlflow.MlflowClient()
        self._fits: Counter[int] = Counter()
        self._names: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        self._writer = BackgroundWriter(self._write, most=BATCH)

    def __call__(self, net: Any, ensemble: int, epoch: int, loss: float) -> None:
        """Take a loss; returns at once."""
        if net not in self._names:
            self._begin(net, ensemble)
        now = int(1000 * time.time())
        self._writer.put(self._metric(self._names[net], loss, now, epoch))

    def close(self) -> None:
        """Write what is left, a quarter of a minute at most, and warn of what was lost."""
        if lost := self._writer.close(_PATIENCE):
            warnings.warn(
                f"Got no answer from the MLflow store: {lost} losses of the training were not "
                f"logged ({self._writer.reason}). The training is not harmed.",
                stacklevel=2,
            )

    def _begin(self, net: Any, ensemble: int) -> None:
        """Name the losses of a net; those of a later fit in the same run have its number."""
        self._fits[ensemble] += 1
        later = f"_fit_{self._fits[ensemble]}" if self._fits[ensemble] > 1 else ""
        self._names[net] = f"{loss_name(ensemble)}{later}"
        _HEARD[net] = self.run_id

    def _write(self, metrics: Sequence[Any]) -> None:
        self._client.log_batch(self.run_id, metrics=metrics)


def run_of(net: Any) -> str | None:
    """Give the run that the losses of a net were logged to while it trained, in this process."""
    return _HEARD.get(net)


def loss_name(ensemble: int) -> str:
    """Name the metric of an ensemble's training loss."""
    return f"train_loss_{ensemble}"
