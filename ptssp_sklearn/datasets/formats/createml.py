"""CreateML: a JSON list of images with boxes, given by centre, width and height."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ptssp_sklearn.datasets._draft import Draft
from ptssp_sklearn.datasets._files import Folder
from ptssp_sklearn.datasets.dataset import LabelledDataset
from ptssp_sklearn.datasets.formats.coco import parse_json
from ptssp_sklearn.datasets.formats.image_finder import ImageFinder, split_of
from ptssp_sklearn.exceptions import DatasetError


def read_createml(folder: Folder, source: Path, names: list[str]) -> LabelledDataset:
    """Read CreateML's JSON files; parameters as `read_coco`.

    Raises
    ------
    DatasetError
        If a file is no JSON, or no list of images.
    """
    draft = Draft(folder, source, "CreateML")
    files: list[str] = []
    draft.place = lambda image, place: f"{files[image]}, annotation {place}"
    for name in names:
        split = split_of(name)
        finder, content = ImageFinder(draft, name, split), parse_json(folder.path(name))
        if not isinstance(content, list) or not all(isinstance(e, dict) for e in content):
            raise DatasetError(f"Got '{folder.path(name)}', which is no list of images.")
        for entry in content:
            written = str(entry.get("image") or entry.get("imagefilename") or "")
            path = finder.find(written)
            number = -1 if path is None else draft.add_image(path, split)
            if number == len(files):
                files.append(f"{name}, {written}")
                _add_boxes(draft, entry.get("annotations") or [], number)
    return draft.finish()


def _add_boxes(draft: Draft, annotations: list[Any], image: int) -> None:
    for place, found in enumerate(annotations, start=1):
        try:
            where = found["coordinates"]
            x, y, width, height = (float(where[key]) for key in ("x", "y", "width", "height"))
            box = x - width / 2, y - height / 2, x + width / 2, y + height / 2
            draft.objects.add_box(image, draft.label(str(found["label"])), place, box)
        except (TypeError, KeyError, ValueError):
            why = "it has no label, or no coordinates x, y, width and height"
            draft.leave_out(why, draft.place(image, place))
