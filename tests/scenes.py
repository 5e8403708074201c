"""Small scenes for the tests: bright blobs on noise."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ptssp_sklearn.images.table import image_table


def scene(seed: int, *, side: int = 40, contrast: float = 90.0, n_objects: int = 3):
    """Draw one image of square objects and its instance mask."""
    rng = np.random.default_rng(seed)
    image = rng.normal(90, 12, (side, side, 3))
    mask = np.zeros((side, side), np.int32)
    for label in range(1, n_objects + 1):
        top, left = rng.integers(1, side - 11, 2)
        mask[top : top + 9, left : left + 9] = label
    image[mask > 0] += contrast
    return np.clip(image, 0, 255).astype(np.uint8), mask


def task(seed: int, n_images: int = 3, **options):
    """Draw the images and masks of one dataset."""
    pairs = [scene(1000 * seed + i, **options) for i in range(n_images)]
    return np.array([i for i, _ in pairs]), np.array([m for _, m in pairs])


def table(n_rows: int = 3, n_images: int = 3, **options) -> pd.DataFrame:
    """Draw an image table with masks."""
    return image_table([task(row, n_images, **options) for row in range(n_rows)])
