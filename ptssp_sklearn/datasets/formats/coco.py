"""COCO JSON: images, categories and annotations in one file, or one file a split."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ptssp_sklearn.datasets._draft import Draft, declared_size
from ptssp_sklearn.datasets._files import Folder, read_text
from ptssp_sklearn.datasets.dataset import LabelledDataset
from ptssp_sklearn.datasets.formats.coco_annotations import AnnotationReader, known_id
from ptssp_sklearn.datasets.formats.image_finder import ImageFinder, split_of
from ptssp_sklearn.exceptions import DatasetError

_LEFT_OUT, _UNKNOWN = -1, -2


def read_coco(folder: Folder, source: Path, names: list[str]) -> LabelledDataset:
    """Read COCO files of one data set; their classes are joined by name.

    Parameters
    ----------
    folder : Folder
    source : Path
        What was opened.
    names : list of str
        The JSON files, below the folder.

    Raises
    ------
    DatasetError
        If a file is no JSON, or not of COCO's form; names file and place.
    """
    draft = Draft(folder, source, "COCO")
    reader = AnnotationReader(draft)
    draft.place = lambda image, place: f"{names[reader.files[image]]}, annotation {place}"
    images: dict[int, int] = {}
    labels: dict[int, int] = {}
    above: set[str] = set()
    for number, name in enumerate(names):
        path = folder.path(name)
        content = parse_json(path, reader.begin(number))
        if not isinstance(content, dict) or not isinstance(content.get("images"), list):
            raise DatasetError(f"Got '{path}', which has no list of `images`: no COCO file.")
        images |= _add_images(draft, content["images"], name, reader)
        labels |= _add_categories(draft, content.get("categories"), path, reader, above)
    final = np.array([images.get(i, _UNKNOWN) for i in range(len(reader.files))], np.int64)
    final = _without_strays(draft, reader, final, labels)
    draft.objects.relabel([max(labels.get(i, 0), 0) for i in range(len(reader.classes))])
    _drop_supercategory(draft, above)
    return draft.finish(final)


def parse_json(path: Path, hook: Any = None) -> Any:
    """Parse a JSON file; errors name file, line and column."""
    try:
        return json.loads(read_text(path), object_hook=hook)
    except json.JSONDecodeError as error:
        raise DatasetError(
            f"Got '{path}', line {error.lineno}, column {error.colno}: no valid JSON "
            f"({error.msg}). Was it cut off?"
        ) from None
    except RecursionError:
        raise DatasetError(f"Got '{path}': JSON nested too deeply.") from None


def _add_images(
    draft: Draft, entries: list[Any], name: str, reader: AnnotationReader
) -> dict[int, int]:
    """Add a file's images; give for the number of each id the number of its image."""
    split = split_of(name)
    finder, found = ImageFinder(draft, name, split), {}
    for place, entry in enumerate(entries):
        try:
            number, written = reader.image(entry["id"]), str(entry["file_name"])
        except (TypeError, KeyError):
            raise DatasetError(
                f"Got '{draft.folder.path(name)}', whose `images`, entry {place}, has no id or no "
                "file_name."
            ) from None
        path = finder.find(written)
        size = declared_size(entry.get("height"), entry.get("width"))
        found[number] = _LEFT_OUT if path is None else draft.add_image(path, split, size)
    return found


def _add_categories(
    draft: Draft, entries: Any, path: Path, reader: AnnotationReader, above: set[str]
) -> dict[int, int]:
    """Add a file's classes; give for the number of each id the place of its class."""
    try:
        ordered = sorted(entries or [], key=lambda entry: known_id(entry["id"])[::-1])
        above |= {str(entry.get("supercategory")) for entry in ordered}
        return {reader.label(e["id"]): draft.label(str(e["name"])) for e in ordered}
    except (TypeError, KeyError, AttributeError):
        raise DatasetError(
            f"Got '{path}', whose `categories` are no list of objects with an id and a name."
        ) from None


def _without_strays(
    draft: Draft, reader: AnnotationReader, final: np.ndarray, labels: dict[int, int]
) -> np.ndarray:
    """Drop objects of images or categories that are not listed, and masks of another size."""
    dead, numbers = len(final), np.array(draft.objects.images, dtype=np.int64)
    final = np.append(final, _LEFT_OUT)
    stray = final[numbers] == _UNKNOWN
    known = np.isin(np.array(draft.objects.labels), list(labels))
    wrong = np.zeros(len(numbers), dtype=bool)
    for place, height, width in reader.run_sizes():
        image = final[numbers[place]]
        wrong[place] = image >= 0 and draft.shape(int(image)) != (height, width)
    there = final[numbers] >= 0
    for what, chosen in (
        ("its image is not among `images`", stray),
        ("its category is not among `categories`", there & ~known),
        ("its mask has another size than its image", wrong),
    ):
        for place in np.flatnonzero(chosen)[:1]:
            where = draft.place(int(numbers[place]), draft.objects.places[place])
            draft.leave_out(what, where, count=int(chosen.sum()))
    for place in np.flatnonzero(stray | (there & ~known) | wrong).tolist():
        draft.objects.images[place] = dead
    return np.maximum(final, _LEFT_OUT)


def _drop_supercategory(draft: Draft, above: set[str]) -> None:
    """Drop the first class if it only names the others' supercategory, as Roboflow's id 0."""
    used = set(draft.objects.labels)
    if len(draft.names) > 1 and 0 not in used and draft.names[0] in above:
        draft.names = draft.names[1:]
        draft.objects.relabel([0, *range(max(used, default=0))])
