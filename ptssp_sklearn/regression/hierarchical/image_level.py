"""The features of a few labelled images -> what they say of their data set's level.

A strongly shrunk ridge regression [1]_ tells the score that a known learner has at one size.
How far it errs on data sets left out, by the number of images, says how much a hint may weigh:
where it errs as far as the mean of all data sets, it says nothing.

References
----------
.. [1] Hoerl, A. E., Kennard, R. W. (1970). Ridge regression: biased estimation for
   nonorthogonal problems. Technometrics, 12(1), 55-67.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.special import logit
from sklearn.linear_model import Ridge

from ptssp_sklearn._typing import Array
from ptssp_sklearn.bayes.level_hint import EDGE, LevelHint
from ptssp_sklearn.bayes.mixture import shrunk
from ptssp_sklearn.regression._scaling import Standardiser

PENALTIES = (10.0, 30.0, 100.0, 300.0)
"""Of the ridge regression, where each data set counts once."""

_LEAST_DATASETS = 10
_USUAL_DATASETS = 3.0
_KNOWN = 0.5
"""Share of the features that a row must have to be told anything, and of rows, a feature."""


@dataclass(frozen=True)
class ImageLevel:
    """A ridge regression from features to the logit of a score, and its error.

    Parameters
    ----------
    columns : ndarray of shape (n_columns,)
        Places of the features that are looked at.
    centre, scale, weights : ndarray of shape (n_columns,)
        Mean and spread of each feature, and its weight when standardised.
    mean, variance : float
        Of the logits of the training data sets.
    stays, falls : float
        Squared error on data sets left out: ``stays + falls / n_images``.
    """

    columns: NDArray[np.intp]
    centre: Array
    scale: Array
    weights: Array
    mean: float
    variance: float
    stays: float
    falls: float

    @classmethod
    def fit(
        cls,
        X: Array,
        levels: Array,
        dataset: NDArray[np.intp],
        n_images: Array,
        columns: NDArray[np.intp],
    ) -> ImageLevel | None:
        """Learn it from several draws of each data set.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features)
            NaN where a feature does not exist.
        levels : ndarray of shape (n_rows,), fractions
            Score of the data set that each row is a draw of.
        dataset : ndarray of shape (n_rows,)
        n_images : ndarray of shape (n_rows,)
        columns : ndarray of shape (n_columns,)
            Places of the features that may be looked at.

        Returns
        -------
        level : ImageLevel, or None
            None where there are fewer than ten data sets, or nothing is learned.
        """
        told = _told(X[:, columns])
        X, dataset, n_images = X[told], dataset[told], n_images[told]
        asked = logit(np.clip(levels[told], EDGE, 1.0 - EDGE))
        names, first = np.unique(dataset, return_index=True)
        if len(names) < _LEAST_DATASETS:
            return None
        columns = columns[np.isfinite(X[:, columns]).mean(axis=0) > _KNOWN]
        X = X[:, columns]
        shares = _shares(dataset, n_images)
        tried = {one: _errors_left_out(X, asked, shares, dataset, one) for one in PENALTIES}
        penalty = min(PENALTIES, key=lambda one: float(np.average(tried[one] ** 2, weights=shares)))
        terms = np.stack([np.ones(len(X)), 1.0 / n_images], axis=1)
        (stays, falls), _ = nnls(terms, tried[penalty] ** 2)
        variance = float(asked[first].var(ddof=1))
        stays = float(shrunk(stays, variance, len(names), _USUAL_DATASETS))
        if stays >= variance:
            return None
        scaler, weights, mean = _ridge(X, asked, shares, penalty)
        fitted = scaler.mean_, scaler.scale_, weights, mean
        return cls(columns, *fitted, variance, stays, float(falls))

    def predict(self, X: Array) -> Array:
        """Predict the logit of the score, shape (n_rows,)."""
        scaler = Standardiser()
        scaler.mean_, scaler.scale_ = self.centre, self.scale
        return self.mean + scaler.transform(X[:, self.columns]) @ self.weights

    def hint(self, X: Array, n_images: Array, size: float, block: int) -> LevelHint:
        """Say what makes of the training data sets' spread what was predicted, and its error.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features)
        n_images : ndarray of shape (n_rows,)
        size, block
            As in `LevelHint`.
        """
        error = self.stays + self.falls / n_images
        gain = np.where(_told(X[:, self.columns]), 1.0 / error - 1.0 / self.variance, 0.0)
        says = gain > 0
        gain = np.where(says, gain, 1.0)
        centre = (self.predict(X) / error - self.mean / self.variance) / gain
        spread = np.where(says, 1.0 / np.sqrt(gain), np.inf)
        return LevelHint(np.where(says, centre, self.mean), spread, size, block)


def _told(X: Array) -> NDArray[np.bool_]:
    return np.isfinite(X).mean(axis=1) > _KNOWN


def _shares(dataset: NDArray[np.intp], n_images: Array) -> Array:
    """Weigh rows by the square of their images, and every data set as one."""
    _, place = np.unique(dataset, return_inverse=True)
    weights = n_images**2
    return np.asarray(weights / np.bincount(place, weights)[place])


def _ridge(
    X: Array, asked: Array, shares: Array, penalty: float
) -> tuple[Standardiser, Array, float]:
    """Fit; give the scaler, the weights and the mean."""
    mean = float(np.average(asked, weights=shares))
    scaler = Standardiser().fit(X)
    model = Ridge(alpha=penalty, fit_intercept=False)
    model.fit(scaler.transform(X).astype(np.float64), asked - mean, sample_weight=shares)
    return scaler, model.coef_, mean


def _errors_left_out(
    X: Array, asked: Array, shares: Array, dataset: NDArray[np.intp], penalty: float
) -> Array:
    """Give the error of every row, its data set left out."""
    errors = np.empty(len(X))
    for one in np.unique(dataset):
        out = dataset == one
        scaler, weights, mean = _ridge(X[~out], asked[~out], shares[~out], penalty)
        errors[out] = mean + scaler.transform(X[out]) @ weights - asked[out]
    return errors
