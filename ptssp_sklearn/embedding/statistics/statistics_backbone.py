"""The backbone that needs no weights: image and mask statistics, landmarks, small U-Nets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ptssp_sklearn.embedding.backbone import Array, Backbone, Images, Masks
from ptssp_sklearn.embedding.statistics._image_statistics import image_statistics
from ptssp_sklearn.embedding.statistics._object_statistics import mask_statistics
from ptssp_sklearn.embedding.statistics._pixel_landmarks import LANDMARK_NAMES, landmark_scores
from ptssp_sklearn.embedding.statistics._unet_landmarks import UNET_LANDMARK_NAMES, unet_landmarks
from ptssp_sklearn.embedding.statistics.mask_perturbation import ceiling_statistics

WORKING_SIDE = 64
"""Statistics see an image scaled down to about this side (geometric mean), pixels."""


class StatisticsBackbone(Backbone):
    """Hand-made image and mask statistics, landmarks of the annotated images."""

    version = 1

    def __init__(self, *, random_state: int = 0) -> None:
        self.random_state = random_state
        image, mask = np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.int32)
        mask[2:5, 2:5] = 1
        self.image_names = tuple(image_statistics(image))
        self.mask_names = tuple(_of_mask(image, mask))
        landmarks = tuple(f"{s}_{n}" for s in ("mean", "std") for n in LANDMARK_NAMES)
        self.row_names = landmarks + tuple(f"rehearsal_{n}" for n in UNET_LANDMARK_NAMES)

    def prepare(self, image: Any, mask: Any | None) -> tuple[Any, Any | None]:
        return (reduce_image(image), None) if mask is None else reduce_pair(image, mask)

    def settings(self) -> str:
        packages = ("numpy", "scipy", "scikit-learn", "torch")
        return f"seed {self.random_state}, {[f'{p} {version(p)}' for p in packages]}"

    def image_features(self, images: Images) -> Array:
        return np.array([list(image_statistics(image).values()) for image in images])

    def mask_features(self, images: Images, masks: Masks) -> Array:
        pairs = zip(images, masks, strict=True)
        return np.array([list(_of_mask(*pair).values()) for pair in pairs])

    def row_features(self, images: Images, masks: Masks) -> Array | None:
        with ThreadPoolExecutor(1) as beside:
            landmarks = beside.submit(
                landmark_scores, images, masks, random_state=self.random_state
            )
            rehearsed = unet_landmarks(images, masks, random_state=self.random_state)
            scores = landmarks.result()
        if scores is None or rehearsed is None:
            return None
        return np.concatenate([scores.mean(axis=0), scores.std(axis=0), rehearsed])


class QuickStatisticsBackbone(StatisticsBackbone):
    """The same without small U-Nets, which take most of the time and tell nothing of photographs.

    On data sets of photographs left out, the level was told as well without them.
    """

    version = 1

    def __init__(self, *, random_state: int = 0) -> None:
        super().__init__(random_state=random_state)
        self.row_names = tuple(n for n in self.row_names if not n.startswith("rehearsal_"))

    def row_features(self, images: Images, masks: Masks) -> Array | None:
        scores = landmark_scores(images, masks, random_state=self.random_state)
        return None if scores is None else np.concatenate([scores.mean(axis=0), scores.std(axis=0)])


def _of_mask(image: NDArray[np.uint8], mask: NDArray[np.int32]) -> dict[str, float]:
    return mask_statistics(image, mask) | ceiling_statistics(mask)


def reduce_image(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scale an image down to the working size, averaging areas; small ones stay as they are."""
    size = _reduced_size(image.shape[:2])
    if size is None:
        return image
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))


def reduce_pair(
    image: NDArray[np.uint8], mask: NDArray[np.int32]
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Scale an image and its mask down to the working size."""
    size = _reduced_size(image.shape[:2])
    if size is not None:
        small = Image.fromarray(mask.astype(np.int32)).resize(size, Image.Resampling.NEAREST)
        mask = np.asarray(small, dtype=np.int32)
    return reduce_image(image), mask


def _reduced_size(shape: tuple[int, ...]) -> tuple[int, int] | None:
    height, width = shape
    factor = WORKING_SIDE / np.sqrt(height * width)
    if factor >= 1:
        return None
    return max(round(width * factor), 8), max(round(height * factor), 8)
