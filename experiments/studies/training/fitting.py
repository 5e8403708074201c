"""Training of a network by skorch: seeded, with early stopping where a recipe asks for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping, LRScheduler
from skorch.helper import predefined_split
from torch import nn
from torch.utils.data import Dataset, Subset

from experiments.studies.study import Recipe

_VALIDATION_SHARE = 0.1
_LEAST_VALIDATED = 10
_DECAY = 1e-2
_KEPT = ("train_loss", "valid_loss", "valid_acc")


@dataclass(frozen=True)
class Fitted:
    """A trained skorch net; epochs, seconds and history as of `Outcome`."""

    net: Any
    epochs: int
    seconds: float
    history: list[dict[str, float]]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch and leave its random state as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def fit_net(
    kind: type[NeuralNet],
    network: nn.Module,
    train: Dataset,
    strata: NDArray[np.int64],
    recipe: Recipe,
    *,
    criterion: Any,
    device: str,
    seed: int,
    **options: Any,
) -> Fitted:
    """Train a network; AdamW, the learning rate falls along a cosine.

    With ``recipe.patience`` a stratified tenth of `train` is the validation part, training
    ends when its loss has not fallen for so many steps, and the best network is kept. Where
    the tenth is of fewer than ten examples it would say nothing: all steps are trained.
    Further options go to the net.

    Parameters
    ----------
    kind : type
        Of the skorch net.
    network : Module
    train : torch Dataset
    strata : ndarray of shape (n_train,), int64
        What the validation part is stratified by.
    recipe : Recipe
    criterion : type
        The loss.
    device : str
    seed : int
        Of the validation part; torch is seeded by who calls.
    """
    learn, validate = split_off(strata, recipe, seed)
    epochs = recipe.epochs_for(len(learn))
    callbacks: list[tuple[str, Any]] = [
        ("rate", LRScheduler(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=epochs))
    ]
    if validate is not None:
        patience = recipe.patience_for(len(learn))
        stop = EarlyStopping(patience=patience, load_best=True, sink=_silent)
        callbacks.append(("stop", stop))
    net = kind(
        network,
        criterion=criterion,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=_DECAY,
        optimizer__fused=True,
        lr=recipe.learning_rate,
        max_epochs=epochs,
        batch_size=recipe.batch_size,
        iterator_train__shuffle=True,
        iterator_train__drop_last=_leaves_one(len(learn), recipe.batch_size),
        train_split=None if validate is None else predefined_split(Subset(train, validate)),
        callbacks=callbacks,
        device=device,
        verbose=0,
        **options,
    )
    start = time.perf_counter()
    net.fit(Subset(train, learn), y=None)
    seconds = time.perf_counter() - start
    best = next((c.best_epoch_ for n, c in net.callbacks_ if n == "stop"), len(net.history))
    history = [{key: float(row[key]) for key in _KEPT if key in row} for row in net.history]
    return Fitted(net, int(best), seconds, history)


def split_off(
    strata: NDArray[np.int64], recipe: Recipe, seed: int
) -> tuple[list[int], list[int] | None]:
    """Split places into those learnt from and the validation part, None where there is none."""
    places = np.arange(len(strata))
    n_valid = round(_VALIDATION_SHARE * len(strata))
    if recipe.patience is None or n_valid < _LEAST_VALIDATED:
        return places.tolist(), None
    counts = np.unique(strata, return_counts=True)[1]
    fits = counts.min() > 1 and n_valid >= len(counts)
    learn, validate = train_test_split(
        places, test_size=n_valid, stratify=strata if fits else None, random_state=seed
    )
    return learn.tolist(), validate.tolist()


def _leaves_one(n: int, batch_size: int) -> bool:
    """Tell whether the last batch would be a single example, which batch norm cannot take."""
    return n > batch_size and n % batch_size == 1


def _silent(*_: Any) -> None:
    """Print nothing."""
