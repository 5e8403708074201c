"""Losses logged to an MLflow run while networks train, by a thread that cannot spoil it."""

from __future__ import annotations

import threading
import time
import warnings
from collections import Counter
from typing import Any
from weakref import WeakKeyDictionary

from ptssp_sklearn.exceptions import need_mlflow

BATCH = 1000
"""Metrics that MLflow takes at once."""

_EVERY = 0.5
_PATIENCE = 15.0
_HEARD: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


class LossLog:
    """Writes losses to a run in batches, twice a second, from a thread of its own.

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
        self._waiting: list[Any] = []
        self._lost, self._reason = 0, "the store is too slow"
        self._lock, self._over = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, net: Any, ensemble: int, epoch: int, loss: float) -> None:
        """Take a loss; returns at once."""
        if net not in self._names:
            self._begin(net, ensemble)
        metric = self._metric(self._names[net], loss, int(1000 * time.time()), epoch)
        with self._lock:
            self._waiting.append(metric)

    def close(self) -> None:
        """Write what is left, a quarter of a minute at most, and warn of what was lost."""
        if self._thread is None:
            return
        self._over.set()
        self._thread.join(_PATIENCE)
        with self._lock:
            lost = self._lost + len(self._waiting)
        if lost:
            warnings.warn(
                f"Got no answer from the MLflow store: {lost} losses of the training were not "
                f"logged ({self._reason}). The training is not harmed.",
                stacklevel=2,
            )

    def _begin(self, net: Any, ensemble: int) -> None:
        """Name the losses of a net; those of a later fit in the same run have its number."""
        self._fits[ensemble] += 1
        later = f"_fit_{self._fits[ensemble]}" if self._fits[ensemble] > 1 else ""
        self._names[net] = f"{loss_name(ensemble)}{later}"
        _HEARD[net] = self.run_id
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, daemon=True)
            self._thread.start()

    def _write(self) -> None:
        over = False
        while not over:
            over = self._over.wait(_EVERY)
            with self._lock:
                batch = self._waiting[:]
            for first in range(0, len(batch), BATCH):
                self._send(batch[first : first + BATCH])

    def _send(self, metrics: list[Any]) -> None:
        lost = 0
        try:
            self._client.log_batch(self.run_id, metrics=metrics)
        except Exception as error:
            lost, self._reason = len(metrics), " ".join(str(error).split())[:200]
        with self._lock:
            self._lost += lost
            del self._waiting[: len(metrics)]


def run_of(net: Any) -> str | None:
    """Give the run that the losses of a net were logged to while it trained, in this process."""
    return _HEARD.get(net)


def loss_name(ensemble: int) -> str:
    """Name the metric of an ensemble's training loss."""
    return f"train_loss_{ensemble}"
