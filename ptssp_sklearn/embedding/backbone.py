"""What a feature extractor is: the contract `ImageEmbedder` asks of a backbone."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn._typing import Array

Images = Sequence[NDArray[np.uint8]]
Masks = Sequence[NDArray[np.int32]]


class Backbone(ABC):
    """What `ImageEmbedder` asks of a feature extractor.

    Each image is prepared once, in a thread beside others, then features are taken of many
    prepared ones. Unless `prepare` does something, images are (height, width, 3) uint8
    arrays and masks (height, width) instance ids. Features of an image may be NaN where they
    are not defined for it. `keep_weights` says whether weights go into pickles,
    `batch_size` how many images are handed over at once, `in_turn` that images are prepared
    between the calls, not beside them, because both are faster alone.

    A class that sets `version` itself has its features kept in the embedder's cache; raise
    it whenever they change.
    """

    image_names: tuple[str, ...]
    mask_names: tuple[str, ...]
    row_names: tuple[str, ...] = ()
    keep_weights: bool = False
    batch_size: int = 32
    in_turn: bool = False
    version: int | None = None

    @abstractmethod
    def image_features(self, images: Images) -> Array:
        """Give features of prepared images, shape (n_images, len(image_names))."""

    @abstractmethod
    def mask_features(self, images: Images, masks: Masks) -> Array:
        """Give features of objects and background, shape (n_images, len(mask_names))."""

    def row_features(self, images: Images, masks: Masks) -> Array | None:
        """Give features of all annotated images of a dataset together, or None."""
        return None

    def prepare(self, image: Any, mask: Any | None) -> tuple[Any, Any | None]:
        """Reduce an image (and its mask) to what the features are taken of."""
        return image, mask

    def settings(self) -> str:
        """Name all that features depend on, beside the class and its version."""
        return ""

    def fingerprint(self) -> str | None:
        """Identify what features are computed with; None where a class has no version."""
        kind = type(self)
        if vars(kind).get("version") is None:
            return None
        names = (*self.image_names, *self.mask_names, *self.row_names)
        about = f"{kind.__module__}.{kind.__qualname__} {kind.version} {self.settings()} "
        return about + hashlib.sha256(repr(names).encode()).hexdigest()
