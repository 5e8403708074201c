"""A network's own preprocessing in two parts: crops of uint8 an image, one scaling a batch."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ptssp_sklearn.weights import import_extra

Preprocess = Callable[[Image.Image], Any]


@dataclass(frozen=True)
class Preprocessing:
    """What turns images into a network's input, in the order and precision it was made for.

    Parameters
    ----------
    whole : callable
        The preprocessing as it came: a PIL image -> a tensor (channels, height, width).
    crop : callable or None
        Its part before scaling: a PIL image -> a PIL image. None where it has no such part.
    mean, std : tuple of float
        Scaling of fractions of a channel.
    """

    whole: Preprocess
    crop: Preprocess | None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    @classmethod
    def of(cls, whole: Any) -> Preprocessing:
        """Split the preprocessing of torchvision, timm or open_clip; keep any other whole."""
        steps = list(getattr(whole, "transforms", ()))
        names = [type(step).__name__ for step in steps]
        if names[-2:] in (["MaybeToTensor", "Normalize"], ["ToTensor", "Normalize"]):
            scaling = [tuple(np.asarray(getattr(steps[-1], n)).tolist()) for n in ("mean", "std")]
            return cls(whole, _chain(steps[:-2]), *scaling)
        if type(whole).__name__ == "ImageClassification":
            return cls(whole, _preset(whole), tuple(whole.mean), tuple(whole.std))
        return cls(whole, None)

    def prepare(self, image: NDArray[np.uint8]) -> NDArray:
        """Give a uint8 crop (height, width, 3), or the finished input where there is none."""
        pil = Image.fromarray(image)
        return np.asarray(self.whole(pil)) if self.crop is None else np.asarray(self.crop(pil))

    def batch(self, prepared: Sequence[NDArray], place: Any) -> Any:
        """Stack prepared images into a float tensor (n, channels, height, width)."""
        torch = import_extra("torch")
        pixels = torch.from_numpy(np.stack(prepared)).to(place)
        if self.crop is None:
            return pixels
        mean, std = (torch.tensor(part, device=place)[:, None, None] for part in self._scaling)
        return pixels.permute(0, 3, 1, 2).float().div_(255).sub_(mean).div_(std)

    @property
    def _scaling(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return self.mean, self.std

    def __str__(self) -> str:
        return re.sub(r" at 0x[0-9a-f]+", "", repr(self.whole))


def _chain(steps: list[Preprocess]) -> Preprocess:
    def run(image: Any) -> Any:
        for step in steps:
            image = step(image)
        return image.convert("RGB")

    return run


def _preset(whole: Any) -> Preprocess:
    functional = import_extra("torchvision").transforms.functional

    def run(image: Any) -> Any:
        options = {"interpolation": whole.interpolation, "antialias": whole.antialias}
        return functional.center_crop(
            functional.resize(image, whole.resize_size, **options), whole.crop_size
        )

    return run
