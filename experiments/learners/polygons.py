"""Instance masks -> YOLO-seg label files: one closed polygon an object."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import cKDTree

from experiments.datasets.base import Sample


def write_samples(samples: Sequence[Sample], folder: Path, *, copies: int = 1) -> Path:
    """Write samples as ``images`` and ``labels``, each `copies` times.

    Returns
    -------
    images : Path
        The folder of images.
    """
    images, labels = folder / "images", folder / "labels"
    images.mkdir(parents=True)
    labels.mkdir()
    for index, sample in enumerate(samples):
        text = label_text(sample)
        picture = Image.fromarray(np.ascontiguousarray(sample.image))
        for copy in range(copies):
            stem = f"{copy:03d}-{index:06d}"
            picture.save(images / f"{stem}.png", compress_level=1)
            (labels / f"{stem}.txt").write_text(text)
    return images


def label_text(sample: Sample) -> str:
    """Give the label file of a sample, a line an object that can be seen."""
    lines = []
    for number, label in enumerate(sample.classes, start=1):
        object_ = sample.mask == number
        if object_.any():
            corners = " ".join(f"{value:.6f}" for value in polygon(object_).ravel())
            lines.append(f"{int(label)} {corners}\n")
    return "".join(lines)


def polygon(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Outline an object by one polygon.

    The format has one polygon an object: pieces and holes are joined to it by bridges
    that are walked there and back, so that the even-odd rule leaves holes open.

    Parameters
    ----------
    mask : ndarray of shape (height, width), bool
        With at least one pixel.

    Returns
    -------
    corners : ndarray of shape (n, 2)
        x and y as fractions of width and height.
    """
    import cv2

    height, width = mask.shape
    loops, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    outlines = [_with_area(loop[:, 0].astype(np.float64) + 0.5) for loop in loops]
    return np.clip(_joined(outlines) / [width, height], 0.0, 1.0)


def _with_area(loop: NDArray[np.float64]) -> NDArray[np.float64]:
    """Widen a loop through the centres of a single row of pixels to their edges."""
    low, high = loop.min(axis=0), loop.max(axis=0)
    if np.all(high - low >= 1):
        return loop
    (left, top), (right, bottom) = low - 0.5, high + 0.49
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def _joined(loops: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Insert loop after loop, the nearest first, at the pair of points that are nearest."""
    chain, *rest = sorted(loops, key=len, reverse=True)
    while rest:
        tree = cKDTree(chain)
        found = [tree.query(loop) for loop in rest]
        nearest = min(range(len(rest)), key=lambda index: found[index][0].min())
        distances, places = found[nearest]
        start = int(distances.argmin())
        place = int(places[start])
        loop = np.roll(rest.pop(nearest), -start, axis=0)
        chain = np.vstack([chain[: place + 1], loop, loop[:1], chain[place:]])
    return chain
