"""Quasi-random designs of parameter records: every prefix covers the whole space."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import exp, log
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

Scale = Literal["linear", "log", "square"]
P = TypeVar("P")


@dataclass(frozen=True)
class Axis:
    """Range of one parameter of a design.

    Parameters
    ----------
    low, high : float
    scale : {"linear", "log", "square"}
        ``"square"`` gives small values more often than large ones.
    off : float
        Share of the design at `low` itself: the effect is absent.
    whole : bool
        Round to a whole number.
    choices : tuple of str
        Named values in place of a range.
    nuisance : bool
        The parameter makes the task harder: the severity of the domain scales it.
    """

    low: float = 0.0
    high: float = 1.0
    scale: Scale = "linear"
    off: float = 0.0
    whole: bool = False
    choices: tuple[str, ...] = ()
    nuisance: bool = False

    def value(self, u: float) -> float | int | str:
        """Map a coordinate in [0, 1) to a value of the axis.

        Examples
        --------
        >>> Axis(1, 16, "log", whole=True).value(0.5)
        4
        """
        if self.choices:
            return self.choices[int(u * len(self.choices))]
        u = max(0.0, (u - self.off) / (1.0 - self.off))
        if self.scale == "log":
            value = exp(log(self.low) + u * (log(self.high) - log(self.low)))
        else:
            u = u * u if self.scale == "square" else u
            value = self.low + u * (self.high - self.low)
        return int(value + 0.5) if self.whole else round(value, 4)


def axis(low: float = 0.0, high: float = 1.0, scale: Scale = "linear", **options: Any) -> Any:
    """Declare a dataclass field as an axis of a design; see :class:`Axis`."""
    return field(metadata={"axis": Axis(low, high, scale, **options)})


def axes_of(parameters: type) -> dict[str, Axis]:
    """Give the axes of a parameter dataclass by field name."""
    return {f.name: f.metadata["axis"] for f in fields(parameters) if "axis" in f.metadata}


def unit_points(n: int, n_axes: int, seed: int) -> NDArray[np.float64]:
    """Give the first `n` points of a scrambled Sobol sequence.

    Returns
    -------
    points : ndarray of shape (n, n_axes), in [0, 1)
    """
    sequence = qmc.Sobol(n_axes, scramble=True, seed=np.random.default_rng(seed))
    return sequence.random_base2(max(n - 1, 0).bit_length())[:n]


def draw_design(parameters: type[P], n: int, seed: int) -> list[P]:
    """Draw `n` parameter records; a larger `n` only appends.

    The axis ``severity`` scales the coordinates of all nuisance axes of a point, so that
    a design holds clean domains too: of many independent nuisances, one is always large.
    """
    axes = axes_of(parameters)
    names = list(axes)
    drawn = []
    for point in unit_points(n, len(names), seed):
        severity = float(point[names.index("severity")]) if "severity" in axes else 1.0
        drawn.append(
            parameters(
                **{
                    name: axis.value(float(u) * (severity if axis.nuisance else 1.0))
                    for (name, axis), u in zip(axes.items(), point, strict=True)
                }
            )
        )
    return drawn
