"""Families of object outlines, drawn with exact masks."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]

FAMILIES = ("ellipse", "polygon", "star", "box", "blob", "ring", "crescent", "rod", "cross")
HARMONICS = np.arange(2, 7)
BLOB_WOBBLE = 0.5
STRETCH = {"rod": 1.5, "crescent": 1.2, "star": 1.2}


@dataclass(frozen=True)
class Shape:
    """Outline of the objects of one class.

    Attributes
    ----------
    family : str
        One of `FAMILIES`.
    corners : int
        Of a polygon; points of a star.
    inner : float
        Share of the radius: hole of a ring, notch of a star, half thickness of a rod or
        an arm of a cross.
    aspect : float
        Length over width.
    exponent : float
        Of the superellipse that a box is.
    """

    family: str
    corners: int
    inner: float
    aspect: float
    exponent: float


def random_shape(family: str, rng: np.random.Generator) -> Shape:
    """Draw the outline of a class within its family."""
    low, high = {"ring": (0.4, 0.65), "star": (0.35, 0.6), "rod": (0.22, 0.4)}.get(
        family, (0.3, 0.45)
    )
    return Shape(
        family=family,
        corners=int(rng.integers(4 if family == "star" else 3, 8)),
        inner=round(float(rng.uniform(low, high)), 4),
        aspect=round(float(rng.uniform(1.0, 1.3 if family in STRETCH else 1.9)), 4),
        exponent=round(float(rng.uniform(3.0, 7.0)), 4),
    )


def random_wobble(rng: np.random.Generator) -> tuple[Field, Field]:
    """Draw amplitudes and phases of an outline's irregularity, a harmonic each.

    Returns
    -------
    amplitudes : ndarray of shape (5,), shares of the radius
    phases : ndarray of shape (5,), radians
    """
    amplitudes = rng.standard_normal(len(HARMONICS)) / HARMONICS
    return np.clip(amplitudes, -0.4, 0.4), rng.uniform(0, 2 * pi, len(HARMONICS))


def depth(
    shape: Shape, size: float, angle: float, wobble: tuple[Field, Field], offset: tuple[float, ...]
) -> Field:
    """Give the distance of each pixel to the outline, positive inside.

    Parameters
    ----------
    shape : Shape
    size : float
        Root of the area of the object's box, pixels.
    angle : float, radians
    wobble : tuple of ndarray of shape (5,)
        Amplitudes and phases, see :func:`random_wobble`.
    offset : tuple of float
        Of the middle from the middle of the window, pixels; kept off whole numbers by
        the caller, so that no pixel lies on an outline exactly.

    Returns
    -------
    depth : ndarray of shape (n, n), pixels, roughly
    """
    radius = size / 2 * STRETCH.get(shape.family, 1.0)
    reach = int(radius * shape.aspect**0.5 * 1.35) + 2
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    rows, columns = rows - offset[0], columns - offset[1]
    x = (columns * cos(angle) + rows * sin(angle)) / (radius * shape.aspect**0.5)
    y = (rows * cos(angle) - columns * sin(angle)) / (radius * shape.aspect**-0.5)
    theta = np.arctan2(y, x)
    swell = np.ones_like(x)
    for harmonic, amplitude, phase in zip(HARMONICS, *wobble, strict=True):
        if amplitude:
            swell = swell + amplitude * np.cos(harmonic * theta + phase)
    swell = np.clip(swell, 0.5, 1.5)
    return (1 - _level(shape, x / swell, y / swell, theta)) * radius


def _level(shape: Shape, x: Field, y: Field, theta: Field) -> Field:
    """Give a function that is 1 on the outline of unit radius and less inside."""
    return _LEVELS[shape.family](shape, x, y, np.sqrt(x * x + y * y), theta)


def _ellipse(shape: Shape, x: Field, y: Field, rho: Field, theta: Field) -> Field:
    return rho


def _folded(shape: Shape, theta: Field) -> Field:
    step = 2 * pi / shape.corners
    return np.abs(np.mod(theta, step) - step / 2)


def _polygon(shape: Shape, x: Field, y: Field, rho: Field, theta: Field) -> Field:
    return 1 + rho - cos(pi / shape.corners) / np.cos(_folded(shape, theta))


def _star(shape: Shape, x: Field, y: Field, rho: Field, theta: Field) -> Field:
    point = _folded(shape, theta) / (pi / shape.corners)
    return 1 + rho - (shape.inner + (1 - shape.inner) * point * point)


def _box(shape: Shape, x: Field, y: Field, rho: Field, theta: Field) -> Field:
    power = shape.exponent
    return np.power(np.power(np.abs(x), power) + np.power(np.abs(y), power), 1 / power)


def _ring(shape: Shape, x: Field, y: Field, rho: Field, theta: Field) -> Field:
    return np.maximum(rho, 1 + shape.inner - rho)


def _crescent(shape: Shape, x: Field, y: Field, rho: Field, theta: Field) -> Field:
    bite = 0.45 + shape.inner
    shifted = x - 0.5
    return np.maximum(rho, 1 + bite - np.sqrt(shifted * shifted + y * y))


def _rod(shape: Shape, x: Field, y: Field, rho: Field, theta: Field) -> Field:
    beyond = np.maximum(np.abs(x) - (1 - shape.inner), 0)
    return 1 + np.sqrt(beyond * beyond + y * y) - shape.inner


def _cross(shape: Shape, x: Field, y: Field, rho: Field, theta: Field) -> Field:
    wide, high = np.abs(x), np.abs(y)
    across = np.maximum(wide - 1, high - shape.inner)
    return 1 + np.minimum(across, np.maximum(high - 1, wide - shape.inner))


_LEVELS: dict[str, Any] = {
    "ellipse": _ellipse,
    "polygon": _polygon,
    "star": _star,
    "box": _box,
    "blob": _ellipse,
    "ring": _ring,
    "crescent": _crescent,
    "rod": _rod,
    "cross": _cross,
}
