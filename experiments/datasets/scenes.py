"""Datasets that render their images on demand, each from its own random stream."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from experiments.datasets.base import Sample

MIN_VISIBLE = 8


class SceneDataset(ABC):
    """A dataset of rendered scenes.

    Image `index` of a split is drawn from ``default_rng([seed, split, index])``, so it
    depends neither on the other images nor on the order they are asked in.

    Parameters
    ----------
    record : dict
        ``name``, ``group``, ``seed``, ``side`` (pixels), ``n_train`` and ``n_test``
        (images), and what the kind of scene needs.
    """

    class_names: tuple[str, ...]
    parameters: Any

    def __init__(self, record: dict[str, Any]) -> None:
        self.record = record
        self.name: str = record["name"]
        self.group: str = record["group"]
        self.side: int = record["side"]
        self._rendered: dict[int, list[Sample]] = {}

    @abstractmethod
    def render(self, rng: np.random.Generator) -> Sample:
        """Draw one image and its mask."""

    def _n_distractors(self, rng: np.random.Generator) -> int:
        return int(self.parameters.distractors * float(rng.uniform(0.5, 1.5)) + 0.5)

    def _labels(self, rng: np.random.Generator) -> list[int]:
        if rng.random() < self.parameters.empty_share:
            return []
        n = int(rng.integers(1, self.parameters.max_count + 1))
        return [int(label) for label in rng.integers(0, len(self.class_names), n)]

    @property
    def n_train(self) -> int:
        """Number of training images there are."""
        return int(self.record["n_train"])

    def train(self, size: int, repeat: int = 0) -> list[Sample]:
        """Give the first `size` training images of the order of `repeat`.

        Raises
        ------
        ValueError
            If `size` is not in 0 … `n_train` or `repeat` is negative.
        """
        if not 0 <= size <= self.n_train:
            raise ValueError(
                f"Got size={size}, expected 0 to {self.n_train} training images in "
                f"{self.name!r}. Lower the size or raise 'n_train' in the record."
            )
        if repeat < 0:
            raise ValueError(f"Got repeat={repeat}, expected 0 or more. Count repeats from 0.")
        return self._prefix(1 + repeat, size)

    def test(self, size: int = 0, repeat: int = 0) -> list[Sample]:
        """Give the test images, the same for every size and repeat."""
        return self._prefix(0, int(self.record["n_test"]))

    def _prefix(self, split: int, size: int) -> list[Sample]:
        done = self._rendered.setdefault(split, [])
        for index in range(len(done), size):
            done.append(self.render(np.random.default_rng([self.record["seed"], split, index])))
        return done[:size]

    def __reduce__(self) -> tuple[type[SceneDataset], tuple[dict[str, Any]]]:
        return type(self), (self.record,)


def domain_seed(seed: int, index: int) -> int:
    """Give the seed of domain `index` of a design."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0])


def finished(image: NDArray[np.float64], ids: NDArray[np.int32], classes: list[int]) -> Sample:
    """Round the image and number the objects that are seen from 1 without a gap.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), grey levels
    ids : ndarray of shape (height, width)
        Instance ids in the order of painting; 0 is background.
    classes : list of int
        Class of instance ``i + 1``.
    """
    area = np.bincount(ids.ravel(), minlength=len(classes) + 1)
    seen = area >= MIN_VISIBLE
    seen[0] = False
    number = np.where(seen, np.cumsum(seen), 0).astype(np.int32)
    return Sample(
        image=np.clip(np.rint(image), 0, 255).astype(np.uint8),
        mask=number[ids],
        classes=np.array(classes, np.int64)[seen[1:]],
    )


def colour_statistics(
    colour: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give mean and standard deviation a channel, rounded to a sixteenth of a grey level.

    The rounding hides that sums differ in their last bit from machine to machine.
    """
    flat = colour.reshape(-1, 3)
    return np.rint(flat.mean(0) * 16) / 16, np.rint(flat.std(0) * 16) / 16


def developed(
    image: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    colour_cast: float,
    blur: float,
    noise: float,
) -> NDArray[np.float64]:
    """Give the whole image its colour cast, blur and noise.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), grey levels
    rng : Generator
    colour_cast : float, standard deviation of the gain of a channel
    blur : float, fraction of the side
    noise : float, standard deviation as a fraction of the grey range
    """
    cast = rng.standard_normal(4) * colour_cast
    image = image * (1 + cast[:3]) + 128 * cast[3]
    image = np.clip(np.rint(image), 0, 255)
    if blur * len(image) >= 0.2:
        soft = Image.fromarray(image.astype(np.uint8))
        soft = soft.filter(ImageFilter.GaussianBlur(blur * len(image)))
        image = np.asarray(soft).astype(np.float64)
    return image + rng.standard_normal(image.shape) * (255 * noise)
