"""What is asked about on the command line: a data set, or files with their masks."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ptssp_sklearn.datasets._files import Folder, image_shape, natural
from ptssp_sklearn.datasets.dataset import LabelledDataset
from ptssp_sklearn.datasets.formats.mask_folder import read_pairs
from ptssp_sklearn.datasets.opening import open_dataset
from ptssp_sklearn.datasets.typical import table_of, typical_images
from ptssp_sklearn.exceptions import DatasetError, ImageError, counted
from ptssp_sklearn.images.name_pairs import IMAGE_SUFFIXES, contradicted, pair_names, suffix
from ptssp_sklearn.images.row_masks import RowMasks
from ptssp_sklearn.images.table import one_row
from ptssp_sklearn.images.yolo_labels import mask_cell

_DESCRIPTIONS = frozenset({".yaml", ".yml", ".json", ".xml", ".data", ".zip"})
BOXES_NOTE = "the objects are outlined by boxes: all that lies in a box is taken for the object."


@dataclass(frozen=True)
class AskedImages:
    """The row that is asked about, and what was read for it.

    Attributes
    ----------
    table : image table of one row
    files : list of str
    counts : list of (int or None)
        Objects read in each image; None where that is not known.
    notes : list of str
        What should be said beside the answer.
    """

    table: pd.DataFrame
    files: list[str]
    counts: list[int | None]
    notes: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        """Say which images were looked at and how many objects were read in each."""
        parts = [
            name if count is None else f"{name} ({counted(count, 'object')})"
            for name, count in zip(self.files, self.counts, strict=True)
        ]
        return ", ".join(parts)


def asked_images(
    images: Sequence[str],
    masks: Sequence[str] = (),
    *,
    class_name: str | None = None,
    n_images: int = 8,
) -> AskedImages:
    """Understand what images and masks are named.

    Parameters
    ----------
    images : sequence of str
        A labelled data set, or a folder of images, or image files.
    masks : sequence of str
        Mask files in the order of the images, or one folder or pattern, whose files are
        paired with the images by name.
    class_name : str, optional
        With a data set, shows the objects of one class only.
    n_images : int, default=8
        Images of a data set or folder that are looked at.

    Returns
    -------
    asked : AskedImages

    Raises
    ------
    DatasetError
        If the data set cannot be read, an image has no mask, or the names of masks
        contradict their order.
    """
    if len(images) == 1 and not masks and _is_dataset(images[0]):
        dataset = open_dataset(images[0])
        chosen = typical_images(dataset, n_images, class_name=class_name).tolist()
        return _of_dataset(dataset, chosen, class_name)
    if class_name is not None:
        raise DatasetError(
            f"Got the class {class_name!r} for single files, expected a data set. For label "
            "files name the class as labels.txt:INDEX."
        )
    missing = [name for name in images if not os.path.exists(name)]
    if missing:
        raise DatasetError(f"Got '{missing[0]}', but there is no such file or folder.")
    files = [file for name in images for file in _images_of(name)]
    if any(_is_many(mask) for mask in masks):
        found = [file for mask in masks for file in _masks_of(mask)]
        return _paired(files, found, n_images if len(files) > len(images) else None)
    if masks and len(masks) != len(images):
        raise DatasetError(
            f"Got {counted(len(masks), 'mask')} for {counted(len(images), 'image')}, expected one "
            "an image, in the same order. Name the masks' folder, or quote a pattern: '*_mask.png'."
        )
    _check_order(images, masks)
    cells = [mask_cell(mask) for mask in masks]
    table = one_row(list(images), cells)
    return AskedImages(table, list(images), _counts(images, cells))


def _of_dataset(
    dataset: LabelledDataset, chosen: Sequence[int], class_name: str | None = None
) -> AskedImages:
    table = table_of(dataset, chosen, class_name)
    root = dataset.root if dataset.root.is_dir() else dataset.root.parent
    files = [os.path.relpath(dataset.paths[i], root) for i in chosen]
    counts: list[int | None] = [len(dataset.areas(i, class_name)) for i in chosen]
    notes = [BOXES_NOTE] if table["labels"].iloc[0] in ("boxes", "mixed") else []
    notes += dataset.remarks()
    if len(chosen) < len(dataset):
        verb = "was" if len(chosen) == 1 else "were"
        of = counted(len(dataset), "image")
        notes.append(f"{len(chosen)} of {of} {verb} looked at; --images takes more.")
    return AskedImages(table, files, counts, notes)


def _is_dataset(name: str) -> bool:
    return os.path.isdir(name) or suffix(name) in _DESCRIPTIONS


def _is_many(name: str) -> bool:
    return os.path.isdir(name) or (not os.path.exists(name) and glob.has_magic(name))


def _images_of(name: str) -> list[str]:
    """List the images of a folder; a file is itself."""
    if not os.path.isdir(name):
        return [name]
    folder = Folder(Path(name))
    return [str(folder.path(file)) for file in folder.below("")]


def _masks_of(name: str) -> list[str]:
    """List the mask files that a folder or a pattern names."""
    if os.path.isdir(name):
        folder = Folder(Path(name))
        return [str(folder.path(f)) for f in folder.below("", [*IMAGE_SUFFIXES, ".txt"])]
    if not _is_many(name):
        return [name]
    found = sorted(glob.glob(name, recursive=True), key=natural)
    if not found:
        raise DatasetError(f"Got the masks '{name}', a pattern that no file has.")
    return found


def _paired(files: list[str], masks: list[str], n_images: int | None) -> AskedImages:
    """Pair images and masks by name and look at some of them, or at all."""
    masks = [mask for mask in masks if mask not in files]
    pairs = pair_names(files, masks)
    alone = [file for file in files if file not in pairs]
    if alone:
        raise DatasetError(
            f"Got no mask that is named like '{alone[0]}' among {counted(len(masks), 'file')}"
            + (f" ({os.path.basename(masks[0])}, …)." if masks else ".")
        )
    if any(suffix(mask) == ".txt" for mask in pairs.values()):
        if n_images is not None:
            raise DatasetError(
                "Got a folder of images and one of label files. Name the folder that holds "
                "both, or its data.yaml."
            )
        return asked_images(list(pairs), list(pairs.values()))
    source = Path(os.path.commonpath([os.path.dirname(os.path.abspath(f)) for f in files]))
    absolute = {os.path.abspath(f): [os.path.abspath(mask)] for f, mask in pairs.items()}
    dataset = read_pairs(Folder(source), source, absolute)
    chosen = range(len(dataset)) if n_images is None else typical_images(dataset, n_images).tolist()
    return _of_dataset(dataset, list(chosen))


def _check_order(images: Sequence[str], masks: Sequence[str]) -> None:
    """Refuse masks whose names say that they belong to other images than their order says."""
    found = contradicted(images, masks)
    if found is not None:
        place, own = found
        raise DatasetError(
            f"Got '{masks[place]}' as mask {place + 1}, for the image '{images[place]}', whose "
            f"name says '{own}'. Give masks in the order of the images, or name their folder."
        )


def _counts(images: Sequence[str], cells: Sequence[Any]) -> list[int | None]:
    """Count the objects of masks; what cannot be read is said where it is looked at."""
    masks = RowMasks(cells, [f"mask_{i}" for i in range(1, len(cells) + 1)])
    counts: list[int | None] = []
    for place, image in enumerate(images):
        try:
            counts.append(masks.count(place, image_shape(Path(image))) if cells else None)
        except ImageError:
            counts.append(None)
    return counts
