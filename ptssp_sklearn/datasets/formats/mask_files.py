"""Mask files that lie beside images, read as what their values say they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ptssp_sklearn.exceptions import ImageError
from ptssp_sklearn.images.mask_meaning import INSTANCES, Meaning, evidence_of
from ptssp_sklearn.images.mask_meaning import meaning_of as meaning_of_evidence
from ptssp_sklearn.images.mask_values import read_values, threshold, too_many

SINGLES = "singles"
_SAMPLE = 16


@dataclass
class MaskFiles:
    """Reads the mask of an image as numbered objects.

    Parameters
    ----------
    files : dict of int to list of Path
        Files of the image of a number; several where every file is one object.
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
        found = Meaning(self.meaning, self.void).number(values)
        self.specks += found.specks
        return found.ids, found.owners

    def _singles(self, files: list[Path]) -> tuple[NDArray[np.int32], list[int]]:
        numbered = np.zeros((0, 0), dtype=np.int32)
        for number, file in enumerate(files, start=1):
            drawn = threshold(read_values(file))
            numbered = numbered if numbered.size else np.zeros(drawn.shape, dtype=np.int32)
            if drawn.shape != numbered.shape:
                raise ImageError("has another size than the masks beside it")
            numbered[drawn] = number
        return numbered, list(range(1, len(files) + 1))


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
    sample = []
    for file in files[::step][:_SAMPLE]:
        try:
            values = read_values(file)
        except ImageError:
            continue
        if not too_many(values):
            sample.append(evidence_of(values))
    found = meaning_of_evidence(sample)
    return found.kind, found.void, found.why


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
