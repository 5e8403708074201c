"""A folder or file of labels in any common format -> a labelled data set."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ptssp_sklearn.datasets._draft import split_name
from ptssp_sklearn.datasets._files import Folder
from ptssp_sklearn.datasets.dataset import LabelledDataset
from ptssp_sklearn.datasets.formats import recognition
from ptssp_sklearn.exceptions import DatasetError, counted
from ptssp_sklearn.images.name_pairs import IMAGE_SUFFIXES, suffix


def open_dataset(path: str | Path, split: str | None = None) -> LabelledDataset:
    """Open a labelled data set in whatever common format it is.

    YOLO (boxes, polygons), COCO JSON, Pascal VOC, CVAT for images, LabelMe, CreateML, and
    images with mask files beside them are recognised by their content.

    Parameters
    ----------
    path : str or Path
        A folder, or the file that describes the data set: a YOLO yaml, a COCO JSON, ….
        Where a folder holds labels in several formats, the file decides.
    split : str, optional
        Gives the images of one split only, such as "train"; all by default.

    Returns
    -------
    dataset : LabelledDataset

    Raises
    ------
    DatasetError
        If nothing is recognised, a file is malformed, or no image or object is left; names
        file and place. Single objects and images that cannot be used are left out and
        counted in `LabelledDataset.summary`.

    Examples
    --------
    >>> from ptssp_sklearn.datasets import open_dataset
    >>> open_dataset("no/folder")
    Traceback (most recent call last):
    ptssp_sklearn.exceptions.DatasetError: Got 'no/folder', but there is no such file or folder.
    """
    path = Path(path)
    if path.is_dir():
        dataset = _open_folder(path)
    elif path.is_file():
        dataset = _open_file(path)
    else:
        raise DatasetError(f"Got '{path}', but there is no such file or folder.")
    return dataset if split is None else dataset.split(split_name(split))


def _open_folder(path: Path) -> LabelledDataset:
    """Try one format after another; what else is there is remarked."""
    folder = Folder(path)
    found = recognition.formats_of(folder)
    if not found:
        raise DatasetError(_nothing(folder))
    (_, read), *others = found
    dataset = read(folder, path)
    for form, _ in others:
        dataset.remark(f"'{path}' also holds {form} labels: name their file to read those instead")
    return dataset


def _open_file(path: Path) -> LabelledDataset:
    """Read the data set that one file describes; its images lie below the file's folder."""
    reader = recognition.format_of_file(path)
    if reader is None:
        raise DatasetError(
            f"Got '{path}', expected a folder, or a YOLO yaml, a COCO or CreateML JSON, or a "
            "CVAT XML."
        )
    root, read = reader
    return read(Folder(root), path)


def _nothing(folder: Folder) -> str:
    kinds = (suffix(file) for file in folder.files)
    counts = Counter("image" if kind in IMAGE_SUFFIXES else f"{kind} file" for kind in kinds)
    if not counts:
        return f"Got '{folder.root}', an empty folder, expected images with their labels."
    held = ", ".join(counted(n, kind.strip()) for kind, n in counts.most_common(5))
    return (
        f"Got '{folder.root}', in which no labels are recognised (it holds: {held}), expected "
        "YOLO, COCO, Pascal VOC, CVAT, LabelMe or CreateML labels, or masks named like the images."
    )
