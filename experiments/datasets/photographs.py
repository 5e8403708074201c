"""Data sets of photographs, each a zip in YOLO's layout with a meta.json, images never kept."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ptssp_sklearn.measuring.learner import LabelledImage, Objects
from ptssp_sklearn.measuring.resampling import drawn_together

FACTS = ("source", "commit", "licence", "shows")


@dataclass(frozen=True)
class Photographs:
    """Makes the data sets of a folder of zips; workers get it by value.

    Attributes
    ----------
    folder : Path
    """

    folder: Path

    def __call__(self, record: dict[str, Any]) -> PhotographDataset:
        """Make the data set of a record."""
        return PhotographDataset(self.folder / f"{record['name']}.zip", record)

    def records(self) -> list[dict[str, Any]]:
        """List the records of all data sets, by name; they hold no path.

        Raises
        ------
        ValueError
            If there is none in the folder.
        """
        return [_record(file) for file in photograph_files(self.folder)]


def photograph_files(folder: Path) -> list[Path]:
    """List the zips of photographs of a folder, by name.

    Raises
    ------
    ValueError
        If there is none.
    """
    files = sorted(folder.glob("*.zip"))
    if not files:
        raise ValueError(f"Got the folder {folder}, expected zips of photographs in it.")
    return files


def _record(file: Path) -> dict[str, Any]:
    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read(f"{file.stem}/meta.json"))
        counts = {f"n_{part}": len(_listed(archive, file.stem, part)) for part in ("train", "test")}
    return {
        "kind": "photographs",
        "name": file.stem,
        "group": about["source"],
        "labels": about["kind"],
        "classes": about["classes"],
        **{name: about[name] for name in FACTS},
        **counts,
    }


def _listed(archive: zipfile.ZipFile, name: str, part: str) -> list[str]:
    lines = archive.read(f"{name}/{part}.txt").decode().split()
    return [PurePosixPath(line).name for line in lines]


class PhotographDataset:
    """One data set; see `ptssp_sklearn.measuring.learner.Dataset`.

    Parameters
    ----------
    path : Path
        Of its zip.
    record : dict
    """

    def __init__(self, path: Path, record: dict[str, Any]) -> None:
        self.record = record
        self.name: str = record["name"]
        self.group: str = record["group"]
        self.class_names = tuple(record["classes"])
        self._archive = zipfile.ZipFile(path)
        about = json.loads(self._archive.read(f"{self.name}/meta.json"))
        self._groups = {entry["file"]: entry.get("group") for entry in about["per_image"]}
        self._parts = {part: _listed(self._archive, self.name, part) for part in ("train", "test")}
        self._read = lru_cache(maxsize=None)(self._decode)

    @property
    def n_train(self) -> int:
        """Number of training images there are."""
        return len(self._parts["train"])

    def train(self, size: int, repeat: int = 0) -> list[LabelledImage]:
        """Give the first `size` training images of the order of `repeat`: subsets nest."""
        order = np.random.default_rng([repeat, *self.name.encode()]).permutation(self.n_train)
        return [self._read(self._parts["train"][index], "") for index in order[:size]]

    def test(self, size: int = 0, repeat: int = 0) -> list[LabelledImage]:
        """Give the test images, the same for every size and repeat."""
        files = self._parts["test"]
        units = drawn_together(files, [self._groups[file] for file in files])
        return [self._read(*pair) for pair in zip(files, units, strict=True)]

    def _decode(self, file: str, unit: str) -> LabelledImage:
        with Image.open(io.BytesIO(self._archive.read(f"{self.name}/images/{file}"))) as picture:
            image = np.asarray(picture.convert("RGB"))
        labels = f"{self.name}/labels/{PurePosixPath(file).stem}.txt"
        rows = [line.split() for line in self._archive.read(labels).decode().splitlines()]
        unit = f"{self.name}/{unit}" if unit else ""
        return LabelledImage(image, self._objects([r for r in rows if r], image.shape), unit)

    def _objects(self, rows: list[list[str]], shape: tuple[int, ...]) -> Objects:
        whole = np.array([shape[1], shape[0]], np.float64)
        places = [np.array(row[1:], np.float64).reshape(-1, 2) for row in rows]
        classes = np.array([int(row[0]) for row in rows], np.int64)
        if self.record["labels"] == "polygons":
            rings = [place * whole for place in places]
            corners = [np.concatenate([ring.min(axis=0), ring.max(axis=0)]) for ring in rings]
            return Objects(_stacked(corners), classes, tuple((ring,) for ring in rings))
        middles = [(place * whole) for place in places]
        corners = [np.concatenate([m - sides / 2, m + sides / 2]) for m, sides in middles]
        return Objects(_stacked(corners), classes)


def _stacked(corners: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.array(corners, np.float64).reshape(-1, 4)
