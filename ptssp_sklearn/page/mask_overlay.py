"""Masks drawn over their images, so that a wrong one is seen."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

_SIDE = 320
_TINT = np.array([255, 140, 0])


def overlay_png(image: NDArray[np.uint8], mask: NDArray[np.int32] | None) -> bytes:
    """Draw a mask over its image as a PNG.

    Objects are tinted; their outline is white on black, to be seen without colour.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
    mask : ndarray of shape (height, width), or None
        Instance ids, 0 for background.

    Returns
    -------
    data : bytes
        Bytes of a PNG whose longer side is about 320 pixels.
    """
    height, width = image.shape[:2]
    scale = _SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    way = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BILINEAR
    pixels = np.asarray(Image.fromarray(image).resize(size, way))
    if mask is not None:
        ids = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
        pixels = _draw(pixels, ids)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def count_objects(mask: NDArray[np.int32]) -> int:
    """Count the instances of a mask."""
    return len(np.unique(mask[mask > 0]))


def _draw(pixels: NDArray[np.uint8], ids: NDArray[np.int32]) -> NDArray[np.uint8]:
    drawn = pixels.astype(float)
    inside = ids > 0
    drawn[inside] = 0.75 * drawn[inside] + 0.25 * _TINT
    edge = inside & (
        (ndimage.minimum_filter(ids, 3) != ids) | (ndimage.maximum_filter(ids, 3) != ids)
    )
    drawn[ndimage.binary_dilation(edge, iterations=1)] = 0
    drawn[edge] = 255
    return drawn.astype(np.uint8)
