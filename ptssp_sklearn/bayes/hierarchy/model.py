"""Curves in levels: what a data set, a learner, and a learner on a data set each add.

The unbounded coordinates of the curve of learner j on data set i are

    z_ij = u_i + v_j + e_ij,  u_i ~ N(mean, S_u),  v_j ~ N(shift of its kind, S_v),
    e_ij ~ N(0, S_e)

so nine data sets seen by seven learners are nine, and a point measured with one learner
speaks for the others on the same data set [1]_. What is kept are draws of means, covariances
and learners from their posterior; together they are a Gaussian mixture, which is as unsure as
the few data sets behind it make it.

References
----------
.. [1] Gelman, A., Hill, J. (2007). Data Analysis Using Regression and Multilevel/Hierarchical
   Models. Cambridge University Press, ch. 11-13.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.hierarchy.points import KINDS, MetricRelation
from ptssp_sklearn.bayes.learners import Learner
from ptssp_sklearn.bayes.mixture import N_COORDINATES, Mixture
from ptssp_sklearn.bayes.noise import MeasurementNoise
from ptssp_sklearn.bayes.posterior import CurvePrior

_USUAL_KINDS = np.array([0.05, 0.1, 0.4, 0.1, 0.05, 0.3])
"""Share of `KINDS` among learners of which nothing is said."""


@dataclass(frozen=True)
class CurveHierarchy:
    """Draws of a hierarchy of curves from its posterior.

    Parameters
    ----------
    mean : ndarray of shape (n_draws, 4)
        Mean of the data sets' coordinates.
    shifts : ndarray of shape (n_draws, 6, 4)
        What each of `KINDS` adds.
    learner : ndarray of shape (n_draws, n_learners, 4)
        What each known learner adds, that of its kind included.
    between_datasets, between_learners, within : ndarray of shape (n_draws, 4, 4)
        Covariances S_u, S_v and S_e.
    noise : MeasurementNoise
    names : tuple of str
        Names of the known learners.
    relation : MetricRelation
        How mAP50 goes with mAP50-95.
    """

    mean: Array
    shifts: Array
    learner: Array
    between_datasets: Array
    between_learners: Array
    within: Array
    noise: MeasurementNoise
    names: tuple[str, ...]
    relation: MetricRelation = field(default_factory=MetricRelation)

    def __len__(self) -> int:
        return len(self.mean)

    def mixture(self, learners: Sequence[Learner | None]) -> Mixture:
        """Give the curves of several learners on one new data set, as one mixture.

        Parameters
        ----------
        learners : sequence of Learner or None
            None: nothing is known of it, and its kind is integrated over. Learners that were
            not seen lie about what their pretraining adds.

        Returns
        -------
        mixture : Mixture of one row
            Over 4 coordinates a learner, in the order of `learners`.
        """
        shares, means, own = self._one(learners[0])
        parts = [(means, own)]
        for learner in learners[1:]:
            _, mean, spread = self._one(learner)
            repeats = len(shares) // len(mean)
            parts.append((np.tile(mean, (repeats, 1)), np.tile(spread, (repeats, 1, 1))))
        n = N_COORDINATES
        repeats = len(shares) // len(self)
        shared = np.tile(self.between_datasets, (repeats, len(learners), len(learners)))
        for place, (_, spread) in enumerate(parts):
            here = slice(n * place, n * (place + 1))
            shared[:, here, here] += spread
        return Mixture(shares[None], np.hstack([mean for mean, _ in parts])[None], shared)

    def prior(
        self,
        learners: Sequence[Learner | None] = (None,),
        *,
        n_rows: int = 1,
        blocks: NDArray[np.intp] | None = None,
        errors: Array | None = None,
        seed: int = 0,
    ) -> CurvePrior:
        """Believe of every row what is known of a new data set.

        Parameters
        ----------
        learners : sequence of Learner or None
            The one asked about first, then those of points that others measured.
        n_rows : int, default=1
        blocks : ndarray of shape (n_sizes,), optional
            Which of `learners` measured each size; by default the first.
        errors : ndarray of shape (n_sizes,), optional
            Standard errors of the points, scores; NaN where not known.
        seed : int, default=0
        """
        mixture = self.mixture(learners).rows(n_rows)
        return CurvePrior(mixture, self.noise, seed, blocks=blocks, errors=errors)

    def moved(self, matrix: Array, offset: Array, noise: MeasurementNoise) -> CurveHierarchy:
        """Map every curve's coordinates, ``z -> matrix @ z + offset``, and take other noise.

        Parameters
        ----------
        matrix : ndarray of shape (4, 4)
        offset : ndarray of shape (4,)
        noise : MeasurementNoise
        """
        spreads = {
            name: matrix @ getattr(self, name) @ matrix.T
            for name in ("between_datasets", "between_learners", "within")
        }
        means = {name: getattr(self, name) @ matrix.T for name in ("mean", "shifts", "learner")}
        means["mean"] = means["mean"] + offset
        return replace(self, **means, **spreads, noise=noise)

    def tensors(self) -> dict[str, Array]:
        """Give the arrays to store, by name."""
        return {name: getattr(self, name) for name in ARRAYS}

    def _one(self, learner: Learner | None) -> tuple[Array, Array, Array]:
        """Give weights, means and covariances of one learner, without the data set's."""
        n = len(self)
        if learner is None:
            means = self.mean[None] + self.shifts.transpose(1, 0, 2)
            weights = np.repeat(_USUAL_KINDS / n, n)
            spread = np.tile(self.within + self.between_learners, (len(KINDS), 1, 1))
            return weights, means.reshape(-1, N_COORDINATES), spread
        weights = np.full(n, 1.0 / n)
        if learner.name in self.names:
            own = self.learner[:, self.names.index(learner.name)]
            return weights, self.mean + own, self.within
        own = self.shifts[:, KINDS.index(learner.pretraining)]
        return weights, self.mean + own, self.within + self.between_learners


ARRAYS = tuple(
    one.name for one in fields(CurveHierarchy) if one.name not in ("noise", "names", "relation")
)
"""Names of the arrays of a `CurveHierarchy`."""
