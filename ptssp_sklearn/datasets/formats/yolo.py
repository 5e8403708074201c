"""YOLO data sets: one text file of boxes or polygons an image, coordinates as fractions."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import numpy as np

from ptssp_sklearn.datasets._draft import Draft
from ptssp_sklearn.datasets._files import Folder, read_text
from ptssp_sklearn.datasets._remarks import LeftOut
from ptssp_sklearn.datasets.dataset import LabelledDataset
from ptssp_sklearn.datasets.formats.yolo_settings import YoloSettings, listed_images
from ptssp_sklearn.exceptions import DatasetError

_IMAGES = re.compile(r"(^|/)images(?=/)(?!.*/images/)", re.IGNORECASE)
_MOST = 1.5
"""A coordinate beyond this is no fraction; up to it, it reaches beyond the image."""
_SPLIT_WORDS = re.compile(r"(^|/)(train|valid|val|test)(?=/)")


def read_yolo(folder: Folder, source: Path, settings: YoloSettings) -> LabelledDataset:
    """Read a YOLO data set.

    Parameters
    ----------
    folder : Folder
    source : Path
        What was opened.
    settings : YoloSettings

    Raises
    ------
    DatasetError
        If `train` names nothing, or no image has a label file.
    """
    draft = Draft(folder, source, "YOLO")
    labels = _LabelFiles(folder)
    owners: dict[str, str] = {}
    files: list[str | None] = []
    for path, split in _images(folder, settings, draft):
        file = labels.of(path)
        if file is not None and owners.setdefault(file, path) != path:
            draft.leave_out(f"its label file is also that of {owners[file]}", path, "image")
        elif draft.add_image(path, split) == len(files):
            files.append(file)
    if draft.paths and not any(files):
        raise DatasetError(
            f"Got '{settings.source}', {len(files)} images, but no label file: none such as "
            f"'{labels.expected(draft.paths[0])}'."
        )
    _add_objects(draft, files, settings)
    missing = [path for path, file in zip(draft.paths, files, strict=True) if file is None]
    if missing:
        what = "without a label file, taken as without objects"
        draft.remarks.add("image", what, missing[0], len(missing))
    return draft.finish()


def _images(folder: Folder, settings: YoloSettings, draft: Draft) -> list[tuple[str, str]]:
    """List every image with its split; what is not there is remarked."""
    found, missing = [], []
    for split, entry in settings.entries:
        written = listed_images(folder, entry, settings.bases)
        if written is None:
            missing.append((split, entry))
            continue
        base = os.path.dirname(entry.replace("\\", "/"))
        bases = tuple(dict.fromkeys(["", *settings.bases, base]))
        for name in written:
            place = folder.locate(name, bases)
            if place is None or not place[1]:
                draft.leave_out("there is no such file", name, "image")
            else:
                found.append((place[0], split))
    for split, entry in missing:
        text = f"'{settings.source}' names '{entry}' for {split}, which is not there"
        if split == "train" or not found:
            raise DatasetError(
                f"Got a data set whose {text}, nor below '{folder.root}'. Correct the path."
            )
        draft.remarks.say(text[0].upper() + text[1:])
    return found


class _LabelFiles:
    """Finds the label file of an image: in labels/ for images/, beside it, or in labels/."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def expected(self, image: str) -> str:
        """Give the name of the label file by the usual rule."""
        return os.path.splitext(_IMAGES.sub(r"\1labels", image))[0] + ".txt"

    def of(self, image: str) -> str | None:
        """Give the label file of an image, or None."""
        base = os.path.splitext(image)[0]
        place, _, name = base.rpartition("/")
        candidates = [
            self.expected(image),
            f"{base}.txt",
            f"{place}/labels/{name}.txt",
            f"labels/{base}.txt",
            _SPLIT_WORDS.sub(r"\1labels/\2", f"{base}.txt"),
            f"labels/{name}.txt",
        ]
        for candidate in candidates:
            if os.path.isabs(image):
                if os.path.isfile(candidate):
                    return candidate
            elif (found := self._folder.find(candidate)) is not None:
                return found
        return None


def _add_objects(draft: Draft, files: list[str | None], settings: YoloSettings) -> None:
    """Read the label files; classes that are not named get numbers as names where none are."""
    names = settings.names
    if names is None and settings.count is not None:
        names = {i: f"class {i}" for i in range(settings.count)}
    draft.place = lambda image, line: f"{files[image]}, line {line}"
    places = None if names is None else {number: i for i, number in enumerate(names)}
    draft.names = [] if names is None else list(names.values())
    for image, file in enumerate(files):
        if file is not None:
            _add_file(draft, image, file, places, settings.keypoints)
    if names is None:
        draft.names = [f"class {i}" for i in range(max(draft.objects.labels, default=-1) + 1)]
        draft.remarks.say(f"No file names the classes of '{settings.source}': they are numbered")
    elif settings.count is not None and settings.count != len(names):
        draft.remarks.say(
            f"'{settings.source}' says nc: {settings.count}, but names {len(names)} classes"
        )


def _add_file(
    draft: Draft, image: int, file: str, places: dict[int, int] | None, keypoints: bool
) -> None:
    """Add the objects of one label file."""
    shape = draft.shape(image)
    seen = set()
    for line, text in enumerate(read_text(draft.folder.path(file)).splitlines(), start=1):
        words = tuple(text.split())
        if not words:
            continue
        if words in seen:
            draft.remarks.add(
                "line", "repeated in its label file and read once", f"{file}, line {line}"
            )
            continue
        seen.add(words)
        try:
            number, values = _numbers(words)
            if places is not None and number not in places:
                known = ", ".join(str(n) for n in list(places)[:12])
                raise LeftOut(f"its class {number} is not among the named ones ({known})")
            label = number if places is None else places[number]
            _add_object(draft, image, label, line, values[:4] if keypoints else values, shape)
        except LeftOut as error:
            draft.leave_out(str(error), f"{file}, line {line}")


def _numbers(words: tuple[str, ...]) -> tuple[int, list[float]]:
    """Read class and coordinates of a line."""
    try:
        label, *values = [float(word) for word in words]
    except ValueError:
        raise LeftOut("its line holds something else than numbers") from None
    if not label.is_integer() or not 0 <= label < 2**31:
        raise LeftOut("its class is no whole number from 0 on")
    if len(values) < 4:
        raise LeftOut("its line has too few numbers for a box")
    if not all(map(math.isfinite, values)):
        raise LeftOut("a coordinate is no finite number")
    return int(label), values


def _add_object(
    draft: Draft, image: int, label: int, line: int, values: list[float], shape: tuple[int, int]
) -> None:
    """Add a box (four numbers, or five with a confidence) or a polygon."""
    height, width = shape
    if len(values) == 5:
        values = values[:4]
        draft.remarks.say("Sixth numbers of boxes are taken for confidences: were these predicted?")
    if max(values) > _MOST or min(values) < 1 - _MOST:
        raise LeftOut("its coordinates are no fractions of the image's size")
    if len(values) == 4:
        x, y, w, h = values
        box = (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height
        draft.objects.add_box(image, label, line, box)
    elif len(values) % 2:
        raise LeftOut("its polygon has an x without a y")
    else:
        part = np.array(values)
        part[::2] *= width
        part[1::2] *= height
        draft.objects.add_polygon(image, label, line, [part.tolist()])
