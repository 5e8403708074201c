"""The image that a label file means, by what it calls it and by where the file lies."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from ptssp_sklearn.datasets._draft import Draft, split_name
from ptssp_sklearn.images.name_pairs import IMAGE_SUFFIXES, stem, suffix

_SPLIT = re.compile(r"(?:^|[^a-z])(train|valid|val|validation|test)(?:ing)?(?=[^a-z]|$)", re.I)
_USUAL = ("images", "JPEGImages", "imgs", "img", "data")


def split_of(name: str) -> str:
    """Tell the split of a file from its name or its folder's; empty where neither does."""
    path = PurePosixPath(name)
    for part in (path.stem, path.parent.name):
        found = _SPLIT.search(re.sub(r"\d+", " ", part).replace("_", " "))
        if found:
            return split_name(found[1])
    return ""


class ImageFinder:
    """Finds images for one label file.

    Parameters
    ----------
    draft : Draft
        Is told of images that are not found.
    name : str
        Path of the label file, below the folder.
    split : str
        Split that the label file is of; empty where it is not known.
    """

    def __init__(self, draft: Draft, name: str, split: str) -> None:
        self._draft, self._folder = draft, draft.folder
        here = str(PurePosixPath(name).parent)
        above = str(PurePosixPath(here).parent)
        self._own = [f for f in self._folder.folders if split and split_of(f"{f}/_") == split]
        usual = [f"{place}/{kind}" for place in (here, above) for kind in _USUAL]
        self._bases = tuple(dict.fromkeys([here, *self._own, *usual, above, ""]))

    def find(self, written: str) -> str | None:
        """Find an image by its written path; where there is none, that is remarked."""
        found = self._folder.locate(written, self._bases)
        if found is not None and found[1]:
            return found[0]
        alike = self._alike(written)
        if len(alike) == 1:
            return alike[0]
        if alike:
            self._draft.leave_out(
                "its name stands in several folders", f"{alike[0]} and {alike[1]}", "image"
            )
        else:
            self._draft.leave_out("there is no such file", written, "image")
        return None

    def alike(self, name: str, others: frozenset[str] = frozenset()) -> str | None:
        """Find the one image of a stem that is none of the others; None without exactly one."""
        alike = [f for f in self._alike(name) if f not in others]
        return alike[0] if len(alike) == 1 else None

    def _alike(self, written: str) -> list[str]:
        """List the files of the same name, or of the same stem, in any folder."""
        name = written.replace("\\", "/").rpartition("/")[2]
        alike = self._folder.named(name)
        for own in (name, stem(name)):
            kinds = () if alike else sorted(IMAGE_SUFFIXES)
            alike = alike or [f for kind in kinds for f in self._folder.named(own + kind)]
        alike = [f for f in alike if suffix(f) in IMAGE_SUFFIXES]
        inside = [f for f in alike if str(PurePosixPath(f).parent) in self._own]
        return inside if len(inside) == 1 else alike
