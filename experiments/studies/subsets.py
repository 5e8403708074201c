"""Parts of training sets: stratified, and each inside the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def nested_order(strata: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Order examples so that every beginning of the order is stratified.

    The j-th of the n examples of a stratum goes to the place (j + u) / n of the whole, with
    one u in (0, 1) a stratum.

    Parameters
    ----------
    strata : ndarray of shape (n,)
    seed : int

    Returns
    -------
    order : ndarray of shape (n,), int64

    Examples
    --------
    >>> strata = np.repeat([0, 1], [4, 8])
    >>> strata[nested_order(strata, 0)[:6]].mean().round(2)
    np.float64(0.67)
    """
    rng = np.random.default_rng(seed)
    places = np.empty(len(strata))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        rank = rng.permutation(len(members))
        places[members] = (rank + rng.uniform(0.25, 0.75)) / len(members)
    return np.argsort(places, kind="stable")


def part_sizes(n: int, fractions: Sequence[float], least: int = 2) -> dict[float, int]:
    """Give the number of training examples of each fraction.

    Raises
    ------
    ValueError
        If a fraction is not in (0, 1].
    """
    for fraction in fractions:
        if not 0 < fraction <= 1:
            raise ValueError(
                f"Got the fraction {fraction:g}, expected more than 0 and at most 1. "
                "Pass fractions such as 0.1 0.5 1.0."
            )
    return {f: min(max(round(f * n), least), n) for f in sorted(set(fractions))}
