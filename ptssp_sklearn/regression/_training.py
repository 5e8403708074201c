"""How an ensemble is trained: its settings, and skorch's net with schedule and loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from skorch import NeuralNetRegressor
from skorch.callbacks import Callback, LRScheduler

from ptssp_sklearn._typing import Array
from ptssp_sklearn.regression._ensemble import CurveLoss, NetworkEnsemble, TargetLoss
from ptssp_sklearn.regression.callbacks import LossReport, listener


@dataclass(frozen=True)
class ExpertSettings:
    """Settings of an ensemble; `sizes` is None where targets are no curves."""

    n_networks: int
    n_hidden: int
    n_steps: int
    batch_size: int
    lr: float
    weight_decay: float
    dropout: float
    input_dropout: float
    sizes: tuple[float, ...] | None
    device: str
    verbose: int


def make_net(
    settings: ExpertSettings,
    relevance: Array,
    mean: Array,
    scale: Array,
    n_rows: int,
    *,
    number: int = 0,
) -> NeuralNetRegressor:
    """Build an ensemble that is ready to be trained.

    Parameters
    ----------
    settings : ExpertSettings
    relevance : ndarray of shape (n_networks, n_features)
        Weights of the inputs, each network's own.
    mean, scale : ndarray of shape (n_outputs,)
        Standardisation of the targets.
    n_rows : int
        Rows it will be trained on.
    number : int, default=0
        Names its losses, where someone listens to them.

    Returns
    -------
    net : skorch.NeuralNetRegressor
    """
    steps = max(1, -(-n_rows // settings.batch_size))
    epochs = -(-settings.n_steps // steps)
    return NeuralNetRegressor(
        NetworkEnsemble,
        module__relevance=torch.from_numpy(np.asarray(relevance, dtype=np.float32)),
        module__n_outputs=len(mean),
        module__n_hidden=settings.n_hidden,
        module__dropout=settings.dropout,
        module__input_dropout=settings.input_dropout,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=settings.weight_decay,
        lr=settings.lr,
        max_epochs=epochs,
        batch_size=settings.batch_size,
        iterator_train__shuffle=True,
        train_split=None,
        callbacks=_callbacks(settings, epochs * steps, number),
        device=_device(settings.device),
        verbose=settings.verbose,
        **_criterion(settings, mean, scale),
    )


def _callbacks(settings: ExpertSettings, n_steps: int, number: int) -> list[tuple[str, Callback]]:
    schedule = LRScheduler(
        torch.optim.lr_scheduler.OneCycleLR,
        max_lr=settings.lr,
        total_steps=n_steps + 1,
        step_every="batch",
    )
    told = [] if listener() is None else [("losses", LossReport(number))]
    return [("schedule", schedule), *told]


def _criterion(settings: ExpertSettings, mean: Array, scale: Array) -> dict[str, Any]:
    if settings.sizes is None:
        return {"criterion": TargetLoss}
    as_tensor = {"mean": mean, "scale": scale, "sizes": np.array(settings.sizes)}
    return {"criterion": CurveLoss} | {
        f"criterion__{k}": torch.tensor(v, dtype=torch.float32) for k, v in as_tensor.items()
    }


def _device(name: str) -> str:
    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"
