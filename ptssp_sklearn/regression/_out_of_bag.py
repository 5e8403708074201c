"""What networks that did not see a row say of it: bootstrap, averages, shrinkage."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn._typing import Array

SHRINKAGES = np.linspace(0.0, 1.0, 21)
_LEAST_ROWS = 20
_LEAST_GROUPS = 8
_DOUBT = 0.25


def draw_counts(groups: NDArray[np.intp], n_networks: int, seed: int) -> Array:
    """Draw how often each network sees a row; a group is drawn as one.

    Parameters
    ----------
    groups : ndarray of shape (n_rows,)
    n_networks : int
    seed : int

    Returns
    -------
    counts : ndarray of shape (n_rows, n_networks)
        Poisson numbers of mean 1; all 1 where there are fewer than 8 groups.
    """
    rng = np.random.default_rng(seed)
    names, place = np.unique(groups, return_inverse=True)
    if len(names) < _LEAST_GROUPS:
        return np.ones((len(groups), n_networks))
    return rng.poisson(1.0, size=(len(names), n_networks)).astype(np.float64)[place.ravel()]


def average_unseen(members: Array, counts: Array) -> tuple[NDArray[np.intp], Array]:
    """Average, for each row, what the networks say that did not see it.

    Parameters
    ----------
    members : ndarray of shape (n_rows, n_networks, n_outputs)
    counts : ndarray of shape (n_rows, n_networks)

    Returns
    -------
    rows : ndarray of shape (n_unseen,)
        Those that some network did not see.
    means : ndarray of shape (n_unseen, n_outputs)
    """
    unseen = counts == 0
    rows = np.flatnonzero(unseen.any(axis=1))
    share = unseen[rows] / unseen[rows].sum(axis=1, keepdims=True)
    return rows, np.einsum("nko,nk->no", members[rows], share)


def choose_shrinkage(errors: Callable[[float], Array], dataset: NDArray[np.intp]) -> float:
    """Choose how much of a predicted deviation from the mean is kept.

    It is the largest share hardly worse than the best, by a quarter of a standard error: few
    datasets cannot tell a good share from the best one, and to shrink too much costs more.

    Parameters
    ----------
    errors : callable
        Gives the squared error of each row, shape (n_rows,), for a share in [0, 1].
    dataset : ndarray of shape (n_rows,)
        Any number of the dataset of each row; rows of one are no independent witnesses.
    """
    if len(dataset) < _LEAST_ROWS:
        return 1.0
    dataset = np.unique(dataset, return_inverse=True)[1]
    counts = np.bincount(dataset)
    each = np.array([np.bincount(dataset, errors(share)) / counts for share in SHRINKAGES])
    worse = each - each[int(np.argmin(each.mean(axis=1)))]
    doubt = worse.std(axis=1) / np.sqrt(len(counts))
    hardly = worse.mean(axis=1) <= _DOUBT * doubt + 1e-15
    return float(SHRINKAGES[np.flatnonzero(hardly)[-1]])
