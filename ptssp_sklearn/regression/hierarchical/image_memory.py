"""What a regressor of learners knows of images: how alike they are, and what they tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from ptssp_sklearn._typing import Array
from ptssp_sklearn.exceptions import InputError
from ptssp_sklearn.regression._scaling import Standardiser
from ptssp_sklearn.regression.hierarchical.image_level import ImageLevel
from ptssp_sklearn.regression.hierarchical.learner_points import levels_of
from ptssp_sklearn.regression.novelty import Domain, References

OF_OBJECTS = ("mean_mask_", "std_mask_", "landmark_")
"""How the names of features begin that tell of labelled objects."""


class ImageMemoryMixin(BaseEstimator):
    """Methods of a regressor that may have been fitted on features of images."""

    image_learner: str
    image_size: float
    count_feature: int
    references_: References
    domain_: Domain

    @property
    def looks_at_images(self) -> bool:
        """Whether it was fitted on features of images."""
        return self.n_features_in_ > 0

    def out_of_domain(self, X: Any) -> Array:
        """Tell how unlike the training data sets each row is; see `Domain.novelty_score`."""
        X = self._features(X)
        return self.domain_.novelty_score(self._place(X))

    def neighbours(self, X: Any, n: int = 5) -> pd.DataFrame:
        """Find the training curves whose images look most like each row.

        Returns
        -------
        neighbours : DataFrame
            Columns row (place in X), dataset, distance and weight, nearest first.
        """
        points = self._place(self._features(X))
        names = self.references_.curves.index
        return self.domain_.neighbours(points, n, names, np.arange(len(points)))

    def _remember(self, references: References) -> None:
        self.references_, features = references, references.features.astype(np.float64)
        self.n_features_in_ = features.shape[1]
        if self.looks_at_images:
            self._scaler = Standardiser().fit(features)
            self.domain_ = Domain(self._place(features), references.dataset)

    def _place(self, X: Array) -> Array:
        return self._scaler.transform(X).astype(np.float64)

    def _features(self, X: Any) -> Array:
        if not self.looks_at_images:
            raise InputError("Got images, but this model knows none: pass X=None.", "no_images")
        return validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)

    def _level_of_images(self, X: pd.DataFrame, y: pd.DataFrame) -> ImageLevel | None:
        """Learn what features tell of the score that `image_learner` has at `image_size`."""
        levels = levels_of(X.index, y, self.image_learner, self.image_size)
        columns = [place for place, name in enumerate(X.columns) if name.startswith(OF_OBJECTS)]
        values = X.to_numpy(dtype=float)
        return ImageLevel.fit(
            values,
            levels,
            np.unique(X.index, return_inverse=True)[1],
            np.exp(values[:, self.count_feature]),
            np.array(columns, dtype=np.intp),
        )
