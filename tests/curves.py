"""Curves with known truth, for tests of distributions."""

from __future__ import annotations

import numpy as np

from ptssp_sklearn.curves.sigmoid import from_unbounded, sigmoid_curve

SIZES = np.array([2.0, 4, 8, 16, 32, 64, 128, 256])


def population(n: int = 60, *, noise: float = 0.01, seed: int = 0):
    """Give measured scores and true parameters of curves of one population."""
    rng = np.random.default_rng(seed)
    spread = np.array([0.5, 0.2, 1.0, 0.8])
    params = from_unbounded(np.array([-3.0, 0.1, 3.0, 0.5]) + spread * rng.normal(size=(n, 4)))
    scores = sigmoid_curve(SIZES, params) + noise * rng.normal(size=(n, len(SIZES)))
    return np.clip(scores, 0, 1), params
