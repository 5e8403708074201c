"""The banks of the evaluation, loaded once a process."""

from __future__ import annotations

from functools import cache

import numpy as np

from experiments.protocol.questions import Bank, read_bank
from ptssp_sklearn import load_curve_bank

QUICK_ROWS = 12


@cache
def load_whole(name: str) -> Bank:
    """Load a bank and embed its draws."""
    return read_bank(load_curve_bank(name))


@cache
def load_few(name: str) -> Bank:
    """Load a dozen rows of a bank, under a name of its own for the embeddings."""
    bank = load_curve_bank(name)
    rows = np.unique(np.linspace(0, len(bank.y) - 1, QUICK_ROWS).astype(int))
    bank.update(y=bank.y.iloc[rows], groups=bank.groups[rows], name=f"quick-{name}")
    bank.X = None if bank.X is None else bank.X.iloc[rows]
    return read_bank(bank)
