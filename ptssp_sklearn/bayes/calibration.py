"""Calibrate intervals by where measured curves of left-out datasets fell in them.

A dataset's measured scores are ranked among the noisy ones predicted for it, and the sizes at
which it reached targets among the sizes at which the predicted curves reach them. The levels
below which a given share of these ranks lies replace the nominal levels [1]_, so that intervals
cover, and sizes suffice, as often as they promise on datasets that were not trained on.

References
----------
.. [1] Kuleshov, V., Fenner, N., Ermon, S. (2018). Accurate uncertainties for deep learning
   using calibrated regression. ICML.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.distribution import CurveDistribution
from ptssp_sklearn.bayes.mixture import shrunk
from ptssp_sklearn.bayes.posterior import CurvePrior
from ptssp_sklearn.bayes.quantile_levels import LEVELS, NOMINAL, LevelMap
from ptssp_sklearn.curves.metrics import reached_tables

MOST_CURVES = 80
"""Curves that are enough to calibrate on."""

_LEAST_CURVES = 20
_NOMINAL_CURVES = 10.0
_SAMPLES = 300
_BEYOND = 2
"""Sizes that must lie beyond a pilot."""


@dataclass(frozen=True)
class Ranks:
    """Ranks of measurements among their samples.

    Parameters
    ----------
    values : ndarray of shape (n,), in [0, 1]
    weights : ndarray of shape (n,)
        Those of one curve sum to 1.
    """

    values: Array
    weights: Array


def calibrate(prior: CurvePrior, sizes: Array, scores: Array) -> tuple[LevelMap, ...]:
    """Find the level maps of a prior, one for each number of points of a pilot.

    What is open after a long pilot is flatter than what is open after a short one, and beliefs
    err otherwise there; so each number of points has a map of its own.

    Parameters
    ----------
    prior : CurvePrior
        What was believed of each curve without having seen it.
    sizes : ndarray of shape (n_sizes,), images
    scores : ndarray of shape (n_curves, n_sizes), NaN where not measured

    Returns
    -------
    level_maps : tuple of LevelMap
        By number of points, the last for all above; one that is nominal where there are fewer
        than 20 curves.
    """
    if len(scores) < _LEAST_CURVES:
        return (NOMINAL,)
    limits = [0.0, *sizes[: max(len(sizes) - _BEYOND, 1)]]
    ranks = [_ranks(prior, sizes, scores, limit) for limit in limits]
    return tuple(map_of_ranks([one], len(scores)) for one in ranks)


def map_of_ranks(ranks: list[tuple[Ranks, Ranks]], n_curves: int) -> LevelMap:
    """Find the level map that makes ranks uniform, drawn a little towards none.

    Parameters
    ----------
    ranks : list of (Ranks, Ranks)
        Ranks of scores and of sizes; see `rank_measured`.
    n_curves : int
        Independent curves that they tell of.
    """
    return LevelMap(*[_levels([pair[kind] for pair in ranks], n_curves)[None] for kind in (0, 1)])


def _levels(ranks: list[Ranks], n_curves: int) -> Array:
    """Give the level each nominal level becomes, drawn a little towards itself."""
    values = np.concatenate([np.empty(0), *[part.values for part in ranks]])
    weights = np.concatenate([np.empty(0), *[part.weights for part in ranks]])
    if not len(values):
        return LEVELS.copy()
    order = np.argsort(values, kind="stable")
    reached = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    found = np.interp(LEVELS, reached, values[order])
    return shrunk(found, LEVELS, n_curves, _NOMINAL_CURVES)


def _ranks(prior: CurvePrior, sizes: Array, scores: Array, limit: float) -> tuple[Ranks, Ranks]:
    shown = sizes <= limit
    pilot = (sizes[shown], scores[:, shown]) if shown.any() else ()
    found = prior.distribution(*pilot, n_samples=_SAMPLES)
    return rank_measured(found, sizes, scores, limit)


def rank_measured(
    found: CurveDistribution, sizes: Array, scores: Array, limit: float
) -> tuple[Ranks, Ranks]:
    """Rank what was measured beyond a pilot: scores, and sizes at which targets were reached.

    Parameters
    ----------
    found : CurveDistribution of n_curves rows
        What was believed, without having seen what lies beyond.
    sizes : ndarray of shape (n_sizes,), images
    scores : ndarray of shape (n_curves, n_sizes), NaN where not measured
    limit : float, images
        Where the pilot ended; 0 where there was none.
    """
    shown = sizes <= limit
    beyond = sizes[~shown]
    drawn = found.noise.draw(beyond, found.curves(beyond), np.random.default_rng(found.seed))
    below = (drawn < scores[:, None, ~shown]).mean(axis=1)
    known = np.isfinite(scores[:, ~shown])
    share = known / np.maximum(known.sum(axis=1, keepdims=True), 1)
    return Ranks(below[known], share[known]), _size_ranks(found, sizes, scores, limit)


def _size_ranks(found: CurveDistribution, sizes: Array, scores: Array, limit: float) -> Ranks:
    values, weights = [], []
    targets, true = reached_tables(sizes, scores)
    asked = [found.sizes(column) for column in targets.T]
    for row in range(len(scores)):
        open_ = np.flatnonzero(np.isfinite(true[row]) & (true[row] > limit))
        for column in open_:
            values.append(np.mean(asked[column][row] < true[row, column]))
            weights.append(1.0 / len(open_))
    return Ranks(np.array(values), np.array(weights))
