"""Gaussian mixtures over the unbounded coordinates of curves: what is known before measuring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.mixture import GaussianMixture

from ptssp_sklearn._typing import Array

Rows = NDArray[np.integer] | NDArray[np.bool_] | slice

N_COORDINATES = 4
USUAL_SPREAD = np.array([1.5, 0.7, 1.5, 1.5])
"""Spread of logit A, log B, log C and logit of the rise where little is known."""

_USUAL_WEIGHT = 5.0
_LEAST_CURVES = 40
_COMPONENTS = 3
_FLOOR = 0.02
_MOST_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Mixture:
    """One Gaussian mixture a row; rows share the covariances.

    Parameters
    ----------
    weights : ndarray of shape (n_rows, n_components)
    means : ndarray of shape (n_rows, n_components, n_dims)
    covariances : ndarray of shape (n_components, n_dims, n_dims)
    """

    weights: Array
    means: Array
    covariances: Array

    def log_density(self, points: Array) -> Array:
        """Give the log density of points (n_rows, n_points, n_dims), but for a constant."""
        n_dims = points.shape[-1]
        roots = np.linalg.cholesky(self.covariances)
        whiten = np.linalg.inv(roots).transpose(0, 2, 1)
        logs = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
        height = np.log(self.weights) - logs
        parts = []
        for some in _spans(len(roots), points.size):
            gaps = points @ np.hstack(list(whiten[some]))
            gaps -= (self.means[:, some, None] @ whiten[some]).reshape(len(points), 1, -1)
            gaps *= gaps
            square = gaps.reshape(*gaps.shape[:2], -1, n_dims).sum(axis=-1)
            parts.append(height[:, None, some] - 0.5 * square)
        whole = np.concatenate(parts, axis=2)
        most = whole.max(axis=2)
        return np.log(np.exp(whole - most[..., None]).sum(axis=2)) + most

    def sample(self, n_samples: int, rng: np.random.Generator) -> Array:
        """Draw points (n_rows, n_samples, n_dims), with the same random numbers a row."""
        uniform = (rng.permutation(n_samples) + rng.random(n_samples)) / n_samples
        normal = rng.normal(size=(n_samples, self.means.shape[-1]))
        edges = np.cumsum(self.weights, axis=1)[:, None, :-1]
        picked = (uniform[None, :, None] > edges).sum(axis=-1)
        moved = np.einsum("kij,nj->kni", np.linalg.cholesky(self.covariances), normal)
        rows = np.arange(len(self.means))[:, None]
        return self.means[rows, picked] + moved[picked, np.arange(n_samples)]

    def condition(self, given: Array) -> Mixture:
        """Condition on the last dimensions.

        Parameters
        ----------
        given : ndarray of shape (n_rows, n_given)
            Values of the last `n_given` dimensions; the mixture itself has one row.
        """
        n = self.means.shape[-1] - given.shape[1]
        means, own = self.means[0], self.covariances[:, n:, n:]
        gain = np.linalg.solve(own, self.covariances[:, n:, :n]).transpose(0, 2, 1)
        gap = given[:, None] - means[:, n:]
        whitened = np.linalg.solve(own[None], gap[..., None])[..., 0]
        height = np.log(self.weights) - 0.5 * np.linalg.slogdet(own)[1]
        height = height - 0.5 * (gap * whitened).sum(axis=-1)
        return Mixture(
            np.maximum(softmax(height, axis=1), 1e-12),
            means[:, :n] + np.einsum("kij,rkj->rki", gain, gap),
            self.covariances[:, :n, :n] - gain @ self.covariances[:, n:, :n],
        )

    def take(self, rows: Rows) -> Mixture:
        """Take some rows."""
        return Mixture(self.weights[rows], self.means[rows], self.covariances)

    def rows(self, n_rows: int) -> Mixture:
        """Repeat a mixture of one row."""
        return Mixture(
            np.repeat(self.weights, n_rows, axis=0),
            np.repeat(self.means, n_rows, axis=0),
            self.covariances,
        )


def _spans(n_components: int, size: int) -> list[slice]:
    """Cut the components into runs that are worked on at once without much memory."""
    length = max(1, _MOST_AT_ONCE // size)
    return [slice(start, start + length) for start in range(0, n_components, length)]


def blend(first: Mixture, second: Mixture, share: Array) -> Mixture:
    """Mix two mixtures of as many rows.

    Parameters
    ----------
    first, second : Mixture of n_rows rows
    share : ndarray of shape (n_rows,), in [0, 1]
        Weight of the second in each row.
    """
    weights = [first.weights * (1.0 - share)[:, None], second.weights * share[:, None]]
    return Mixture(
        np.concatenate(weights, axis=1),
        np.concatenate([first.means, second.means], axis=1),
        np.concatenate([first.covariances, second.covariances]),
    )


def fit_mixture(points: Array, *, n_curves: int | None = None, seed: int = 0) -> Mixture:
    """Fit a mixture to coordinates of curves, and what is known of the curves besides.

    Half of the answer is one Gaussian, its covariance drawn towards the usual one by the
    weight of five curves; where there are 40 curves, the other half is a mixture of three.

    Parameters
    ----------
    points : ndarray of shape (n_rows, n_samples, n_dims)
        The first four dimensions are the unbounded coordinates.
    n_curves : int, optional
        Curves the rows tell of, where several tell of one; by default as many as rows.
    seed : int, default=0

    Returns
    -------
    mixture : Mixture of one row
    """
    n_rows, _, n_dims = points.shape
    n_curves = n_rows if n_curves is None else n_curves
    flat = points.reshape(-1, n_dims)
    single = _shrunk_covariance(flat, n_curves)
    mean = flat.mean(axis=0)
    if n_curves < _LEAST_CURVES:
        return Mixture(np.ones((1, 1)), mean[None, None], single[None])
    parts = GaussianMixture(_COMPONENTS, reg_covar=_FLOOR, random_state=seed).fit(flat)
    return Mixture(
        np.concatenate([[0.5], 0.5 * parts.weights_])[None],
        np.vstack([mean, parts.means_])[None],
        np.concatenate([single[None], parts.covariances_]),
    )


def _shrunk_covariance(flat: Array, n_curves: int) -> Array:
    n_dims = flat.shape[1]
    found = np.cov(flat.T, bias=True).reshape(n_dims, n_dims)
    usual = np.diag(np.concatenate([USUAL_SPREAD**2, np.diag(found)[N_COORDINATES:]]))
    return shrunk(found, usual, n_curves, _USUAL_WEIGHT) + _FLOOR * np.eye(n_dims)


def shrunk(found: Any, usual: Any, n: int, weight: float) -> Any:
    """Draw what few curves show towards the usual, which counts as `weight` curves."""
    return (n * found + weight * usual) / (n + weight)


def resample_systematically(weights: Array, n: int, offset: float = 0.5) -> NDArray[np.intp]:
    """Pick places in proportion to weights by systematic resampling [1]_.

    Parameters
    ----------
    weights : ndarray of shape (n_places,), at least 0
    n : int
        How many to pick.
    offset : float, default=0.5
        Where between two of the `n` even levels each pick lies, in [0, 1).

    Returns
    -------
    picked : ndarray of shape (n,)
        In the order of the places.

    References
    ----------
    .. [1] Kitagawa, G. (1996). Monte Carlo filter and smoother for non-Gaussian nonlinear
       state space models. JCGS 5(1), 1-25.
    """
    edges = np.cumsum(weights)
    places = (np.arange(n) + offset) / n
    return np.minimum(np.searchsorted(edges / edges[-1], places), len(edges) - 1)
