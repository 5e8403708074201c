"""What our model is compared with zero-shot: constants, the power law, ridge and trees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import curve_fit
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ptssp_sklearn._typing import Array

N_TREES = 300
OURS = "default pipeline"
"""What tables call the fitted model that these are compared with."""


@dataclass(frozen=True)
class Fold:
    """One fold: vectors and curves to learn from, vectors to predict for.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,), images
    X, X_test : ndarray of shape (n_rows, n_features) and (n_test, n_features)
    curves : ndarray of shape (n_rows, n_sizes), fractions
    seed : int
    """

    sizes: Array
    X: Array
    curves: Array
    X_test: Array
    seed: int

    def spread(self, curve: Array) -> Array:
        """Give one curve to every row that is asked about, shape (n_test, n_sizes)."""
        return np.broadcast_to(curve, (len(self.X_test), len(self.sizes)))


def mean_curve(fold: Fold) -> Array:
    """Predict the mean of the training curves."""
    return fold.spread(np.nanmean(fold.curves, axis=0))


def median_curve(fold: Fold) -> Array:
    """Predict the median of the training curves."""
    return fold.spread(np.nanmedian(fold.curves, axis=0))


def power_law(fold: Fold) -> Array:
    """Predict the power law a - b n^-c fitted to the mean of the training curves."""

    def law(n: Array, a: float, b: float, c: float) -> Array:
        return a - b * n**-c

    mean = np.nanmean(fold.curves, axis=0)
    box = ([0, 0, 0.01], [1, 2, 3])
    best, _ = curve_fit(law, fold.sizes, mean, p0=[0.7, 0.7, 0.5], bounds=box)
    return fold.spread(law(fold.sizes, *best))


def ridge(fold: Fold) -> Array:
    """Predict the points of the curve by ridge regression."""
    return _points(fold, make_pipeline(StandardScaler(), RidgeCV(np.logspace(0, 4, 17))))


def trees(fold: Fold) -> Array:
    """Predict the points of the curve by extremely randomised trees."""
    forest = ExtraTreesRegressor(
        N_TREES, min_samples_leaf=2, max_features=0.3, random_state=fold.seed, n_jobs=2
    )
    return _points(fold, forest)


def ridge_and_trees(fold: Fold) -> Array:
    """Average ridge regression and trees."""
    return (ridge(fold) + trees(fold)) / 2


CANDIDATES = {
    "mean curve": mean_curve,
    "median curve": median_curve,
    "power law of the mean": power_law,
    "ridge regression": ridge,
    "extremely randomised trees": trees,
    "ridge and trees": ridge_and_trees,
}
MEANS = {"ridge and trees": ("ridge regression", "extremely randomised trees")}


def predict_points(fold: Fold, names: Iterable[str]) -> dict[str, Array]:
    """Predict by several candidates; a mean of two others does not train them again."""
    found: dict[str, Array] = {}
    for name in names:
        if name in MEANS and set(MEANS[name]) <= set(found):
            found[name] = np.mean([found[part] for part in MEANS[name]], axis=0)
        else:
            found[name] = CANDIDATES[name](fold)
    return found


def _points(fold: Fold, model: Any) -> Array:
    imputed = make_pipeline(SimpleImputer(keep_empty_features=True), model)
    return np.clip(imputed.fit(fold.X, fold.curves).predict(fold.X_test), 0.0, 1.0)
