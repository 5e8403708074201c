"""A few images that together are typical of a labelled data set, and the row they make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ptssp_sklearn.datasets.dataset import LabelledDataset, kind_of
from ptssp_sklearn.datasets.opening import open_dataset
from ptssp_sklearn.exceptions import DatasetError
from ptssp_sklearn.images.table import one_row


def typical_images(
    dataset: LabelledDataset, n: int = 8, *, seed: int = 0, class_name: str | None = None
) -> NDArray[np.int64]:
    """Choose images that together show how many objects there are, and how large.

    Images without an object are passed over, and where the data set has a train split,
    those of other splits. The rest are cut into n equal parts by their number of objects;
    one image is drawn from each part, so that the sizes of objects are spread evenly too
    (a Latin hypercube), and of different groups as far as that goes.

    Parameters
    ----------
    dataset : LabelledDataset
    n : int, default=8
        Images; fewer where there are not as many.
    seed : int, default=0
    class_name : str, optional
        Counts the objects of one class only.

    Returns
    -------
    indices : ndarray of shape (n,), int64
        Places in the data set, in rising order.

    Raises
    ------
    DatasetError
        If n is no positive number, there is no such class, or no image shows an object.
    """
    if n < 1:
        raise DatasetError(f"Got {n} images, expected at least one; four are better.")
    areas = [dataset.areas(i, class_name) for i in range(len(dataset))]
    shown = np.array([i for i, own in enumerate(areas) if len(own)], dtype=np.int64)
    if not len(shown):
        what = "object" if class_name is None else f"object of the class {class_name!r}"
        raise DatasetError(f"Got '{dataset.root}', in which no image shows an {what}.")
    training = [i for i in shown.tolist() if "train" in dataset.splits[i]]
    shown = np.array(training, dtype=np.int64) if training else shown
    if len(shown) <= n:
        return shown
    rng = np.random.default_rng(seed)
    ties = rng.random((2, len(shown)))
    pixels = dataset.shapes[shown].astype(np.float64).prod(axis=1)
    sizes = np.array([np.median(areas[i]) for i in shown]) / pixels
    by_size = np.lexsort((ties[0], sizes))
    places = np.empty(len(shown))
    places[by_size] = (np.arange(len(shown)) + 0.5) / len(shown)
    by_count = np.lexsort((ties[1], [len(areas[i]) for i in shown]))
    wanted = (rng.permutation(n) + 0.5) / n
    groups = dataset.groups or [str(i) for i in range(len(dataset))]
    return np.sort(_drawn(shown, places, np.array_split(by_count, n), wanted, groups))


def _drawn(
    shown: NDArray, places: NDArray, parts: list[NDArray], wanted: NDArray, groups: list[str]
) -> NDArray[np.int64]:
    """Take from each part the image nearest to the wanted size, of a new group if one is left."""
    taken: list[int] = []
    used: set[str] = set()
    for part, place in zip(parts, wanted, strict=True):
        fresh = [k for k in part.tolist() if groups[shown[k]] not in used]
        chosen = min(fresh or part.tolist(), key=lambda k: abs(places[k] - place))
        taken.append(int(shown[chosen]))
        used.add(groups[shown[chosen]])
    return np.array(taken, dtype=np.int64)


def image_table(
    dataset: LabelledDataset | str | Path,
    n_images: int = 8,
    *,
    class_name: str | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Build the image table of a labelled data set: one row of its typical images.

    Parameters
    ----------
    dataset : LabelledDataset, or path of one
    n_images : int, default=8
    class_name : str, optional
        Shows the objects of one class only.
    seed : int, default=0
        Seed of the choice; see `typical_images`.

    Returns
    -------
    X : DataFrame of one row
        ``image_1 …`` are paths, ``mask_1 …`` arrays of instance ids, a box being the mask of
        its rectangle, and ``labels`` is "boxes", "masks" or "mixed". The row is named after
        the data set.

    Raises
    ------
    DatasetError
        If the data set cannot be read, or shows no such object.
    """
    if not isinstance(dataset, LabelledDataset):
        dataset = open_dataset(dataset)
    chosen = typical_images(dataset, n_images, seed=seed, class_name=class_name)
    return table_of(dataset, chosen.tolist(), class_name)


def table_of(
    dataset: LabelledDataset, indices: Sequence[int], class_name: str | None = None
) -> pd.DataFrame:
    """Build the image table of some images of a data set; see `image_table`."""
    masks = [_compact(dataset.instances(i, class_name)) for i in indices]
    X = one_row([str(dataset.paths[i]) for i in indices], masks)
    kind = kind_of(np.concatenate([dataset.is_box(i, class_name) for i in indices]))
    X["labels"] = kind or None
    X.index = pd.Index([dataset.root.resolve().stem or "dataset"])
    return X


def as_table(X: Any) -> Any:
    """Give the image table of a data set or of its path; anything else as it is.

    Parameters
    ----------
    X : LabelledDataset, str, Path, or what an estimator takes
    """
    return image_table(X) if isinstance(X, LabelledDataset | str | Path) else X


def _compact(mask: NDArray[np.int32]) -> NDArray[np.unsignedinteger]:
    """Hold a mask in as few bytes as its ids need."""
    return mask.astype(np.min_scalar_type(int(mask.max(initial=0))))
