"""Samples -> the folders of images and labels that ultralytics trains on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import cKDTree

from ptssp_sklearn.measuring.learner import Outline, Sample


def write_samples(samples: Sequence[Sample], folder: Path, *, outlines: bool) -> Path:
    """Write samples as ``images`` and ``labels``.

    Parameters
    ----------
    samples : sequence of Sample
    folder : Path
    outlines : bool
        Write a polygon an object, else a box.

    Returns
    -------
    images : Path
        The folder of images.
    """
    images, labels = folder / "images", folder / "labels"
    images.mkdir(parents=True)
    labels.mkdir()
    for index, sample in enumerate(samples):
        stem = f"{index:06d}"
        picture = Image.fromarray(np.ascontiguousarray(sample.image))
        picture.save(images / f"{stem}.png", compress_level=1)
        (labels / f"{stem}.txt").write_text(label_text(sample, outlines=outlines))
    return images


def label_text(sample: Sample, *, outlines: bool) -> str:
    """Give the label file of a sample, a line an object.

    Raises
    ------
    ValueError
        If outlines are asked for and there are boxes only.
    """
    objects, shape = sample.objects, sample.image.shape[:2]
    if not outlines:
        rows = [_centred(box, shape) for box in objects.boxes]
    elif objects.outlines is None and len(objects.classes):
        raise ValueError(
            "Got labels that are boxes for a learner of masks. Name a detector, such as yolo11n.pt."
        )
    else:
        rows = [polygon(outline, shape).ravel() for outline in objects.outlines or ()]
    lines = zip(objects.classes, rows, strict=True)
    return "".join(f"{int(label)} {' '.join(f'{v:.6f}' for v in row)}\n" for label, row in lines)


def _centred(box: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Give the centre and the sides of a box as fractions of the image."""
    whole = np.array([shape[1], shape[0]], np.float64)
    low, high = np.clip(box[:2] / whole, 0, 1), np.clip(box[2:] / whole, 0, 1)
    return np.concatenate([(low + high) / 2, high - low])


def polygon(outline: Outline, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Outline an object by one polygon.

    The format has one polygon an object: pieces and holes are joined to it by bridges
    that are walked there and back, so that the even-odd rule leaves holes open.

    Parameters
    ----------
    outline : Outline
        Outline of a mask, at least one pixel.
    shape : (height, width), pixels

    Returns
    -------
    corners : ndarray of shape (n, 2)
        x and y as fractions of width and height.
    """
    loops = _contours(outline) if isinstance(outline, np.ndarray) else list(outline)
    return np.clip(_joined(loops) / [shape[1], shape[0]], 0.0, 1.0)


def _contours(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    import cv2

    loops, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return [_with_area(loop[:, 0].astype(np.float64) + 0.5) for loop in loops]


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
