"""Small made-up banks for the tests of the evaluation: features that decide the curve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from experiments.protocol.draws import Draw
from experiments.protocol.questions import Bank
from ptssp_sklearn.curves.sigmoid import sigmoid_curve

DRAWS = [
    Draw(tuple(range(1, 9)), masks=True),
    Draw((1, 2, 3, 4), masks=True),
    Draw((5, 6, 7, 8), masks=True),
    Draw((1, 2, 3, 4), masks=False),
]
SIZES = 2.0 ** np.arange(1, 11)
REAL_SIZES = np.array([2, 10, 31, 51, 101, 201, 501, 1001], dtype=float)


def made_up(
    name: str = "procedural",
    n_rows: int = 24,
    sizes: np.ndarray = SIZES,
    per_group: int = 1,
    seed: int = 0,
    noise: float = 0.01,
) -> Bank:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 3))
    start, slope = np.full(n_rows, 0.03), np.ones(n_rows)
    params = [start, slope, np.exp(3.5 - X[:, 0]), 0.6 + 0.2 * np.tanh(X[:, 1])]
    exact = sigmoid_curve(sizes, np.column_stack(params))
    curves = np.clip(exact + noise * rng.normal(size=exact.shape), 0, 1)
    return Bank(
        name,
        sizes,
        curves,
        np.arange(n_rows) // per_group,
        DRAWS,
        [X] * len(DRAWS),
        np.arange(n_rows).astype(str),
    )


def load(name: str) -> Bank:
    """Give a stand-in for the bank of a name."""
    if name == "yolov8m-seg":
        bank = made_up(name, 8, REAL_SIZES, per_group=2, seed=1)
        bank.curves[1::3, -1] = np.nan
        return replace(bank, draws=[], vectors=[])
    if name == "procedural":
        return made_up(name, 14)
    return made_up(name, 9, SIZES[:8], per_group=3 if name == "cutpaste" else 1, seed=2)
