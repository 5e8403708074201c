"""The losses of networks while they train, told to whoever listens.

An estimator knows nothing of its listeners: one is set for the time of a fit, so that it is
neither cloned, nor stored, nor a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from skorch.callbacks import Callback

Listener = Callable[[Any, int, int, float], None]
"""Takes the skorch net that trains, the number of its ensemble, the epoch from 1, and its loss."""

_LISTENER: ContextVar[Listener | None] = ContextVar("ptssp_losses", default=None)


@contextmanager
def listen(listener: Listener | None) -> Iterator[None]:
    """Tell the losses of all epochs that are trained inside to a listener.

    Only one listens at a time, the innermost. Other processes and threads are not heard.

    Parameters
    ----------
    listener : callable or None
        Called at the end of every epoch; None hears nothing.
    """
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def listener() -> Listener | None:
    """Give who listens now."""
    return _LISTENER.get()


class LossReport(Callback):
    """A skorch callback that tells the training loss of every epoch.

    Parameters
    ----------
    ensemble : int
        Number of the ensemble that is trained.
    """

    def __init__(self, ensemble: int = 0) -> None:
        self.ensemble = ensemble

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        hear = listener()
        if hear is not None:
            last = net.history[-1]
            hear(net, self.ensemble, int(last["epoch"]), float(last["train_loss"]))
