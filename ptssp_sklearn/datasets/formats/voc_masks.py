"""Pascal VOC's masks: SegmentationObject numbers objects, SegmentationClass classes."""

from __future__ import annotations

import numpy as np

from ptssp_sklearn.datasets._draft import Draft
from ptssp_sklearn.datasets._files import Folder
from ptssp_sklearn.datasets.formats.mask_files import MaskFiles, bounds
from ptssp_sklearn.exceptions import ImageError
from ptssp_sklearn.images.mask_meaning import INSTANCES
from ptssp_sklearn.images.mask_values import VOID, colour_value, read_values
from ptssp_sklearn.images.name_pairs import IMAGE_SUFFIXES, stem

_NAMES = [
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
]
_OBJECTS, _CLASSES = "segmentationobject", "segmentationclass"


class VocMasks:
    """The masks of a folder, by the stem of their image.

    Parameters
    ----------
    folder : Folder
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        found: dict[str, dict[str, str]] = {_OBJECTS: {}, _CLASSES: {}}
        for name in folder.below("", IMAGE_SUFFIXES):
            place = name.rpartition("/")[0].rpartition("/")[2].lower()
            if place in found:
                found[place][stem(name)] = name
        self.objects, self._classes = found[_OBJECTS], found[_CLASSES]
        self.files = frozenset([*self.objects.values(), *self._classes.values()])
        self._names = self._labelmap() or dict(enumerate(_NAMES, start=1))
        self.reader = MaskFiles({}, INSTANCES, void=True)

    def add(self, draft: Draft, image: int, own: str, names: list[str]) -> bool:
        """Add the objects of an image's mask.

        Parameters
        ----------
        draft : Draft
        image : int
        own : str
            Stem of the image.
        names : list of str
            Classes of the objects that its XML file lists; object k of the mask is the k-th
            of them if there are as many.

        Returns
        -------
        added : bool
            Whether there is a mask that can be used.
        """
        file = self.objects.get(own)
        if file is None:
            return False
        self.reader.files[image] = [self._folder.path(file)]
        try:
            numbered, owners = self.reader.read(image)
            classes = self._class_values(own, numbered.shape)
        except ImageError as error:
            draft.leave_out(str(error), file, "mask")
            return False
        if numbered.shape != draft.shape(image):
            draft.leave_out("it has another size than its image", file, "mask")
            return False
        listed = names if len(names) == len(owners) else None
        for number, box, area in bounds(numbered):
            name = listed[number - 1] if listed else self._class_of(classes, numbered == number)
            draft.objects.add_raster(image, draft.label(name), number, box, area, number)
        draft.masks = self.reader
        return True

    def _class_values(self, own: str, shape: tuple[int, ...]) -> np.ndarray | None:
        name = self._classes.get(own)
        values = None if name is None else read_values(self._folder.path(name))
        return values if values is not None and values.shape == shape else None

    def _class_of(self, classes: np.ndarray | None, mask: np.ndarray) -> str:
        """Give the class that most pixels of an object have."""
        if classes is None:
            return "object"
        values, counts = np.unique(classes[mask], return_counts=True)
        counts = np.where((values == 0) | (values == VOID), 0, counts)
        value = int(values[counts.argmax()])
        return self._names.get(value, f"class {value}")

    def _labelmap(self) -> dict[int, str]:
        """Read CVAT's labelmap.txt: name, and colour in the class masks."""
        found: dict[int, str] = {}
        for name in self._folder.named("labelmap.txt")[:1]:
            for line in self._folder.text(name).splitlines():
                label, _, rest = line.partition(":")
                digits = rest.partition(":")[0].split(",")
                if not line.startswith("#") and len(digits) == 3 and all(map(str.isdigit, digits)):
                    found |= dict.fromkeys(colour_value([int(d) for d in digits]), label.strip())
        return found
