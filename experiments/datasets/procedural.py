"""Domains of drawn shapes on drawn textures: every cause of difficulty under control."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.datasets.base import Sample
from experiments.datasets.design import axis, draw_design
from experiments.datasets.placing import Canvas
from experiments.datasets.scenes import SceneDataset, developed, domain_seed, finished
from experiments.datasets.shapes import FAMILIES, Shape, depth, random_wobble
from experiments.datasets.styles import Style, domain_styles
from experiments.datasets.textures import TEXTURES, texture

Field = NDArray[np.float64]

MIN_SIZE = 5.0
MAX_SHARE = 0.85


@dataclass(frozen=True)
class SceneParameters:
    """What the scenes of one domain look like.

    ``object_size`` and ``blur`` are fractions of the side; ``edge_width`` and the periods
    are pixels; ``contrast``, ``…_amplitude``, ``…_variation`` and ``rim`` grey levels;
    ``noise`` is a fraction of the grey range. Shares and probabilities lie in [0, 1].
    """

    severity: float = axis()
    family: str = axis(choices=FAMILIES)
    object_size: float = axis(0.09, 0.45, "log")
    size_spread: float = axis(0.0, 0.5, off=0.2)
    irregularity: float = axis(0.0, 0.9, off=0.2)
    max_count: int = axis(1, 14, "log", whole=True)
    empty_share: float = axis(0.0, 0.4, off=0.5)
    max_hidden: float = axis(0.0, 0.5, off=0.5)
    touching: float = axis(0.0, 0.9, off=0.4)
    cut_off: float = axis(0.0, 0.4, off=0.4)
    background: str = axis(choices=TEXTURES)
    background_slope: float = axis(0.5, 4.0)
    background_period: float = axis(4.0, 24.0, "log")
    background_amplitude: float = axis(2.0, 60.0, nuisance=True)
    background_variation: float = axis(0.0, 45.0, "square", nuisance=True)
    object_texture: str = axis(choices=TEXTURES)
    object_slope: float = axis(0.5, 4.0)
    object_period: float = axis(3.0, 12.0, "log")
    object_amplitude: float = axis(0.0, 40.0, "square", off=0.2)
    camouflage: float = axis(0.0, 1.0, off=0.15, nuisance=True)
    contrast: float = axis(120.0, 6.0, "log", nuisance=True)
    colour_variation: float = axis(0.0, 40.0, "square", nuisance=True)
    rim: float = axis(0.0, 60.0, off=0.6)
    distractors: float = axis(0.0, 10.0, off=0.2, nuisance=True)
    distractor_difference: float = axis(0.15, 1.0)
    distractor_shape: str = axis(choices=("own", "other"))
    n_classes: int = axis(1, 5, "log", whole=True)
    class_difference: str = axis(choices=("shape", "colour", "both"))
    light: float = axis(0.0, 0.6, off=0.3, nuisance=True)
    edge_width: float = axis(0.8, 3.0, off=0.3, nuisance=True)
    blur: float = axis(0.0, 0.03, off=0.3, nuisance=True)
    noise: float = axis(0.0, 0.2, "square", off=0.1, nuisance=True)
    colour_cast: float = axis(0.0, 0.15, "square", off=0.3, nuisance=True)


def draw_domains(n: int, *, seed: int = 0, side: int = 64) -> list[dict[str, Any]]:
    """Draw the records of `n` procedural domains; a larger `n` only appends.

    Parameters
    ----------
    n : int
    seed : int
    side : int, pixels

    Returns
    -------
    records : list of dict
        For :class:`ProceduralDataset`. Any prefix covers :class:`SceneParameters`.

    Examples
    --------
    >>> [record["name"] for record in draw_domains(2)]
    ['p2-0001', 'p2-0002']
    """
    prefix = "p2" if seed == 0 else f"p2s{seed}"
    return [
        {
            "kind": "procedural",
            "name": f"{prefix}-{index + 1:04d}",
            "group": f"{prefix}-{index + 1:04d}",
            "seed": domain_seed(seed, index),
            "side": side,
            "n_train": 100_000,
            "n_test": 48,
            "parameters": asdict(parameters),
        }
        for index, parameters in enumerate(draw_design(SceneParameters, n, seed))
    ]


class ProceduralDataset(SceneDataset):
    """Drawn shapes on drawn textures.

    Parameters
    ----------
    record : dict
        From :func:`draw_domains`.
    """

    def __init__(self, record: dict[str, Any]) -> None:
        super().__init__(record)
        self.parameters = SceneParameters(**record["parameters"])
        self.ground, self.styles, self.distractor = domain_styles(
            self.parameters, np.random.default_rng(record["seed"])
        )
        self.class_names = tuple(
            f"{style.shape.family}-{i + 1}" for i, style in enumerate(self.styles)
        )

    def render(self, rng: np.random.Generator) -> Sample:
        """Draw one image and its mask."""
        p = self.parameters
        ground = self.ground + rng.uniform(-1, 1, 3) * p.background_variation
        grain = self._background(rng)
        canvas = Canvas(np.clip(ground + grain[:, :, None], 0, 255))
        pattern = self._pattern(rng)
        for label in [None] * self._n_distractors(rng) + self._labels(rng):
            self._paint(canvas, label, pattern, rng)
        image = canvas.image
        if p.light > 0:
            image = image * (1 + p.light * 0.5 * self._texture("gradient", rng))[:, :, None]
        image = developed(image, rng, colour_cast=p.colour_cast, blur=p.blur, noise=p.noise)
        return finished(image, canvas.ids, canvas.classes)

    def _texture(self, kind: str, rng: np.random.Generator) -> Field:
        p = self.parameters
        return texture(kind, self.side, p.background_slope, p.background_period, rng)

    def _background(self, rng: np.random.Generator) -> Field:
        return self._texture(self.parameters.background, rng) * self.parameters.background_amplitude

    def _pattern(self, rng: np.random.Generator) -> Field:
        """Give the objects' texture, drawn towards that of the background."""
        p = self.parameters
        own = texture(p.object_texture, self.side, p.object_slope, p.object_period, rng)
        share = p.camouflage
        return own * (p.object_amplitude * (1 - share)) + self._background(rng) * share

    def _paint(
        self, canvas: Canvas, label: int | None, pattern: Field, rng: np.random.Generator
    ) -> None:
        p = self.parameters
        style = self.distractor if label is None else self.styles[label]
        inside = self._outline(style.shape, rng)
        mask = inside >= 0
        corner = canvas.place(
            mask, rng, max_hidden=p.max_hidden, touching=p.touching, cut_off=p.cut_off
        )
        if corner is None:
            return
        colour = self._colour(style, pattern, inside, rng)
        canvas.paint(colour, np.clip(0.5 + inside / p.edge_width, 0, 1), mask, corner, label)

    def _outline(self, shape: Shape, rng: np.random.Generator) -> Field:
        p = self.parameters
        spread = min(max(float(rng.standard_normal()), -2.0), 2.0) * p.size_spread
        size = max(p.object_size * self.side * float(np.exp(spread)), MIN_SIZE)
        size = min(size, MAX_SHARE * self.side / shape.aspect**0.5)
        wobble = random_wobble(shape, p.irregularity, rng)
        angle, *offset = rng.uniform(-0.5, 0.5, 3).tolist()
        inside = depth(shape, size, angle * 2 * pi, wobble, tuple(offset))
        reached = inside >= -p.edge_width
        rows, columns = np.flatnonzero(reached.any(1)), np.flatnonzero(reached.any(0))
        return inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]

    def _colour(
        self, style: Style, pattern: Field, inside: Field, rng: np.random.Generator
    ) -> Field:
        shift = rng.integers(0, self.side, 2)
        rows = (np.arange(inside.shape[0]) + shift[0]) % self.side
        columns = (np.arange(inside.shape[1]) + shift[1]) % self.side
        grey = pattern[rows[:, None], columns]
        if self.parameters.rim > 0:
            grey = grey - self.parameters.rim * np.clip(1 - np.abs(inside - 0.5), 0, 1)
        own = rng.standard_normal(3) * self.parameters.colour_variation
        return np.clip(style.colour + own + grey[:, :, None], 0, 255)
