"""Real data that packages carry, in the shape of the sets the documents name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits, load_sample_image
from sklearn.model_selection import train_test_split
from torch import Tensor
from torch.utils.data import Dataset

from experiments.datasets.base import Sample
from experiments.datasets.procedural import ProceduralDataset, draw_domains
from experiments.studies.data.arrays import Pairs, image_pairs
from experiments.studies.data.scenes import boxes, pixels
from experiments.studies.packages import need
from experiments.studies.study import Examples

PHOTOGRAPHS = {
    "scikit-image": ("astronaut", "chelsea", "coffee", "hubble_deep_field",
                     "immunohistochemistry", "retina", "rocket", "stereo_motorcycle"),
    "scikit-learn": ("china.jpg", "flower.jpg"),
}  # fmt: skip
_TEST_SHARE = 0.25
_GAIN = (0.6, 1.4)
_SEGMENTED, _DETECTED = 26, 36
"""Numbers of the synthetic domains: objects low in contrast, and objects of two classes."""
_MANY_OBJECTS = 3


def digits(side: int = 28) -> Examples:
    """Give scikit-learn's handwritten digits, 8 x 8 pixels made to `side` x `side`."""
    small = load_digits()
    images = np.stack([
        np.array(Image.fromarray((image * 255 / 16).astype(np.uint8)).resize((side, side)))
        for image in small.images
    ])  # fmt: skip
    train, test = train_test_split(
        np.arange(len(images)), test_size=_TEST_SHARE, stratify=small.target, random_state=0
    )
    pairs = [image_pairs(images[part], small.target[part]) for part in (train, test)]
    classes = tuple(str(digit) for digit in range(10))
    strata = small.target[train].astype(np.int64)
    return Examples("handwritten digits (scikit-learn)", pairs[0], pairs[1], strata, classes)


def photographs(side: int = 32, n_each: int = 160, *, seed: int = 0) -> Examples:
    """Tell ten photographs apart by small pieces of them.

    A photograph is laid out in cells; a quarter of the cells are for the test pieces, so no
    pixel is in both sets. Pieces are turned by quarters, mirrored and recoloured at random.

    Parameters
    ----------
    side : int, pixels
    n_each : int
        Training pieces of each photograph; a third as many for the test.
    seed : int
    """
    rng = np.random.default_rng(seed)
    names, images = zip(*_photographs(), strict=True)
    parts = []
    for n, tested in ((n_each, False), (n_each // 3, True)):
        pieces = [_pieces(image, side, n, tested, rng) for image in images]
        labels: NDArray[np.int64] = np.repeat(np.arange(len(images)), n)
        parts.append((np.concatenate(pieces), labels))
    train, test = (image_pairs(*part) for part in parts)
    name = f"pieces of ten photographs (scikit-image, scikit-learn), {side} px"
    return Examples(name, train, test, parts[0][1].astype(np.int64), names)


def _photographs() -> Iterator[tuple[str, NDArray[np.uint8]]]:
    data = need("skimage.data")
    for name in PHOTOGRAPHS["scikit-image"]:
        found = getattr(data, name)()
        yield name, found[0] if isinstance(found, tuple) else found
    for name in PHOTOGRAPHS["scikit-learn"]:
        yield name.removesuffix(".jpg"), load_sample_image(name)


def _pieces(
    image: NDArray[np.uint8], side: int, n: int, tested: bool, rng: np.random.Generator
) -> NDArray[np.uint8]:
    cell = side * 3 // 2
    cells = [(r, c) for r in range(image.shape[0] // cell) for c in range(image.shape[1] // cell)]
    order = np.random.default_rng(len(cells)).permutation(len(cells))
    n_test = max(round(len(cells) * _TEST_SHARE), 1)
    own = order[:n_test] if tested else order[n_test:]
    pieces: NDArray[np.uint8] = np.empty((n, side, side, 3), np.uint8)
    for place in pieces:
        row, column = np.array(cells[rng.choice(own)]) * cell + rng.integers(cell - side, size=2)
        piece = np.rot90(image[row : row + side, column : column + side], int(rng.integers(4)))
        piece = piece[:, :: 1 - 2 * int(rng.integers(2))]
        place[:] = np.clip(piece * rng.uniform(*_GAIN, 3), 0, 255)
    return pieces


def segmentation(n_train: int = 320, n_test: int = 80) -> Examples:
    """Give drawn scenes of the synthetic bank and the masks of their objects."""
    found = _scenes(_SEGMENTED, n_train + n_test)
    inside = [torch.from_numpy(sample.mask > 0).float()[None] for sample in found]
    images = [pixels(sample.image) for sample in found]
    return _scene_examples(_SEGMENTED, found, Pairs(images, inside), n_train, ("object",))


def detection(n_train: int = 64, n_test: int = 40) -> Examples:
    """Give drawn scenes of the synthetic bank and the boxes of their objects."""
    found = _scenes(_DETECTED, n_train + n_test)
    images = [(pixels(sample.image) + 1) / 2 for sample in found]
    pairs = Pairs(images, [_boxes(sample) for sample in found])
    return _scene_examples(_DETECTED, found, pairs, n_train, _domain(_DETECTED).class_names)


def _scene_examples(
    number: int, scenes: list[Sample], pairs: Pairs, n_train: int, classes: tuple[str, ...]
) -> Examples:
    """Split scenes into training and test, stratified by their number of objects."""
    counts = [min(len(sample.classes), _MANY_OBJECTS) for sample in scenes[:n_train]]
    strata = np.array(counts, np.int64)
    parts: list[Dataset] = [
        Pairs(pairs.inputs[piece], pairs.targets[piece])
        for piece in (slice(n_train), slice(n_train, None))
    ]
    name = f"synthetic bank, domain {_domain(number).name}"
    return Examples(name, parts[0], parts[1], strata, classes)


@cache
def _domain(number: int) -> ProceduralDataset:
    return ProceduralDataset(draw_domains(number)[number - 1])


@cache
def _scenes(number: int, n: int) -> list[Sample]:
    return _domain(number).train(n)


def _boxes(sample: Sample) -> dict[str, Tensor]:
    corners, labels = [], []
    for index, label in enumerate(sample.classes):
        rows, columns = np.nonzero(sample.mask == index + 1)
        if len(rows):
            left, top = float(columns.min()), float(rows.min())
            corners.append([left, top, columns.max() + 1.0, rows.max() + 1.0])
            labels.append(int(label) + 1)
    return boxes(corners, labels)
