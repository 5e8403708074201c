"""Colours and outlines of the classes of a procedural domain."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from experiments.datasets.shapes import FAMILIES, Shape, random_shape

Colour = NDArray[np.float64]

GROUND_RANGE = (60, 195)
COLOUR_RANGE = (12, 243)


@dataclass(frozen=True)
class Style:
    """What the objects of one class have in common.

    Attributes
    ----------
    shape : Shape
    colour : ndarray of shape (3,), grey levels
    """

    shape: Shape
    colour: Colour


class Styling(Protocol):
    """The parameters that styles are drawn from; see ``SceneParameters``."""

    @property
    def family(self) -> str: ...
    @property
    def contrast(self) -> float: ...
    @property
    def n_classes(self) -> int: ...
    @property
    def class_difference(self) -> str: ...
    @property
    def distractor_difference(self) -> float: ...
    @property
    def distractor_shape(self) -> str: ...


def domain_styles(
    parameters: Styling, rng: np.random.Generator
) -> tuple[Colour, list[Style], Style]:
    """Draw what a domain's background, classes and distractors look like.

    Returns
    -------
    ground : ndarray of shape (3,), grey levels
        Mean colour of the background.
    styles : list of Style
        A style a class.
    distractor : Style
        Like the first class, but for a little colour and, perhaps, another outline.
    """
    ground = np.rint(rng.uniform(*GROUND_RANGE, 3))
    first, second = _directions(rng)
    start = FAMILIES.index(parameters.family)
    shape = random_shape(parameters.family, rng)
    styles = [Style(shape, _colour(ground, first, parameters.contrast))]
    for index in range(1, parameters.n_classes):
        family = FAMILIES[(start + 2 * index) % len(FAMILIES)]
        other = random_shape(family, rng)
        turn = 2 * pi * index / parameters.n_classes
        turned = _colour(ground, first * cos(turn) + second * sin(turn), parameters.contrast)
        by_shape = parameters.class_difference != "colour"
        by_colour = parameters.class_difference != "shape"
        styles.append(
            Style(other if by_shape else shape, turned if by_colour else styles[0].colour)
        )
    turn = -parameters.distractor_difference * pi / 2
    colour = _colour(ground, first * cos(turn) + second * sin(turn), parameters.contrast)
    if parameters.distractor_shape == "other":
        shape = random_shape(FAMILIES[(start + 1) % len(FAMILIES)], rng)
    return ground, styles, Style(shape, colour)


def _directions(rng: np.random.Generator) -> tuple[Colour, Colour]:
    """Draw two orthogonal unit vectors of colour."""
    first, second = rng.standard_normal((2, 3))
    first = first / np.sqrt((first * first).sum())
    second = second - first * (first * second).sum()
    return first, second / np.sqrt((second * second).sum())


def _colour(ground: Colour, direction: Colour, contrast: float) -> Colour:
    """Give the colour `contrast` grey levels from the ground, turned about where it must be."""
    low, high = COLOUR_RANGE
    step = direction * contrast
    beyond = (ground + step < low) | (ground + step > high)
    return np.rint(np.clip(ground + np.where(beyond, -step, step), low, high))
