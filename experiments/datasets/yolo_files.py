"""The files of a YOLO-seg dataset folder: data.yaml, images and their label files, checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ptssp_sklearn.images.yolo_labels import Polygon, read_polygons

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True)
class Entry:
    """One image with its label file.

    Attributes
    ----------
    image : Path
    label : Path or None
        None for an image without a label file: background only.
    classes : frozenset of int
        Class indices the label file holds.
    """

    image: Path
    label: Path | None
    classes: frozenset[int]

    def polygons(self) -> list[Polygon]:
        """Read the label file again."""
        return [] if self.label is None else read_polygons(self.label)


@dataclass(frozen=True)
class Layout:
    """What a data.yaml names.

    Attributes
    ----------
    names : tuple of str
    splits : dict of str to list of Path
        Image folders of ``train``, ``val`` and ``test``, those that are named.
    """

    names: tuple[str, ...]
    splits: dict[str, list[Path]]


def read_layout(root: Path) -> Layout:
    """Read the data.yaml of a dataset folder.

    Raises
    ------
    ValueError
        If it is missing or malformed, or names an image folder that is not there.
    """
    path = root / "data.yaml"
    if not path.is_file():
        raise ValueError(f"Got '{root}' without a data.yaml, expected a YOLO dataset folder.")
    content = _load_yaml(path)
    named = {"train": content.get("train"), "test": content.get("test")}
    named["val"] = content.get("val", content.get("valid"))
    if named["test"] == "../test/images" and named["val"] and not (root / "test").exists():
        named["test"] = None  # exports name this folder even where no image was put in it
    splits = {
        split: [_find(root, content, folder, path, split) for folder in _as_list(value)]
        for split, value in named.items()
        if value
    }
    return Layout(_class_names(content, path), splits)


def read_split(layout: Layout, split: str) -> list[Entry]:
    """Find and check the images and label files of one split, in the order of their paths.

    Raises
    ------
    ValueError
        If a folder holds no images, a label file has no image, is malformed or
        names a class beyond the names.
    """
    entries: list[Entry] = []
    for folder in layout.splits.get(split, []):
        images = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
        if not images:
            raise ValueError(f"Got the folder '{folder}' without images. Check the data.yaml.")
        _check_label_folders(images)
        entries += [_entry(image, layout.names) for image in images]
    return entries


def _load_yaml(path: Path) -> dict[str, Any]:
    try:
        import yaml
    except ModuleNotFoundError:
        raise ValueError(f"Reading '{path}' needs PyYAML: pip install pyyaml") from None
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = " ".join(str(error).split())
        raise ValueError(f"Got '{path}', which is no YAML file ({line}).") from None
    if not isinstance(content, dict):
        raise ValueError(f"Got '{path}' without keys, expected names, train and val or test.")
    return content


def _class_names(content: dict[str, Any], path: Path) -> tuple[str, ...]:
    names = content.get("names")
    if isinstance(names, dict):
        if sorted(names) != list(range(len(names))):
            raise ValueError(
                f"Got '{path}' with names numbered {sorted(map(str, names))}, expected 0, 1, 2, …"
            )
        names = [names[index] for index in range(len(names))]
    if not isinstance(names, list) or not names:
        raise ValueError(f"Got '{path}' with names {names!r}, expected a list of class names.")
    names = [str(name) for name in names]
    if len(set(names)) < len(names):
        raise ValueError(f"Got '{path}' with the names {names}, expected each name once.")
    if content.get("nc", len(names)) != len(names):
        raise ValueError(
            f"Got '{path}' with nc: {content['nc']!r} but {len(names)} names. Make them agree."
        )
    return tuple(names)


def _as_list(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _find(root: Path, content: dict[str, Any], folder: str, path: Path, split: str) -> Path:
    """Find an image folder; exports often say ``../train/images`` for ``train/images``."""
    bases = [root / str(content["path"]), root] if content.get("path") else [root]
    forms = [folder, folder.removeprefix("../")]
    for candidate in (base / form for base in bases for form in forms):
        if candidate.is_dir():
            return candidate.resolve()
    raise ValueError(
        f"Got '{path}' with {split}: {folder}, but there is no such folder of images "
        f"under '{root}'. Correct the path."
    )


def _label_of(image: Path) -> Path:
    """Put ``labels`` for the last ``images`` of the path, as YOLO does."""
    parts = list(image.parts)
    if "images" in parts[:-1]:
        last = len(parts) - 2 - parts[-2::-1].index("images")
        parts[last] = "labels"
    return Path(*parts).with_suffix(".txt")


def _check_label_folders(images: list[Path]) -> None:
    expected = {_label_of(image) for image in images}
    folders = {label.parent for label in expected}
    for folder in sorted(folders):
        if not folder.is_dir():
            raise ValueError(f"Got images whose label folder '{folder}' is missing. Add it.")
        beside = any(image.parent == folder for image in images)
        for label in [] if beside else sorted(folder.glob("*.txt")):
            if label not in expected and label.name != "classes.txt":
                raise ValueError(f"Got the label file '{label}' without an image. Remove it.")


def _entry(image: Path, names: tuple[str, ...]) -> Entry:
    label = _label_of(image)
    if not label.is_file():
        return Entry(image, None, frozenset())
    polygons = read_polygons(label)
    for polygon in polygons:
        if polygon.label >= len(names):
            raise ValueError(
                f"Got label file '{label}', line {polygon.line}: class {polygon.label}, but "
                f"data.yaml names {len(names)} (0 to {len(names) - 1}). Correct one of them."
            )
    return Entry(image, label, frozenset(polygon.label for polygon in polygons))
