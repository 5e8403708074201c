"""Training images changed at random: mirrored, scaled, cut out, other light; labels with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ptssp_sklearn.measuring.learner import Sample
from ptssp_sklearn.measuring.outlines import masks_of

SCALES = (0.6, 1.4)
LIGHT = 0.25
LEAST_SEEN = 0.25
"""Share of a box that must be left for its object to count."""

_LEAST_SIDE = 2.0
_GREY = 114


@dataclass(frozen=True)
class View:
    """One image as a training step sees it.

    Attributes
    ----------
    image : ndarray of shape (side, side, 3), uint8
    boxes : ndarray of shape (n, 4), pixels
    classes : ndarray of shape (n,)
    masks : ndarray of shape (n, side, side), bool, or None
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    classes: NDArray[np.int64]
    masks: NDArray[np.bool_] | None


def draw_view(sample: Sample, side: int, rng: np.random.Generator, *, masks: bool) -> View:
    """Scale an image so that its longest side is `side`, more or less, and cut out a square.

    Parameters
    ----------
    sample : Sample
    side : int
        Side of the square, pixels.
    rng : Generator
    masks : bool
        Draw the objects' masks too.
    """
    height, width = sample.image.shape[:2]
    scale = side / max(height, width) * float(rng.uniform(*SCALES))
    shape = max(1, round(height * scale)), max(1, round(width * scale))
    place = tuple(_corner(length, side, rng) for length in shape)
    flip = bool(rng.integers(2))
    image = _placed(_scaled(sample.image, shape), place, side, fill=_GREY)
    objects = sample.objects
    factors = np.array([shape[1] / width, shape[0] / height])
    whole = objects.boxes * np.tile(factors, 2) + np.tile([place[1], place[0]], 2)
    boxes = np.clip(whole, 0, side)
    seen = _seen(whole, boxes)
    drawn = None
    if masks:
        outlines = objects.outlines or ()
        full = masks_of([outlines[i] for i in np.flatnonzero(seen)], height, width)
        drawn = np.zeros((len(full), side, side), bool)
        for target, mask in zip(drawn, full, strict=True):
            target[:] = _placed(_scaled(mask.astype(np.uint8), shape), place, side, fill=0) > 0
    boxes = boxes[seen]
    if flip:
        image, boxes = image[:, ::-1], boxes[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [side, 0, side, 0]
        drawn = None if drawn is None else drawn[:, :, ::-1]
    return View(_lit(image, rng), boxes, objects.classes[seen], drawn)


def _corner(length: int, side: int, rng: np.random.Generator) -> int:
    """Draw where an image begins in the square: inside where it is smaller, else before it."""
    low, high = sorted((0, side - length))
    return int(rng.integers(low, high + 1))


def _scaled(pixels: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    method = Image.Resampling.BILINEAR if pixels.ndim == 3 else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(pixels).resize((shape[1], shape[0]), method))


def _placed(
    pixels: NDArray[np.uint8], place: tuple[int, ...], side: int, *, fill: int
) -> NDArray[np.uint8]:
    square = np.full((side, side, *pixels.shape[2:]), fill, np.uint8)
    spans = []
    for start, length in zip(place, pixels.shape[:2], strict=True):
        first, last = max(start, 0), min(start + length, side)
        spans.append((slice(first, last), slice(first - start, last - start)))
    (rows, own_rows), (columns, own_columns) = spans
    square[rows, columns] = pixels[own_rows, own_columns]
    return square


def _seen(whole: NDArray[np.float64], cut: NDArray[np.float64]) -> NDArray[np.bool_]:
    sides, left = whole[:, 2:] - whole[:, :2], cut[:, 2:] - cut[:, :2]
    share = left.prod(axis=1) / np.maximum(sides.prod(axis=1), 1e-9)
    return (share >= LEAST_SEEN) & (left >= _LEAST_SIDE).all(axis=1)


def _lit(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Change brightness, and a little the balance of colours."""
    gains = rng.uniform(1 - LIGHT, 1 + LIGHT) * rng.uniform(0.95, 1.05, 3)
    return np.clip(image * gains, 0, 255).astype(np.uint8)
