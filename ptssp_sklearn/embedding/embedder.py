"""ImageEmbedder: rows of images and masks -> one vector a row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from ptssp_sklearn._typing import Array
from ptssp_sklearn.embedding._extraction import FeatureExtractor, RowFeatures
from ptssp_sklearn.embedding._pooling import pool_concat, pool_mean_std
from ptssp_sklearn.embedding._progress import progress_bar
from ptssp_sklearn.embedding.networks._openvino import ENGINES
from ptssp_sklearn.embedding.networks.network_backbone import PRECISIONS
from ptssp_sklearn.embedding.registry import find_backbone, make_backbone
from ptssp_sklearn.exceptions import ImageError
from ptssp_sklearn.images.cache import open_cache
from ptssp_sklearn.images.decoding import MAX_PIXELS
from ptssp_sklearn.images.table import ImageRow, check_image_table

COUNT_NAMES = ("log_images", "mask_share")
COUNT_PLACE = -2
"""Place of the (log) number of images in an embedded row."""

CHOICES = {
    "pooling": ("mean_std", "concat"),
    "missing": ("zero", "nan"),
    "precision": PRECISIONS,
    "engine": ENGINES,
}


class ImageEmbedder(TransformerMixin, BaseEstimator):
    """Turn the images (and masks) of a dataset into one vector.

    A row of the image table is a dataset: one to many images of one task. Every image
    goes through a feature extractor; the features of a row's images are pooled; features
    of all annotated images together (landmarks), the number of images and the share that
    has masks follow.

    Parameters
    ----------
    backbone : {"statistics", "quick_statistics", "clip", "inception_v3", \
"efficientnet_lite0", "precomputed"}, default="statistics"
        ``"statistics"``: hand-made image and mask statistics and landmarks
        (two to three seconds a row of masked images), no weights. ``"quick_statistics"``: the
        same but for the small U-Nets, a fifth of the time.
        ``"precomputed"``: `X` is a numeric table of vectors computed earlier, which passes
        through. Others registered with `register_backbone` work too.
    model : str, default=None
        Architecture of the ``"clip"`` backbone, by default ViT-B-32.
    weights : str or Path, default=None
        Local file of weights, or a pretrained tag the backbone's package knows.
    pooling : {"mean_std", "concat"}, default="mean_std"
        ``"mean_std"`` does not depend on the order or number of images; ``"concat"`` puts
        them side by side, up to the longest row seen in `fit`.
    missing : {"zero", "nan"}, default="zero"
        What stands where a feature does not exist, such as mask features of rows without
        masks.
    batch_size : int, default=32
        Most images a forward pass. InceptionV3 and EfficientNet-Lite0 take at most four at
        once on a CPU, which is faster there.
    device : str, default="auto"
        Where networks run: ``"auto"``, ``"cpu"``, ``"cuda"`` …
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Numbers networks run in. ``"auto"`` takes bfloat16 where the processor has
        instructions for it and the features agree with float32 (cosine at least 0.999).
        The backbone ``"statistics"`` does not depend on it.
    engine : {"torch", "openvino"}, default="torch"
        What runs a network. ``"openvino"`` (extra ``openvino``) takes seconds to compile it,
        then runs EfficientNet-Lite0 about 1.4 times as fast on a CPU; see the benchmarks.
    pickle_weights : bool, default=False
        Whether a network's weights go into pickles. By default they are loaded again.
    max_pixels : int, default=50_000_000
        Largest image that is decoded, pixels.
    random_state : int, default=0
        Seed of the landmarks.
    n_jobs : int, default=None
        Processes for rows of the ``"statistics"`` backbone, as in joblib.
    cache_dir : str, Path, None or False, default=None
        Where features are kept, so that no image is embedded twice: a folder, which
        several processes may share; None, memory that all embedders of this process
        share; False, nothing outlives the call. An entry is named by the decoded pixels
        and mask, and by all that the features depend on.
    cache_size : int or str, default="1GB"
        Most bytes kept; what was not asked for longest goes first.
    progress : bool, default=True
        Show a bar where work takes over two seconds and standard error is a terminal.

    Attributes
    ----------
    backbone_ : Backbone or None
        The loaded feature extractor.
    n_images_ : int
        Images of the longest row seen in `fit`.
    n_features_in_ : int
        Columns of the table seen in `fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from ptssp_sklearn import ImageEmbedder
    >>> images = np.random.default_rng(0).integers(0, 255, (2, 4, 32, 32, 3), dtype=np.uint8)
    >>> ImageEmbedder().fit_transform(images).shape
    (2, 196)
    """

    def __init__(
        self,
        backbone: str = "statistics",
        *,
        model: str | None = None,
        weights: str | Path | None = None,
        pooling: str = "mean_std",
        missing: str = "zero",
        batch_size: int = 32,
        device: str = "auto",
        pickle_weights: bool = False,
        max_pixels: int = MAX_PIXELS,
        precision: str = "auto",
        engine: str = "torch",
        random_state: int = 0,
        n_jobs: int | None = None,
        cache_dir: str | Path | bool | None = None,
        cache_size: int | str = "1GB",
        progress: bool = True,
    ) -> None:
        self.backbone = backbone
        self.model = model
        self.weights = weights
        self.pooling = pooling
        self.missing = missing
        self.batch_size = batch_size
        self.device = device
        self.pickle_weights = pickle_weights
        self.max_pixels = max_pixels
        self.random_state = random_state
        self.precision = precision
        self.engine = engine
        self.n_jobs = n_jobs
        self.cache_dir = cache_dir
        self.cache_size = cache_size
        self.progress = progress

    def fit(self, X: Any, y: Any = None) -> ImageEmbedder:
        """Check the table and load the backbone.

        Parameters
        ----------
        X : image table of n_rows rows, or array of shape (n_rows, n_features) if precomputed
        y : None
            Ignored.

        Raises
        ------
        ImageError
            If the table is not usable; row and column are named.
        ValueError
            If a parameter is not one of its choices, or weights do not fit.
        ImportError
            If a package of the extra ``vision`` is missing.
        """
        self._check_params()
        if self.backbone == "precomputed":
            validate_data(self, X, dtype=np.float64)
            self.backbone_ = None
            return self
        rows = check_image_table(X)
        self.n_images_ = max(len(row.images) for row in rows)
        self.n_features_in_ = X.shape[1] if hasattr(X, "shape") else self.n_images_
        self.backbone_ = make_backbone(self.backbone, self.get_params())
        self.backbone_.keep_weights = self.pickle_weights
        return self

    def transform(self, X: Any) -> Array:
        """Embed every row.

        Parameters
        ----------
        X : image table of n_rows rows, or array of shape (n_rows, n_features) if precomputed

        Returns
        -------
        vectors : ndarray of shape (n_rows, n_features)
        """
        check_is_fitted(self)
        if self.backbone_ is None:
            return validate_data(self, X, dtype=np.float64, reset=False)
        rows = check_image_table(X)
        self._check_rows(rows)
        cache = open_cache(self.cache_dir, self.cache_size)
        n_jobs = self.n_jobs if self.backbone_.row_names else None
        extractor = FeatureExtractor(self.backbone_, cache, self.max_pixels, n_jobs)
        n_images = sum(len(row.images) for row in rows)
        with progress_bar("Embedding images", n_images, shown=self.progress) as advance:
            vectors = np.array([self._pool(row) for row in extractor.extract(rows, advance)])
        return np.nan_to_num(vectors, nan=0.0) if self.missing == "zero" else vectors

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Name the columns of `transform`'s answer."""
        check_is_fitted(self)
        if self.backbone_ is None:
            return _check_feature_names_in(self, input_features)
        single = [f"image_{n}" for n in self.backbone_.image_names]
        single += [f"mask_{n}" for n in self.backbone_.mask_names]
        prefixes = ["mean", "std"]
        if self.pooling == "concat":
            prefixes = [f"{i}" for i in range(1, self.n_images_ + 1)]
        pooled = [f"{prefix}_{name}" for prefix in prefixes for name in single]
        landmarks = [f"landmark_{n}" for n in self.backbone_.row_names]
        return np.array([*pooled, *landmarks, *COUNT_NAMES], dtype=object)

    def _pool(self, row: RowFeatures) -> Array:
        if self.pooling == "concat":
            pooled = pool_concat(row.images, self.n_images_)
        else:
            pooled = pool_mean_std(row.images)
        counts = [np.log(len(row.images)), row.n_masks / len(row.images)]
        return np.concatenate([pooled, row.together, counts])

    def _check_rows(self, rows: list[ImageRow]) -> None:
        longest = max(rows, key=lambda row: len(row.images))
        if self.pooling == "concat" and len(longest.images) > self.n_images_:
            raise ImageError(
                f"Got {len(longest.images)} images in row {longest.name}, but "
                f"pooling='concat' was fitted on at most {self.n_images_}. "
                "Use pooling='mean_std' for rows of any length."
            )

    def _check_params(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                expected = " or ".join(map(repr, choices))
                raise ValueError(f"Got {name}={getattr(self, name)!r}, expected {expected}.")
        if self.backbone != "precomputed":
            find_backbone(self.backbone)
        open_cache(self.cache_dir, self.cache_size)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        numeric = self.backbone == "precomputed"
        tags.input_tags.two_d_array = True
        tags.input_tags.string = not numeric
        tags.input_tags.allow_nan = not numeric
        return tags
