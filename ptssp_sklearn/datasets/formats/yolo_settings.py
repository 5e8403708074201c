"""What a YOLO data set says of itself: the yaml, darknet's obj.data, or the folder's own order."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ptssp_sklearn.datasets._draft import split_name
from ptssp_sklearn.datasets._files import Folder, natural
from ptssp_sklearn.exceptions import DatasetError

_SPLIT_KEYS = ("train", "val", "valid", "validation", "test")
_NAME_FILES = ("classes.txt", "obj.names", "names.txt", "labels.txt", "predefined_classes.txt")


@dataclass
class YoloSettings:
    """What is to be read.

    Attributes
    ----------
    source : str
        What messages call the file or folder.
    names : dict of int to str, or None where no file names the classes
    entries : list of (split, path as it is written)
    bases : tuple of str
        Folders that paths may be relative to.
    count : int or None
        Number of classes that is said.
    keypoints : bool
        Whether each box is followed by keypoints.
    """

    source: str
    names: dict[int, str] | None = None
    entries: list[tuple[str, str]] = field(default_factory=list)
    bases: tuple[str, ...] = ("",)
    count: int | None = None
    keypoints: bool = False


def read_yaml(path: Path) -> Any:
    """Read a yaml file with every scalar as text; errors name file, line and column."""
    import yaml

    try:
        return yaml.load(path.read_bytes(), Loader=yaml.BaseLoader)
    except OSError as error:
        raise DatasetError(f"Got '{path}', which cannot be read ({error.strerror}).") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        why = getattr(error, "problem", None) or "it is no text"
        raise DatasetError(f"Got '{path}'{place}: no valid yaml ({why}).") from None


def is_yolo(content: Any) -> bool:
    """Tell whether the content of a yaml file describes a YOLO data set."""
    return (
        isinstance(content, dict)
        and bool({"names", "nc"} & set(content))
        and bool({*_SPLIT_KEYS, "path", "names"} & set(content))
    )


def settings_of_yaml(folder: Folder, name: str, content: Any) -> YoloSettings:
    """Understand a yaml file.

    Raises
    ------
    DatasetError
        If `names`, `nc` or a split is nothing that can be understood.
    """
    path = folder.path(name)
    if not is_yolo(content):
        raise DatasetError(
            f"Got '{path}', expected a YOLO data set's yaml with `names` and `train`."
        )
    here = str(PurePosixPath(name).parent)
    bases = [here]
    if content.get("path"):
        found = folder.locate(str(content["path"]), [here, ""])
        bases = [found[0], here] if found and not found[1] else bases
    count = str(content.get("nc") or "").strip()
    return YoloSettings(
        source=str(path),
        names=_names(content.get("names"), path, folder),
        entries=[entry for key in _SPLIT_KEYS for entry in _entries(key, content.get(key), path)],
        bases=tuple(dict.fromkeys(bases)),
        count=int(count) if count.isdigit() else None,
        keypoints="kpt_shape" in content,
    )


def settings_of_darknet(folder: Folder, name: str) -> YoloSettings:
    """Understand darknet's ``obj.data``, which CVAT's "YOLO 1.1" writes."""
    pairs = (line.partition("=") for line in folder.text(name).splitlines())
    content = {key.strip(): value.strip() for key, _, value in pairs if value.strip()}
    here = str(PurePosixPath(name).parent)
    settings = YoloSettings(source=str(folder.path(name)), bases=(here,))
    settings.entries = [(split_name(k), content[k]) for k in _SPLIT_KEYS if k in content]
    found = folder.locate(content.get("names", ""), [here])
    settings.names = _name_file(folder, found[0]) if found and found[1] else None
    return settings


def settings_of_folder(folder: Folder, images: list[str]) -> YoloSettings:
    """Understand a folder that holds images and labels without a yaml."""
    settings = YoloSettings(source=str(folder.root))
    named = [name for kind in _NAME_FILES for name in folder.named(kind)]
    settings.names = _name_file(folder, named[0]) if named else None
    splits: dict[str, str] = {}
    for image in images:
        parts = [split_name(part) for part in image.split("/")[:-1]]
        known = [part for part in parts if part in ("train", "val", "test")]
        splits[image] = known[0] if known else ""
    settings.entries = [(splits[image], image) for image in images]
    return settings


def _entries(key: str, value: Any, path: Path) -> list[tuple[str, str]]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(entry, str | None) for entry in values):
        raise DatasetError(
            f"Got '{path}', whose `{key}` is {str(value)[:60]}, expected a folder, a list file, "
            "or a list of these."
        )
    return [(split_name(key), entry) for entry in values if entry and entry.strip()]


def _names(value: Any, path: Path, folder: Folder) -> dict[int, str] | None:
    if value in (None, "", [], {}):
        return None
    if isinstance(value, str):
        found = folder.locate(value)
        return _name_file(folder, found[0]) if found and found[1] else {0: value}
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
    try:
        names = {int(key): name for key, name in pairs}
        if all(isinstance(name, str) for name in names.values()) and min(names) >= 0:
            return dict(sorted(names.items()))
    except ValueError:
        pass
    raise DatasetError(
        f"Got '{path}', whose `names` are {str(value)[:60]}, expected a list of names or "
        "`number: name` pairs."
    )


def _name_file(folder: Folder, name: str) -> dict[int, str]:
    lines = folder.text(name).splitlines()
    return {i: line.strip() for i, line in enumerate(lines) if line.strip()}


def listed_images(folder: Folder, entry: str, bases: tuple[str, ...]) -> list[str] | None:
    """List the images that an entry of a split names: a folder or a list file.

    Returns
    -------
    images : list of str or None
        As they are written, where a list file names them; None where there is no such
        folder or file.
    """
    from ptssp_sklearn.datasets._files import IMAGE_SUFFIXES, suffix

    found = folder.locate(entry, bases)
    if found is None:
        return None
    name, is_file = found
    if is_file and suffix(name) in IMAGE_SUFFIXES:
        return [name]
    if is_file:
        lines = (line.strip() for line in folder.text(name).splitlines())
        return [line for line in lines if line]
    if Path(name).is_absolute():
        outside = Folder(Path(name))
        return [str(outside.path(image)) for image in outside.below("")]
    return sorted(folder.below(name), key=natural)
