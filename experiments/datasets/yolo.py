"""Datasets in YOLO-seg folders: as their data.yaml splits them, or split anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from experiments.datasets.base import Sample
from experiments.datasets.yolo_files import Entry, Layout, read_layout, read_split
from ptssp_sklearn.images.decoding import load_image
from ptssp_sklearn.images.yolo_labels import draw_polygons


class YoloDataset:
    """A YOLO-seg folder as a segmentation task.

    All label files are checked at once; images are decoded when asked for.

    Parameters
    ----------
    record : dict
        ``kind`` ("yolo"), ``name``, ``group``, ``root`` (the folder with data.yaml),
        ``class`` (index, or None for all), ``class_names``, ``side`` (longest side the
        images are scaled to, pixels, or None), ``fractions`` (train, test, or None for
        the given split) and ``seed`` (of that split).

    Raises
    ------
    ValueError
        If the folder cannot be used; names the file and the line.
    """

    def __init__(self, record: dict[str, Any]) -> None:
        self.record = dict(record)
        self.name: str = record["name"]
        self.group: str = record["group"]
        self.class_names: tuple[str, ...] = tuple(record["class_names"])
        self._only: int | None = record["class"]
        self._train, self._test = _selected(record, *_entries(record))
        self._tests: list[Sample] | None = None

    @property
    def n_train(self) -> int:
        """Number of training images there are."""
        return len(self._train)

    def train(self, size: int, repeat: int = 0) -> list[Sample]:
        """Give the first `size` training images of the order of `repeat`: subsets nest."""
        if not 1 <= size <= self.n_train:
            raise ValueError(
                f"Got size={size} for the dataset {self.name!r}, which has {self.n_train} "
                "training images. Ask for fewer."
            )
        order = np.random.default_rng([self.record["seed"], repeat]).permutation(self.n_train)
        return [self._sample(self._train[index]) for index in order[:size]]

    def test(self, size: int = 0, repeat: int = 0) -> list[Sample]:
        """Give the test images, the same for every size and repeat."""
        if self._tests is None:
            self._tests = [self._sample(entry) for entry in self._test]
        return self._tests

    def _sample(self, entry: Entry) -> Sample:
        image = _scaled(load_image(entry.image), self.record["side"])
        kept = [p for p in entry.polygons() if self._only in (None, p.label)]
        labels = [p.label if self._only is None else 0 for p in kept]
        mask = draw_polygons(kept, image.shape[:2])
        return Sample(image, mask, np.array(labels, dtype=np.int64))


def list_datasets(
    folder: str | Path,
    *,
    by_class: bool | Sequence[str] = False,
    fractions: tuple[float, float] | None = None,
    seed: int = 0,
    side: int | None = None,
) -> list[dict[str, Any]]:
    """List the records of a YOLO-seg folder, or of a folder of such folders, all checked.

    Parameters
    ----------
    folder : str or Path
    by_class : bool or sequence of str
        Make a dataset of each class, or of each one named: it trains on the images that
        hold the class and tests on all test images, where other classes are background.
    fractions : tuple of (train, test), optional
        Split all images anew; by default train and test (or else val) are as given.
    seed : int
        Of the new split and of the training order.
    side : int, optional
        Longest side the images are scaled to, pixels.

    Returns
    -------
    records : list of dict
        What `YoloDataset` takes.

    Raises
    ------
    ValueError
        If a folder cannot be used; names the file and the line.
    """
    if side is not None and side < 1:
        raise ValueError(f"Got side={side}, expected a number of pixels from 1 up.")
    if fractions is not None and not (min(fractions) > 0 and sum(fractions) <= 1 + 1e-9):
        raise ValueError(f"Got fractions={fractions}, expected two above 0 of sum at most 1.")
    records = []
    for root in _roots(Path(folder)):
        names = read_layout(root).names
        base: dict[str, Any] = {
            "kind": "yolo",
            "name": root.name,
            "group": root.name,
            "root": str(root),
            "class": None,
            "class_names": list(names),
            "side": side,
            "fractions": None if fractions is None else list(fractions),
            "seed": seed,
        }
        chosen = _by_class(base, names, by_class) if by_class else [base]
        train, test = _entries(base)
        for record in chosen:
            _selected(record, train, test)
        records += chosen
    return records


def _by_class(
    base: dict[str, Any], names: tuple[str, ...], wanted: bool | Sequence[str]
) -> list[dict[str, Any]]:
    chosen = list(names) if isinstance(wanted, bool) else list(wanted)
    for name in chosen:
        if name not in names:
            raise ValueError(f"Got the class {name!r}, expected one of {', '.join(names)}.")
    return [
        {**base, "name": f"{base['name']}-{n}", "class": names.index(n), "class_names": [n]}
        for n in chosen
    ]


def _roots(folder: Path) -> list[Path]:
    folder = folder.resolve()
    if not folder.is_dir():
        raise ValueError(f"Got '{folder}', but there is no such folder. Check the path.")
    if (folder / "data.yaml").is_file():
        return [folder]
    inside = [p for p in sorted(folder.iterdir()) if p.is_dir() and not p.name.startswith(".")]
    if not any((p / "data.yaml").is_file() for p in inside):
        raise ValueError(
            f"Got '{folder}', where neither it nor a folder in it has a data.yaml. "
            "Name a YOLO dataset folder."
        )
    return inside


def _entries(record: dict[str, Any]) -> tuple[list[Entry], list[Entry]]:
    layout = read_layout(Path(record["root"]))
    if record["fractions"] is None:
        return _given(layout, record["root"])
    return _split(layout, record["fractions"], record["seed"])


def _selected(
    record: dict[str, Any], train: list[Entry], test: list[Entry]
) -> tuple[list[Entry], list[Entry]]:
    """Keep what the record's class trains on; both parts must hold an object of it."""
    only = record["class"]
    if only is not None:
        train = [entry for entry in train if only in entry.classes]
    for what, entries in (("training", train), ("test", test)):
        if not any(entry.classes if only is None else only in entry.classes for entry in entries):
            missing = "object" if only is None else f"{record['class_names'][0]!r}"
            raise ValueError(
                f"Got the dataset {record['name']!r} with no {missing} in its {what} images. "
                "Leave it out, or split all images anew with fractions=(train, test)."
            )
    return train, test


def _given(layout: Layout, root: str) -> tuple[list[Entry], list[Entry]]:
    test = "test" if "test" in layout.splits else "val"
    for split in ("train", test):
        if split not in layout.splits:
            raise ValueError(
                f"Got '{root}/data.yaml' without {split} images. Name them, or split all "
                "images with fractions=(train, test)."
            )
    return read_split(layout, "train"), read_split(layout, test)


def _split(
    layout: Layout, fractions: Sequence[float], seed: int
) -> tuple[list[Entry], list[Entry]]:
    found = [entry for split in layout.splits for entry in read_split(layout, split)]
    pool = sorted({entry.image: entry for entry in found}.values(), key=lambda e: e.image)
    order = np.random.default_rng(seed).permutation(len(pool))
    n_train, n_test = (round(fraction * len(pool)) for fraction in fractions)
    n_test = min(n_test, len(pool) - n_train)
    return (
        [pool[index] for index in order[:n_train]],
        [pool[index] for index in order[n_train : n_train + n_test]],
    )


def _scaled(image: NDArray[np.uint8], side: int | None) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    if side is None or max(height, width) == side:
        return image
    factor = side / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
