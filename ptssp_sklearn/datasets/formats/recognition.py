"""Which formats a folder or a file holds, told by content and not by name."""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ptssp_sklearn.datasets._files import Folder
from ptssp_sklearn.datasets.dataset import LabelledDataset
from ptssp_sklearn.datasets.formats.coco import read_coco
from ptssp_sklearn.datasets.formats.createml import read_createml
from ptssp_sklearn.datasets.formats.cvat import read_cvat
from ptssp_sklearn.datasets.formats.image_finder import split_of
from ptssp_sklearn.datasets.formats.labelme import read_labelme
from ptssp_sklearn.datasets.formats.mask_folder import find_pairs, read_mask_folder
from ptssp_sklearn.datasets.formats.pascal_voc import read_pascal_voc, voc_files
from ptssp_sklearn.datasets.formats.voc_masks import VocMasks
from ptssp_sklearn.datasets.formats.xml_files import xml_root
from ptssp_sklearn.datasets.formats.yolo import read_yolo
from ptssp_sklearn.datasets.formats.yolo_settings import (
    is_yolo,
    read_yaml,
    settings_of_darknet,
    settings_of_folder,
    settings_of_yaml,
)
from ptssp_sklearn.exceptions import DatasetError
from ptssp_sklearn.images.name_pairs import suffix

Reader = Callable[[Folder, Path], LabelledDataset]
FilesReader = Callable[[Folder, Path, list[str]], LabelledDataset]
_LABEL_LINE = re.compile(r"\s*\d+(\.0*)?(\s+[-+.\deE]+){4,}\s*$")
_JSON_READERS = {"COCO": read_coco, "LabelMe": read_labelme, "CreateML": read_createml}
_LOOKED_AT = 50
"""Label files of a folder that are looked at before it is said to hold none."""


def formats_of(folder: Folder) -> list[tuple[str, Reader]]:
    """List the formats a folder holds labels in, the likeliest first, each with its reader."""
    found: list[tuple[str, Reader]] = []
    for look in (_yolo_yaml, _json, _xml, _darknet, _bare_yolo, _masks):
        if look in (_bare_yolo, _masks) and found:
            break
        found += look(folder)
    return found


def format_of_file(path: Path) -> tuple[Path, Reader] | None:
    """Give the folder and the reader of a file that describes a data set, or None."""
    kind, root = suffix(path.name), path.parent
    if kind in (".yaml", ".yml"):
        content = read_yaml(path)
        return root, partial(_read_yaml, path.name, content)
    if kind == ".data":
        return root, partial(_read_darknet, path.name)
    if kind == ".json":
        form = _json_kind(path)
        if form is None:
            raise DatasetError(
                f"Got '{path}', a JSON file that is neither COCO, LabelMe nor CreateML."
            )
        return _beside_images(path, _JSON_READERS[form])
    if kind == ".xml":
        reader = {"annotations": read_cvat, "annotation": read_pascal_voc}.get(xml_root(path))
        return None if reader is None else _beside_images(path, reader)
    if kind == ".zip":
        raise DatasetError(f"Got '{path}'. Unpack it and name the folder.")
    return None


def _beside_images(path: Path, read: FilesReader) -> tuple[Path, Reader]:
    """Give the folder that holds a label file and its images: above one for labels only."""
    root = path.absolute().parent
    above = root.parent if root.name.lower() in ("annotations", "labels") else path.parent
    name = path.absolute().relative_to(above.absolute()).as_posix()
    return above, partial(_read_files, read, [name])


def _read_yaml(name: str, content: Any, folder: Folder, source: Path) -> LabelledDataset:
    return read_yolo(folder, source, settings_of_yaml(folder, name, content))


def _read_darknet(name: str, folder: Folder, source: Path) -> LabelledDataset:
    return read_yolo(folder, source, settings_of_darknet(folder, name))


def _read_bare(images: list[str], folder: Folder, source: Path) -> LabelledDataset:
    return read_yolo(folder, source, settings_of_folder(folder, images))


def _read_files(
    read: FilesReader, names: list[str], folder: Folder, source: Path
) -> LabelledDataset:
    return read(folder, source, names)


def _yolo_yaml(folder: Folder) -> list[tuple[str, Reader]]:
    """Find the one yaml that describes the data set, the least deep."""
    names = [n for n in folder.files if suffix(n) in (".yaml", ".yml") and n.count("/") < 3]
    contents = {}
    for name in sorted(names, key=lambda n: n.count("/")):
        try:
            content = read_yaml(folder.path(name))
        except DatasetError:
            if name.count("/") == 0 and len(names) == 1:
                raise
            continue
        if is_yolo(content):
            contents[name] = content
    least = min((name.count("/") for name in contents), default=0)
    chosen = [name for name in contents if name.count("/") == least]
    usual = [name for name in chosen if name.rpartition("/")[2] in ("data.yaml", "dataset.yaml")]
    chosen = usual if len(usual) == 1 else chosen
    if len(chosen) > 1:
        raise DatasetError(
            f"Got '{folder.root}', which holds several YOLO data sets ({', '.join(chosen[:4])}). "
            "Name the yaml of one."
        )
    return [("YOLO", partial(_read_yaml, name, contents[name])) for name in chosen]


def _darknet(folder: Folder) -> list[tuple[str, Reader]]:
    return [("YOLO", partial(_read_darknet, name)) for name in folder.named("obj.data")[:1]]


def _bare_yolo(folder: Folder) -> list[tuple[str, Reader]]:
    """Recognise label files without a yaml by their first lines."""
    images = folder.below("")
    for name in folder.below("", [".txt"])[:_LOOKED_AT] if images else []:
        try:
            first = next((t for t in folder.text(name).splitlines() if t.strip()), "")
        except DatasetError:
            continue
        if _LABEL_LINE.match(first):
            return [("YOLO", partial(_read_bare, images))]
    return []


def _json(folder: Folder) -> list[tuple[str, Reader]]:
    kinds: dict[str, list[str]] = {}
    for name in folder.below("", [".json"]):
        kind = _json_kind(folder.path(name))
        if kind is not None:
            kinds.setdefault(kind, []).append(name)
    found: list[tuple[str, Reader]] = []
    for kind, names in kinds.items():
        chosen = names if kind == "LabelMe" else _one_a_split(folder, names, kind)
        found.append((kind, partial(_read_files, _JSON_READERS[kind], chosen)))
    return found


def _one_a_split(folder: Folder, names: list[str], kind: str) -> list[str]:
    """Choose one file a split; where several remain, one must be named."""
    splits: dict[str, list[str]] = {}
    for name in names:
        splits.setdefault(split_of(name), []).append(name)
    chosen = []
    for found in splits.values():
        instances = [n for n in found if n.rpartition("/")[2].startswith("instances")]
        own = instances or found
        if len(own) > 1:
            raise DatasetError(
                f"Got '{folder.root}', which holds several {kind} files "
                f"({', '.join(own[:4])}). Name one of them."
            )
        chosen += own
    return chosen


def _xml(folder: Folder) -> list[tuple[str, Reader]]:
    names = folder.below("", [".xml"])
    kinds: dict[str, list[str]] = {}
    for name in names[:_LOOKED_AT]:
        kinds.setdefault(xml_root(folder.path(name)), []).append(name)
    found: list[tuple[str, Reader]] = []
    if "annotations" in kinds:
        found.append(("CVAT for images", partial(_read_files, read_cvat, kinds["annotations"])))
    if "annotation" in kinds:
        read = partial(_read_files, read_pascal_voc, voc_files(folder, names))
        found.append(("Pascal VOC", read))
    elif VocMasks(folder).objects:
        found.append(("Pascal VOC", partial(_read_files, read_pascal_voc, [])))
    return found


def _masks(folder: Folder) -> list[tuple[str, Reader]]:
    pairs, _, _ = find_pairs(folder.below(""))
    return [("images with masks", read_mask_folder)] if pairs else []


def _json_kind(path: Path) -> str | None:
    """Tell the format of a JSON file from the keys that stand in it."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            start = text[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
            keys = {k for k in _KEYS if text.find(f'"{k}"'.encode()) >= 0}
    except (OSError, ValueError):
        return None
    if start == b"[":
        return "CreateML" if {"annotations", "coordinates"} <= keys else None
    if {"shapes", "imagePath"} <= keys:
        return "LabelMe"
    return "COCO" if "images" in keys and {"annotations", "categories"} & keys else None


_KEYS = ("annotations", "categories", "coordinates", "imagePath", "images", "shapes")
