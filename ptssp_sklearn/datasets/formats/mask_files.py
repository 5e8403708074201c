"""Mask files that lie beside images, read as what their values say they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ptssp_sklearn.datasets.mask_values import (
    VOID,
    components,
    ids_of,
    is_two_valued,
    pieces_of,
    read_values,
    threshold,
    too_many,
)
from ptssp_sklearn.exceptions import ImageError

INSTANCES, BINARY, CLASSES, SINGLES = "instances", "binary", "classes", "singles"
_SPECK_SHARE, _SPECK_PIXELS = 0.005, 16
_SAMPLE = 16


@dataclass
class MaskFiles:
    """Reads the mask of an image as numbered objects.

    Parameters
    ----------
    files : dict of int to list of Path
        Of the image of a number; several where every file is one object.
    meaning : {"instances", "binary", "classes", "singles"}
        What an id is: an object, object or not, a class whose pieces are objects, or a
        whole file an object.
    void : bool
        Whether 255 is no object.
    """

    files: dict[int, list[Path]]
    meaning: str = INSTANCES
    void: bool = False
    specks: int = field(default=0, init=False)

    def ids(self, image: int) -> NDArray[np.int32]:
        """Give the numbered objects of an image, 0 for background."""
        return self.read(image)[0]

    def read(self, image: int) -> tuple[NDArray[np.int32], list[int]]:
        """Give the numbered objects of an image and the id that each had in the file.

        Raises
        ------
        ImageError
            If a file cannot be read; the message is the reason.
        """
        files = self.files[image]
        if self.meaning == SINGLES:
            return self._singles(files)
        values = read_values(files[0])
        if too_many(values):
            raise ImageError("has thousands of values, as a photograph has: it is no mask")
        if self.meaning == BINARY:
            numbered, owners = components(threshold(values).astype(np.int64), [1])
            return self._without_specks(numbered, owners)
        ids = ids_of(values, self.void)
        if self.meaning == CLASSES:
            return self._without_specks(*components(values, ids))
        found = np.where(np.isin(values, ids), np.searchsorted(ids, values) + 1, 0)
        return found.astype(np.int32), ids

    def _singles(self, files: list[Path]) -> tuple[NDArray[np.int32], list[int]]:
        numbered = np.zeros((0, 0), dtype=np.int32)
        for number, file in enumerate(files, start=1):
            drawn = threshold(read_values(file))
            numbered = numbered if numbered.size else np.zeros(drawn.shape, dtype=np.int32)
            if drawn.shape != numbered.shape:
                raise ImageError("has another size than the masks beside it")
            numbered[drawn] = number
        return numbered, list(range(1, len(files) + 1))

    def _without_specks(
        self, numbered: NDArray[np.int32], owners: list[int]
    ) -> tuple[NDArray[np.int32], list[int]]:
        """Drop pieces of a few pixels beside objects that are hundreds of times as large."""
        sizes = np.bincount(numbered.ravel(), minlength=len(owners) + 1)[1:]
        if not len(sizes):
            return numbered, owners
        kept = sizes >= min(_SPECK_PIXELS, _SPECK_SHARE * sizes.max())
        self.specks += int((~kept).sum())
        renumbered = np.concatenate([[0], np.where(kept, np.cumsum(kept), 0)]).astype(np.int32)
        return renumbered[numbered], [own for own, keep in zip(owners, kept, strict=True) if keep]


def meaning_of(files: Sequence[Path]) -> tuple[str, bool, str]:
    """Find out what the ids of mask files mean, from some of them.

    Returns
    -------
    meaning : str
        As `MaskFiles` takes it.
    void : bool
        Whether 255 is no object.
    why : str
        A sentence that says so.
    """
    step = max(1, len(files) // _SAMPLE)
    two_valued, highest, pieces = [], 0, []
    sample = []
    for file in files[::step][:_SAMPLE]:
        try:
            values = read_values(file)
        except ImageError:
            continue
        if not too_many(values):
            sample.append(values)
            two_valued.append(is_two_valued(values))
    if two_valued and all(two_valued):
        return BINARY, False, "Masks are taken as object or background: each piece is an object"
    for values in sample:
        highest = max([highest, *(v for v in ids_of(values, True))])
    void = 0 < highest < VOID // 2 and any((values == VOID).any() for values in sample)
    for values in sample:
        pieces += pieces_of(values, void)
    split = sum(count > 1 for count in pieces)
    more = "; 255 is taken as void" if void else ""
    if split > 0.25 * max(len(pieces), 1):
        total = sum(pieces)
        why = f"Masks are taken as class masks, since {split} of {len(pieces)} ids lie in several"
        return CLASSES, void, f"{why} pieces ({total} in all): each piece is an object{more}"
    return INSTANCES, void, f"Masks are taken as instance masks: each id is an object{more}"


def bounds(numbered: NDArray[np.int32]) -> list[tuple[int, tuple[float, float, float, float], int]]:
    """Give number, box and area of every object of a mask that has pixels."""
    sizes = np.bincount(numbered.ravel())
    found = []
    for number, place in enumerate(ndimage.find_objects(numbered), start=1):
        if place is not None:
            rows, columns = place
            box = float(columns.start), float(rows.start), float(columns.stop), float(rows.stop)
            found.append((number, box, int(sizes[number])))
    return found
