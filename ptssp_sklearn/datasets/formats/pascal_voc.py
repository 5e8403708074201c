"""Pascal VOC: one XML file of boxes an image, and PNGs whose pixels are object numbers."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from ptssp_sklearn.datasets._draft import Draft, declared_size, split_name
from ptssp_sklearn.datasets._files import Folder, natural
from ptssp_sklearn.datasets._remarks import LeftOut
from ptssp_sklearn.datasets.dataset import LabelledDataset
from ptssp_sklearn.datasets.formats.image_finder import ImageFinder, split_of
from ptssp_sklearn.datasets.formats.voc_masks import VocMasks
from ptssp_sklearn.datasets.formats.xml_files import xml_elements
from ptssp_sklearn.images.name_pairs import stem

_ANNOTATION = frozenset({"annotation"})


def read_pascal_voc(folder: Folder, source: Path, names: list[str]) -> LabelledDataset:
    """Read Pascal VOC's XML files.

    Parameters
    ----------
    folder : Folder
    source : Path
        What was opened.
    names : list of str
        The XML files, below the folder.

    Raises
    ------
    DatasetError
        If a file is no XML; names file and line.
    """
    draft = Draft(folder, source, "Pascal VOC")
    files: list[str] = []
    splits, masks = _splits(folder), VocMasks(folder)
    draft.place = lambda image, place: f"{files[image]}, object {place}"
    finders: dict[str, ImageFinder] = {}
    for name in sorted(names, key=natural):
        for annotation in xml_elements(folder.path(name), _ANNOTATION):
            split = splits.get(stem(name), split_of(f"{PurePosixPath(name).parent}/_"))
            here = str(PurePosixPath(name).parent)
            finder = finders.setdefault(here, ImageFinder(draft, name, split))
            number = _add_image(draft, annotation, name, split, finder, masks.files)
            if number == len(files):
                files.append(name)
                labels = [(o.findtext("name") or "").strip() for o in annotation.findall("object")]
                if not masks.add(draft, number, stem(draft.paths[number]), labels):
                    _add_objects(draft, annotation, number, name)
            elif number >= 0:
                draft.leave_out(f"its image is that of {files[number]}", name, "XML file")
    if not names:
        _add_masks(draft, masks, splits, files)
    return draft.finish()


def _add_masks(draft: Draft, masks: VocMasks, splits: dict[str, str], files: list[str]) -> None:
    """Add the images that have masks and no XML files, as CVAT writes them."""
    for own, mask in masks.objects.items():
        split = splits.get(own, "")
        path = ImageFinder(draft, mask, split).alike(own, masks.files)
        number = -1 if path is None else draft.add_image(path, split)
        if number == len(files):
            files.append(mask)
            masks.add(draft, number, own, [])


def _splits(folder: Folder) -> dict[str, str]:
    """Read which images belong to which split from ImageSets/Main or ImageSets/Segmentation."""
    found: dict[str, str] = {}
    for kind in ("Main", "Segmentation", "Layout"):
        for split in ("train", "val", "test"):
            name = next((n for n in folder.named(f"{split}.txt") if f"/{kind}/" in f"/{n}"), None)
            for line in folder.text(name).split("\n") if name else []:
                if line.strip():
                    found.setdefault(line.split()[0], split_name(split))
    return found


def _add_image(
    draft: Draft,
    annotation: Any,
    name: str,
    split: str,
    finder: ImageFinder,
    others: frozenset[str],
) -> int:
    """Add the image of an XML file: the one of the file's own name, else the one it names."""
    size = annotation.find("size")
    declared = None
    if size is not None:
        declared = declared_size(size.findtext("height"), size.findtext("width"))
    own = finder.alike(stem(name), others)
    written = annotation.findtext("filename", "").strip() or stem(name)
    path = own if own is not None else finder.find(written)
    return -1 if path is None else draft.add_image(path, split, declared)


def _add_objects(draft: Draft, annotation: Any, image: int, name: str) -> None:
    for place, found in enumerate(annotation.findall("object"), start=1):
        label = found.findtext("name", "").strip()
        try:
            if not label:
                raise LeftOut("it has no name")
            polygon = found.find("polygon")
            if polygon is not None and len(polygon):
                parts = [_polygon(polygon)]
                draft.objects.add_polygon(image, draft.label(label), place, parts)
            else:
                draft.objects.add_box(image, draft.label(label), place, _box(found.find("bndbox")))
        except LeftOut as error:
            draft.leave_out(str(error), f"{name}, object {place}")


def _box(element: Any) -> tuple[float, float, float, float]:
    """Read a box; VOC counts pixels from 1, and the last one belongs to it."""
    texts = [element.findtext(k) if element is not None else None for k in _CORNERS]
    try:
        left, top, right, bottom = (float(text) for text in texts if text is not None)
    except ValueError:
        raise LeftOut("its bndbox has not four numbers") from None
    if right < left or bottom < top:
        raise LeftOut("its bndbox has its corners exchanged")
    return max(left - 1, 0.0), max(top - 1, 0.0), right, bottom


_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def _polygon(element: Any) -> list[float]:
    """Read the points x1, y1, x2, y2, … of a polygon."""
    try:
        values = {child.tag.lower(): float(child.text) for child in element}
        count = len(values) // 2
        part = [values[f"{axis}{i}"] - 1 for i in range(1, count + 1) for axis in "xy"]
    except (ValueError, TypeError, KeyError):
        raise LeftOut("its polygon has not x1, y1, x2, y2, … as numbers") from None
    if count < 3:
        raise LeftOut("its polygon has fewer than three points")
    return part


def voc_files(folder: Folder, names: list[str]) -> list[str]:
    """Take the XML files in Annotations/ where there are such, else all."""
    own = [n for n in names if "annotations" in n.lower().split("/")[:-1]]
    return own or names
