"""The files of a labelled data set: listed once, found as labels write their paths, looked at."""

from __future__ import annotations

import os
import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from PIL import ExifTags, Image

from ptssp_sklearn.exceptions import DatasetError, ImageError
from ptssp_sklearn.images.name_pairs import IMAGE_SUFFIXES, suffix

_DRIVE = re.compile(r"^[A-Za-z]:")
_OTHERS = frozenset({"__MACOSX", "__pycache__"})
_TAIL = 4096
"""What follows the end mark of a JPEG in files that are whole, bytes at most."""
_ENDS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND"}
_TURNED = (5, 6, 7, 8)


class Folder:
    """The files below a folder, by the paths that its labels may write for them.

    Hidden files and what macOS leaves in archives are passed over.

    Parameters
    ----------
    root : Path

    Attributes
    ----------
    root : Path
    files : list of str
        Relative to the root, with ``/``, sorted.

    Raises
    ------
    DatasetError
        If it is no folder, or cannot be listed.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise DatasetError(f"Got '{root}', but there is no such folder. Check the path.")
        self.root = root
        try:
            self.files = sorted(_listed(str(root)), key=natural)
        except OSError as error:
            raise DatasetError(f"Got '{root}', which cannot be listed ({error}).") from None
        self._exact = frozenset(self.files)
        self._folded = {name.casefold(): name for name in reversed(self.files)}
        self._named: dict[str, list[str]] = defaultdict(list)
        for name in self.files:
            self._named[name.rpartition("/")[2].casefold()].append(name)
        parents = (str(parent) for name in self.files for parent in PurePosixPath(name).parents)
        self.folders = dict.fromkeys(parents)
        self._folded_folders = {name.casefold(): name for name in self.folders}

    def find(self, name: str) -> str | None:
        """Find a file by its path below the root, if need be without regard to case."""
        name = _tidy(name)
        return name if name in self._exact else self._folded.get(name.casefold())

    def named(self, name: str) -> list[str]:
        """List the files of a name, whatever folder they are in."""
        return self._named.get(name.casefold(), [])

    def below(self, folder: str, suffixes: Iterable[str] = IMAGE_SUFFIXES) -> list[str]:
        """List the files of some suffixes in a folder and in those below it."""
        start = "" if folder in ("", ".") else f"{folder}/"
        kinds = frozenset(suffixes)
        return [f for f in self.files if f.startswith(start) and suffix(f) in kinds]

    def folder(self, name: str) -> str | None:
        """Find a folder by its path below the root."""
        name = _tidy(name) or "."
        return name if name in self.folders else self._folded_folders.get(name.casefold())

    def locate(self, written: str, bases: Iterable[str] = ("",)) -> tuple[str, bool] | None:
        """Find what a data set's own file calls `written`: a file or folder.

        It is looked for below each base, then with its leading parts dropped, as absolute
        paths of another machine need; a path outside the root is taken only if it exists
        as it is written.

        Returns
        -------
        found : (path, is_file) or None
            Relative to the root, or absolute where it lies outside.
        """
        written = written.strip().strip("\"'").replace("\\", "/")
        if not written:
            return None
        inside = self._inside(written)
        for candidate in [inside] if inside is not None else self._candidates(written, bases):
            found = self.find(candidate)
            if found is not None:
                return found, True
            folder = self.folder(candidate)
            if folder is not None:
                return folder, False
        for base in bases:
            outside = self.root / base / written
            if outside.exists():
                return str(outside.resolve()), outside.is_file()
        return None

    def path(self, name: str) -> Path:
        """Give the path of a file of this folder."""
        return self.root / name

    def text(self, name: str) -> str:
        """Read a text file; errors name it."""
        return read_text(self.path(name))

    def _inside(self, written: str) -> str | None:
        """Give an absolute path that lies below the root relative to it."""
        if not os.path.isabs(written) or not os.path.exists(written):
            return None
        path, root = os.path.realpath(written), os.path.realpath(self.root)
        return os.path.relpath(path, root) if path.startswith(f"{root}/") else None

    def _candidates(self, written: str, bases: Iterable[str]) -> Iterator[str]:
        if os.path.isabs(written) and os.path.exists(written):
            return
        plain = _DRIVE.sub("", written)
        yield from (f"{base}/{plain}" for base in bases if not os.path.isabs(plain))
        parts = [part for part in plain.split("/") if part not in ("", ".", "..")]
        for dropped in range(len(parts)):
            yield from ("/".join([base, *parts[dropped:]]) for base in dict.fromkeys([*bases, ""]))


def read_text(path: Path) -> str:
    """Read a text file of UTF-8, with or without a mark; errors name it."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"Got '{path}', which is no UTF-8 text (byte {error.start}). Save it as UTF-8."
        ) from None
    except OSError as error:
        raise DatasetError(f"Got '{path}', which cannot be read ({error.strerror}).") from None


def image_shape(path: Path) -> tuple[int, int]:
    """Read the size of an image as it is seen, turned as its EXIF data says.

    Parameters
    ----------
    path : Path

    Returns
    -------
    shape : (height, width), pixels

    Raises
    ------
    ImageError
        If the file is missing, empty, truncated or no image; the message is the reason.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                width, height = image.size
                orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
                if not _ends(path, image.format or ""):
                    image.load()
    except FileNotFoundError:
        raise ImageError("there is no such file") from None
    except Image.DecompressionBombError:
        raise ImageError("has too many pixels") from None
    except (Image.UnidentifiedImageError, ImportError):  # ultralytics' open asks for HEIF
        empty = os.path.getsize(path) == 0
        raise ImageError("is empty (0 bytes)" if empty else "is no image") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ImageError(f"is damaged ({error})") from None
    return (width, height) if orientation in _TURNED else (height, width)


def _ends(path: Path, form: str) -> bool:
    """Tell whether the mark of the end stands where it should; a format without one passes."""
    mark = _ENDS.get(form)
    if mark is None:
        return True
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        return mark in file.read()


def natural(name: str) -> list[tuple[int, str]]:
    """Order names so that 10 comes after 9."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if i % 2 else (-1, part) for i, part in enumerate(parts)]


def _tidy(name: str) -> str:
    """Resolve ``.`` and ``..`` in a relative path; one that leads out finds nothing."""
    tidy = os.path.normpath(name.lstrip("/")) if name else ""
    return "" if tidy == "." else tidy


def _listed(root: str) -> Iterator[str]:
    """Walk a folder; links to folders are followed, each folder is entered once."""
    entered = set()
    for place, folders, names in os.walk(root, followlinks=True, onerror=_raise):
        real = os.path.realpath(place)
        if real in entered:
            folders.clear()
            continue
        entered.add(real)
        folders[:] = [f for f in folders if not f.startswith(".") and f not in _OTHERS]
        start = os.path.relpath(place, root).replace(os.sep, "/")
        prefix = "" if start == "." else f"{start}/"
        yield from (f"{prefix}{name}" for name in names if not name.startswith("."))


def _raise(error: OSError) -> None:
    raise error
