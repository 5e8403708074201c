"""A network's own preprocessing in two parts: crops of uint8 an image, one scaling a batch.

Its first step, resizing, is done by torch's kernel for uint8, several times as fast as
Pillow's; it differs by rounding, one grey level in a few of ten thousand values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ptssp_sklearn.embedding.networks._weights import import_extra

Pixels = NDArray[np.uint8]
Preprocess = Callable[[Image.Image], Any]
Crop = Callable[[Pixels], Pixels]

_MODES = ("bilinear", "bicubic")


@dataclass(frozen=True)
class Preprocessing:
    """What turns images into a network's input, in the order and precision it was made for.

    Parameters
    ----------
    whole : callable
        The preprocessing as it came: a PIL image -> a tensor (channels, height, width).
    crop : callable or None
        Its part before scaling: uint8 (height, width, 3) -> the same of the input's size.
        None where it has no such part.
    mean, std : tuple of float
        Scaling of fractions of a channel.
    """

    whole: Preprocess
    crop: Crop | None
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
        if self.crop is None:
            return np.asarray(self.whole(Image.fromarray(image)))
        return self.crop(image)

    @property
    def scaling(self) -> NDArray[np.float32] | None:
        """Means, then standard deviations of the channels as grey levels; None without a crop."""
        if self.crop is None:
            return None
        return 255 * np.array([self.mean, self.std], np.float32)

    def batch(self, prepared: Sequence[NDArray], place: Any) -> Any:
        """Stack prepared images into a float tensor (n, channels, height, width)."""
        torch = import_extra("torch")
        pixels = torch.from_numpy(np.stack(prepared)).to(place)
        scaling = self.scaling
        if scaling is None:
            return pixels
        n, height, width, channels = pixels.shape
        mean, std = torch.from_numpy(scaling).to(place).repeat(1, width)
        lines = pixels.view(n, height, width * channels).float().sub_(mean).div_(std)
        return lines.view(n, height, width, channels).permute(0, 3, 1, 2)

    @cached_property
    def _text(self) -> str:
        """What it does, in words that are the same in every process."""
        resized = "" if self.crop is None else " resized in uint8"
        return re.sub(r" at 0x[0-9a-f]+", "", repr(self.whole)) + resized

    def __str__(self) -> str:
        return self._text


def _chain(steps: list[Any]) -> Crop:
    """Do the steps in turn; a usual resizing as the first one by torch."""
    first = steps[0] if steps and type(steps[0]).__name__ == "Resize" else None
    if first is not None and getattr(first, "max_size", None) is None:
        return _resizing(first.size, first.interpolation, first.antialias, steps)
    return _by_pillow(steps)


def _preset(whole: Any) -> Crop:
    functional = import_extra("torchvision").transforms.functional
    options = {"interpolation": whole.interpolation, "antialias": whole.antialias}
    size = whole.resize_size
    crop = partial(functional.center_crop, output_size=whole.crop_size)
    steps = [partial(functional.resize, size=size, **options), crop]
    return _resizing(size, whole.interpolation, whole.antialias, steps)


def _by_pillow(steps: Sequence[Preprocess]) -> Crop:
    def run(pixels: Pixels) -> Pixels:
        image = Image.fromarray(pixels)
        for step in steps:
            image = step(image)
        return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))

    return run


def _resizing(size: Any, interpolation: Any, antialias: Any, steps: Sequence[Preprocess]) -> Crop:
    """Resize by torch for the first step; all steps by Pillow where torch cannot do the same."""
    sides = (size,) if isinstance(size, int) else tuple(size)
    mode = getattr(interpolation, "value", interpolation)
    if mode not in _MODES or not antialias or len(sides) not in (1, 2):
        return _by_pillow(steps)
    crop = _by_pillow(steps[1:])
    return lambda pixels: crop(_resized(pixels, sides, mode))


def _resized(pixels: Pixels, sides: tuple[int, ...], mode: str) -> Pixels:
    """Scale to (height, width), or its shorter side to one length, as torchvision does."""
    torch = import_extra("torch")
    height, width = pixels.shape[:2]
    if len(sides) == 1:
        longer = int(sides[0] * max(height, width) / min(height, width))
        sides = (sides[0], longer) if height <= width else (longer, sides[0])
    if sides == (height, width):
        return pixels
    images = torch.from_numpy(np.require(pixels, requirements=["C", "W"]))[None]
    planes = images.permute(0, 3, 1, 2)
    small = torch.nn.functional.interpolate(planes, size=sides, mode=mode, antialias=True)
    return np.ascontiguousarray(small[0].permute(1, 2, 0).numpy())
