"""Grey textures of zero mean and roughly unit variance."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]

TEXTURES = ("noise", "stripes", "checks", "spots", "gradient")


def texture(kind: str, side: int, slope: float, period: float, rng: np.random.Generator) -> Field:
    """Draw one texture.

    Parameters
    ----------
    kind : {"noise", "stripes", "checks", "spots", "gradient"}
    side : int, pixels
    slope : float
        Of the power spectrum of noise: 0 is white, 2 to 4 is cloudy.
    period : float
        Of stripes, checks and spots, pixels.
    rng : Generator

    Returns
    -------
    texture : ndarray of shape (side, side)
    """
    if kind == "noise":
        return spectral_noise(side, slope, rng)
    angle, *phases = (rng.random(3) * 2 * pi).tolist()
    rows, columns = np.mgrid[:side, :side].astype(np.float64)
    along = columns * cos(angle) + rows * sin(angle)
    across = rows * cos(angle) - columns * sin(angle)
    if kind == "gradient":
        return (along - (side - 1) / 2 * (cos(angle) + sin(angle))) * (3.4 / side)
    first = np.sin(along * (2 * pi / period) + phases[0])
    if kind == "stripes":
        return np.clip(2.5 * first, -1, 1) * 1.15
    second = np.sin(across * (2 * pi / period) + phases[1])
    if kind == "checks":
        return np.clip(4 * first * second, -1, 1) * 1.25
    return np.clip(5 * (first * second - 0.45), 0, 1) * 2.8 - 0.55


def spectral_noise(side: int, slope: float, rng: np.random.Generator) -> Field:
    """Draw noise whose power falls with frequency to the power of `slope`."""
    spectrum = np.fft.rfft2(rng.standard_normal((side, side)))
    rows, columns = np.fft.fftfreq(side)[:, None] * side, np.fft.rfftfreq(side)[None] * side
    frequency = np.sqrt(rows * rows + columns * columns)
    frequency[0, 0] = 1.0
    spectrum = spectrum * np.power(frequency, -slope / 2)
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, (side, side))
    return field / max(float(field.std()), 1e-9)
