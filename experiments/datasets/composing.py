"""Paste cut-out objects onto a background: size, turn, recolour, place, blend."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from experiments.datasets.design import axis
from experiments.datasets.scenes import colour_statistics

MIN_LENGTH = 5
LARGEST = 0.95


@dataclass(frozen=True)
class PasteParameters:
    """How the objects of one domain are pasted.

    Lengths are fractions of the image's side, colours fractions of the grey range.
    Shares and probabilities lie in [0, 1]; ``feather`` is in pixels, ``rotation`` in degrees.
    """

    severity: float = axis()
    object_size: float = axis(0.09, 0.5, "log")
    size_spread: float = axis(0.0, 0.5, off=0.2)
    max_count: int = axis(1, 12, "log", whole=True)
    empty_share: float = axis(0.0, 0.4, off=0.5)
    max_hidden: float = axis(0.0, 0.6, off=0.4)
    touching: float = axis(0.0, 0.8, off=0.4)
    cut_off: float = axis(0.0, 0.5, off=0.4)
    rotation: float = axis(0.0, 180.0, off=0.25)
    flips: float = axis(0.0, 0.5, off=0.3)
    colour_match: float = axis(0.0, 1.0, off=0.2, nuisance=True)
    jitter: float = axis(0.0, 0.35, nuisance=True)
    feather: float = axis(0.0, 1.4, off=0.2, nuisance=True)
    transparency: float = axis(0.0, 0.35, off=0.3, nuisance=True)
    blur: float = axis(0.0, 0.025, off=0.3, nuisance=True)
    noise: float = axis(0.0, 0.14, "square", off=0.1, nuisance=True)
    distractors: float = axis(0.0, 9.0, off=0.25, nuisance=True)
    zoom: float = axis(0.12, 1.0, "log")
    background_contrast: float = axis(0.25, 1.25)
    colour_cast: float = axis(0.0, 0.2, "square", nuisance=True)
    n_variants: int = axis(1, 12, "log", whole=True)
    n_backgrounds: int = axis(1, 64, "log", whole=True)
    n_classes: float = axis()


def longest_side(parameters: PasteParameters, side: int) -> int:
    """Give the longest side a cut-out is ever drawn at, pixels."""
    size = parameters.object_size * exp(2 * parameters.size_spread) * 2
    return int(min(size, LARGEST) * side) + 1


def shaped(
    cutout: Image.Image, parameters: PasteParameters, side: int, rng: np.random.Generator
) -> Image.Image:
    """Scale, flip and turn a cut-out; its size is the root of the area of its box."""
    spread = min(max(float(rng.standard_normal()), -2.0), 2.0) * parameters.size_spread
    angle = float(rng.uniform(-1, 1)) * parameters.rotation
    flip = rng.random() < parameters.flips
    width, height = cutout.size
    scale = parameters.object_size * exp(spread) * side / (width * height) ** 0.5
    scale = max(scale, MIN_LENGTH / (width * height) ** 0.5)
    scale = min(scale, LARGEST * side / max(width, height))
    size = max(2, int(width * scale + 0.5)), max(2, int(height * scale + 0.5))
    image = cutout.resize(size, Image.Resampling.BILINEAR)
    if flip:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if abs(angle) >= 1:
        image = image.rotate(round(angle), Image.Resampling.BILINEAR, expand=True)
    return image


def recoloured(
    image: Image.Image,
    mask: NDArray[np.bool_],
    parameters: PasteParameters,
    ground: tuple[NDArray[np.float64], NDArray[np.float64]],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recolour a shaped cut-out and soften its edge.

    Parameters
    ----------
    image : RGBA image
    mask : ndarray of shape (height, width), bool
    parameters : PasteParameters
    ground : tuple of ndarray of shape (3,), grey levels
        Mean and standard deviation of the background.
    rng : Generator

    Returns
    -------
    colour : ndarray of shape (height, width, 3), grey levels
    alpha : ndarray of shape (height, width), in [0, 1]
    """
    colour = np.asarray(image)[:, :, :3].astype(np.float64)
    pull = parameters.colour_match
    if pull > 0 and mask.any():
        mean, std = colour_statistics(colour[mask])
        gain = (1 - pull) + pull * (ground[1] + 4) / (std + 4)
        colour = (colour - mean) * gain + mean + pull * (ground[0] - mean)
    contrast, bright = (rng.uniform(-1, 1, 2) * parameters.jitter).tolist()
    colour = (colour - 128) * (1 + contrast) + (128 + 128 * bright)
    edge = image.getchannel("A")
    if parameters.feather >= 0.2:
        edge = edge.filter(ImageFilter.GaussianBlur(parameters.feather))
    opacity = 1 - parameters.transparency * float(rng.uniform(0.5, 1.0))
    return np.clip(colour, 0, 255), np.asarray(edge) * (opacity / 255)


def ground_image(
    background: Image.Image, parameters: PasteParameters, side: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Cut a random square out of a background and bring it to the image's side.

    Returns
    -------
    image : ndarray of shape (side, side, 3), grey levels
    """
    short = min(background.size)
    share = parameters.zoom * float(rng.uniform(0.8, 1.25))
    length = min(short, max(short * share, side / 2))
    left, top = (rng.random(2) * (np.array(background.size) - length)).tolist()
    box = (left, top, left + length, top + length)
    crop = background.resize((side, side), Image.Resampling.BILINEAR, box=box)
    if rng.random() < 0.5:
        crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image = np.asarray(crop).astype(np.float64)
    mean, _ = colour_statistics(image)
    return mean + (image - mean) * parameters.background_contrast
