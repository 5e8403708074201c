"""The levels given every pair's coordinates: one Gaussian, drawn as a whole.

A data set of weight w lies about the mean with the covariance S_u / w: of one that a point or
two are known of little is taken for the others.

Means, shifts and learners are drawn with the data sets integrated out, then the data sets:
drawn one after another they would hold each other fast [1]_.

References
----------
.. [1] Liu, J. S. (1994). The collapsed Gibbs sampler in Bayesian computations with
   applications to a gene regulation problem. JASA, 89(427), 958-966.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import invwishart

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.hierarchy.points import KINDS, LevelPoints

USUAL_MEAN = np.array([-1.2, -0.5, 3.0, 0.5])
MEAN_SPREAD = np.array([3.0, 1.0, 3.0, 3.0])
"""What is believed of the mean of all curves' coordinates before any is seen."""

SHIFT_SPREAD = np.array([1.5, 0.4, 1.5, 0.7])
"""Spread of what a kind of learners adds."""

_FREEDOM = 12
_N = len(USUAL_MEAN)
_N_SHIFTS = len(KINDS)


@dataclass
class Levels:
    """What data sets and learners add to the coordinates of curves.

    Attributes
    ----------
    mean : ndarray of shape (4,)
    shifts : ndarray of shape (6, 4)
        By kind.
    learner : ndarray of shape (n_learners, 4)
        The shift of its kind included.
    dataset : ndarray of shape (n_datasets, 4)
        The mean included.
    """

    mean: Array
    shifts: Array
    learner: Array
    dataset: Array


@dataclass
class Spreads:
    """Covariances between data sets, between learners, and of a learner on a data set.

    Attributes
    ----------
    dataset, learner, within : ndarray of shape (4, 4)
    """

    dataset: Array
    learner: Array
    within: Array


def sum_by(values: Array, index: NDArray[np.intp], n: int) -> Array:
    """Sum rows of values (n_rows, n_columns) by their index, shape (n, n_columns)."""
    columns = [np.bincount(index, column, minlength=n) for column in values.T]
    return np.stack(columns, axis=1)


def draw_levels(
    z: Array, points: LevelPoints, spreads: Spreads, rng: np.random.Generator
) -> Levels:
    """Draw means, shifts, learners and data sets given the coordinates of the pairs.

    Parameters
    ----------
    z : ndarray of shape (n_pairs, 4)
    points : LevelPoints
    spreads : Spreads
    rng : Generator
    """
    of_pair = np.linalg.inv(spreads.within)
    counts = np.bincount(points.dataset, minlength=points.n_datasets)
    loose = points.dataset_weights[:, None, None] * np.linalg.inv(spreads.dataset)
    own = np.linalg.inv(loose + counts[:, None, None] * of_pair)
    precision, pull = _collapsed(z, points, spreads, own, loose)
    size = len(pull)
    root = np.linalg.cholesky(precision.reshape(size * _N, size * _N))
    noise = rng.normal(size=size * _N)
    found = np.linalg.solve(root.T, np.linalg.solve(root, pull.ravel()) + noise)
    mean, shifts, learner = np.split(found.reshape(size, _N), [1, 1 + _N_SHIFTS])
    rest = sum_by(z - learner[points.learner], points.dataset, points.n_datasets)
    centre = np.einsum("kij,kj->ki", own, loose @ mean[0] + rest @ of_pair)
    noise = rng.normal(size=(points.n_datasets, _N))
    dataset = centre + np.einsum("kij,kj->ki", np.linalg.cholesky(own), noise)
    return Levels(mean[0], shifts, learner, dataset)


def _collapsed(
    z: Array, points: LevelPoints, spreads: Spreads, own: Array, loose: Array
) -> tuple[Array, Array]:
    """Give precision and pull of mean, shifts and learners, the data sets integrated out."""
    of_pair, of_learner = np.linalg.inv(spreads.within), np.linalg.inv(spreads.learner)
    n_learners, first = len(points.names), 1 + _N_SHIFTS
    size = first + n_learners
    precision, pull = np.zeros((size, _N, size, _N)), np.zeros((size, _N))
    sums = sum_by(z, points.dataset, points.n_datasets)
    seen = np.zeros((points.n_datasets, n_learners))
    seen[points.dataset, points.learner] = 1.0
    across = loose @ own @ of_pair
    within = of_pair @ own @ of_pair
    usual = np.diag(MEAN_SPREAD**-2.0)
    precision[0, :, 0] = (loose - loose @ own @ loose).sum(axis=0) + usual
    pull[0] = usual @ USUAL_MEAN + (across @ sums[..., None])[..., 0].sum(axis=0)
    blocks = np.tensordot(seen, seen[..., None] * within.reshape(-1, 1, _N * _N), (0, 0))
    blocks = blocks.reshape(n_learners, n_learners, _N, _N).transpose(0, 2, 1, 3)
    precision[first:, :, first:] -= blocks
    cross = np.tensordot(seen, across, (0, 0))
    precision[0, :, first:] += cross.transpose(1, 0, 2)
    precision[first:, :, 0] += cross.transpose(0, 2, 1)
    pull[first:] = sum_by(z, points.learner, n_learners) @ of_pair
    pull[first:] -= seen.T @ (within @ sums[..., None])[..., 0]
    counts = np.bincount(points.learner, minlength=n_learners)
    for number, (count, trained) in enumerate(zip(counts, points.kind, strict=True)):
        here, shift = first + number, 1 + trained
        precision[here, :, here] += count * of_pair + of_learner
        precision[shift, :, shift] += of_learner
        precision[shift, :, here] -= of_learner
        precision[here, :, shift] -= of_learner
    for shift in range(1, first):
        precision[shift, :, shift] += np.diag(SHIFT_SPREAD**-2.0)
    return precision, pull


def draw_spread(
    gaps: Array, weights: Array, count: float | None, usual: Array, rng: np.random.Generator
) -> Array:
    """Draw a covariance given deviations, about the usual one.

    Parameters
    ----------
    gaps : ndarray of shape (n, 4)
    weights : ndarray of shape (n,)
    count : float, optional
        Number of deviations: all where those of a small weight are so much wider, and by
        default the sum of weights, where they only say less.
    usual : ndarray of shape (4, 4)
    rng : Generator
    """
    matrix = (_FREEDOM - 5) * usual + (weights[:, None] * gaps).T @ gaps
    freedom = _FREEDOM + (weights.sum() if count is None else count)
    return np.asarray(invwishart.rvs(freedom, matrix, random_state=rng))
