"""Domains of cut-out objects pasted on backgrounds: real textures, exact masks."""

from __future__ import annotations

from dataclasses import asdict
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from experiments.datasets.base import Sample
from experiments.datasets.composing import (
    PasteParameters,
    ground_image,
    longest_side,
    recoloured,
    shaped,
)
from experiments.datasets.design import draw_design
from experiments.datasets.material import Material, read_material
from experiments.datasets.placing import Canvas
from experiments.datasets.scenes import (
    SceneDataset,
    colour_statistics,
    developed,
    domain_seed,
    finished,
)

MAX_DISTRACTOR_FILES = 12


def draw_domains(
    cutouts: Path, backgrounds: Path, n: int, *, seed: int = 0, side: int = 64
) -> list[dict[str, Any]]:
    """Draw the records of `n` cut-and-paste domains; a larger `n` only appends.

    Any prefix uses all sources of cut-outs equally often, each with varied backgrounds,
    and covers the parameters of :class:`PasteParameters`.

    Parameters
    ----------
    cutouts, backgrounds : Path
        Folders of pictures, see :func:`read_material`. Their paths go into the records.
    n : int
    seed : int
    side : int, pixels

    Returns
    -------
    records : list of dict
        For :class:`CutPasteDataset`.
    """
    return material_domains(
        read_material(cutouts, backgrounds), cutouts, backgrounds, n, seed=seed, side=side
    )


def material_domains(
    material: Material,
    cutouts: Path,
    backgrounds: Path,
    n: int,
    *,
    seed: int = 0,
    side: int = 64,
) -> list[dict[str, Any]]:
    """Draw domains from material that has been read; see :func:`draw_domains`."""
    sources, grounds = sorted(material.cutouts), sorted(material.backgrounds)
    order = np.random.default_rng([seed, 0])
    sources = [sources[i] for i in order.permutation(len(sources))]
    grounds = [grounds[i] for i in order.permutation(len(grounds))]
    records = []
    for index, parameters in enumerate(draw_design(PasteParameters, n, seed)):
        turn, place = divmod(index, len(sources))
        # In a fixed order, powers of two would tie a source to one half of every axis.
        number = int(np.random.default_rng([seed, 3, turn]).permutation(len(sources))[place])
        source, ground = sources[number], grounds[(turn + number) % len(grounds)]
        chosen = _objects(material.cutouts[source], parameters, turn, [seed, 1, index])
        rng = np.random.default_rng([seed, 2, index])
        files = _some(material.backgrounds[ground], parameters.n_backgrounds, rng)
        records.append(
            {
                "kind": "cutpaste",
                "name": f"{source}-{next(iter(chosen['objects']))}-{index:03d}",
                "group": source,
                "seed": domain_seed(seed, index),
                "side": side,
                "n_train": 100_000,
                "n_test": 48,
                "cutouts": str(cutouts),
                "backgrounds": str(backgrounds),
                **chosen,
                "background_source": ground,
                "background_files": files,
                "parameters": asdict(parameters),
            }
        )
    return records


def _objects(
    classes: dict[str, list[str]], parameters: PasteParameters, turn: int, seed: list[int]
) -> dict[str, Any]:
    """Choose classes and files of a source; turns go through all its classes."""
    rng = np.random.default_rng(seed)
    names = sorted(classes)
    first = names[(turn * _stride(len(names)) + turn // len(names)) % len(names)]
    others = [name for name in rng.permutation(names).tolist() if name != first]
    n_more = parameters.n_classes - 1
    wanted = [first, *others[:n_more]]
    look_alikes = [file for name in others[n_more:] for file in classes[name]]
    return {
        "objects": {name: _some(classes[name], parameters.n_variants, rng) for name in wanted},
        "distractors": _some(look_alikes, MAX_DISTRACTOR_FILES, rng),
    }


def _stride(n: int) -> int:
    """Give a step near the golden section, so that neighbouring turns differ."""
    return max(1, int(n * 0.618))


def _some(files: list[str], n: int, rng: np.random.Generator) -> list[str]:
    return [files[i] for i in sorted(rng.permutation(len(files))[:n].tolist())]


class CutPasteDataset(SceneDataset):
    """Cut-out objects pasted on backgrounds.

    Masks are the same everywhere. So are images of one major version of Pillow; versions
    before 13 scale soft edges a little otherwise (1 pixel in 4000, mostly by one grey level).

    Parameters
    ----------
    record : dict
        From :func:`draw_domains`. The folders ``cutouts`` and ``backgrounds`` may be
        changed when the pictures have moved.
    """

    def __init__(self, record: dict[str, Any]) -> None:
        super().__init__(record)
        self.class_names = tuple(record["objects"])
        self.parameters = PasteParameters(**record["parameters"])
        self._pictures: dict[str, Image.Image] = {}

    def render(self, rng: np.random.Generator) -> Sample:
        """Draw one image and its mask."""
        ground = ground_image(self._background(rng), self.parameters, self.side, rng)
        statistics = colour_statistics(ground)
        canvas = Canvas(ground)
        for label in [None] * self._n_distractors(rng) + self._labels(rng):
            self._paste(canvas, label, statistics, rng)
        image = developed(
            canvas.image,
            rng,
            colour_cast=self.parameters.colour_cast,
            blur=self.parameters.blur,
            noise=self.parameters.noise,
        )
        return finished(image, canvas.ids, canvas.classes)

    def _n_distractors(self, rng: np.random.Generator) -> int:
        n = super()._n_distractors(rng)
        return n if self.record["distractors"] else 0

    def _paste(
        self, canvas: Canvas, label: int | None, statistics: Any, rng: np.random.Generator
    ) -> None:
        own = self.record["distractors" if label is None else "objects"]
        files = own if label is None else own[self.class_names[label]]
        cutout = self._cutout(files[int(rng.integers(len(files)))])
        image = shaped(cutout, self.parameters, self.side, rng)
        mask = np.asarray(image)[:, :, 3] >= 128
        corner = canvas.place(
            mask,
            rng,
            max_hidden=self.parameters.max_hidden,
            touching=self.parameters.touching,
            cut_off=self.parameters.cut_off,
        )
        if corner is not None:
            colour, alpha = recoloured(image, mask, self.parameters, statistics, rng)
            canvas.paint(colour, alpha, mask, corner, label)

    def _cutout(self, file: str) -> Image.Image:
        if file not in self._pictures:
            image = self._open("cutouts", file, "RGBA")
            image = image.crop(image.getchannel("A").point(lambda a: 255 * (a >= 32)).getbbox())
            longest = longest_side(self.parameters, self.side)
            image.thumbnail((longest, longest), Image.Resampling.BOX)
            self._pictures[file] = image
        return self._pictures[file]

    def _background(self, rng: np.random.Generator) -> Image.Image:
        files = self.record["background_files"]
        file = files[int(rng.integers(len(files)))]
        if file not in self._pictures:
            image = self._open("backgrounds", file, "RGB")
            short = ceil(1.5 * self.side / self.parameters.zoom)
            scale = min(1.0, short / min(image.size))
            size = [max(1, int(edge * scale + 0.5)) for edge in image.size]
            self._pictures[file] = image.resize((size[0], size[1]), Image.Resampling.BOX)
        return self._pictures[file]

    def _open(self, folder: str, file: str, mode: str) -> Image.Image:
        path = Path(self.record[folder]) / file
        if not path.is_file():
            raise FileNotFoundError(
                f"Got no file {path} for {self.name!r}, expected a picture. "
                f"Set record[{folder!r}] to the folder that holds {file}."
            )
        with Image.open(path) as opened:
            return opened.convert(mode)
