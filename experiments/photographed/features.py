"""Features of draws of labelled images: what a user would give of each data set."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from experiments.datasets.photographs import photograph_files
from experiments.fine_tuned.training import BACKBONE
from ptssp_sklearn import ImageEmbedder
from ptssp_sklearn.datasets import open_dataset
from ptssp_sklearn.datasets.typical import image_table

N_IMAGES = (1, 2, 4, 8)


def embed_draws(data: Path, out: Path, *, seeds: int, jobs: int) -> pd.DataFrame:
    """Embed draws of the training images of every data set, and store them.

    Parameters
    ----------
    data : Path
        Folder of the data sets' zips.
    out : Path
        Archive of arrays; see `read_draws`.
    seeds : int
        Draws of each number of images and kind of labels.
    jobs : int
        Processes.

    Returns
    -------
    draws : DataFrame

    Raises
    ------
    ValueError
        If there is no zip in the folder.
    """
    parts = Parallel(jobs)(delayed(_embed)(file, seeds) for file in photograph_files(data))
    draws = pd.concat([part for part, _ in parts], ignore_index=True)
    vectors = np.concatenate([vectors for _, vectors in parts])
    names = ImageEmbedder(BACKBONE).fit(np.zeros((1, 1, 8, 8, 3), np.uint8)).get_feature_names_out()
    kept = {name: draws[name].to_numpy() for name in draws.columns}
    texts = {name: values.astype(str) for name, values in kept.items() if values.dtype == object}
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        out, features=vectors.astype(np.float32), names=names.astype(str), **kept | texts
    )
    return draws


def read_draws(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read what `embed_draws` stored.

    Returns
    -------
    features : DataFrame of shape (n_draws, n_features)
        The index names the data sets.
    draws : DataFrame
        Columns dataset, n_images, labels and seed, a row a draw.
    """
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    vectors, names = arrays.pop("features"), arrays.pop("names")
    draws = pd.DataFrame(arrays)
    return pd.DataFrame(vectors, index=draws["dataset"].to_numpy(), columns=names), draws


def _embed(file: Path, seeds: int) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    embedder = ImageEmbedder(BACKBONE, missing="nan", cache_dir=False, progress=False)
    rows, vectors = [], []
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
        for row, X in _draws(Path(folder) / file.stem, seeds):
            rows.append({"dataset": file.stem, **row})
            vectors.append(embedder.fit_transform(X)[0])
    return pd.DataFrame(rows), np.array(vectors)


def _draws(folder: Path, seeds: int) -> Iterator[tuple[dict[str, object], pd.DataFrame]]:
    """Give image tables: as labelled, polygons as boxes too, and once without labels."""
    dataset = open_dataset(folder)
    for n in N_IMAGES:
        for seed in range(seeds):
            X = image_table(dataset, n, seed=seed)
            given = X["labels"].iloc[0]
            yield {"n_images": n, "labels": given, "seed": seed}, X
            if given != "boxes":
                yield {"n_images": n, "labels": "boxes", "seed": seed}, _as_boxes(X)
            if not seed:
                bare = X.drop(columns=X.columns[~X.columns.str.startswith("image_")])
                yield {"n_images": n, "labels": "none", "seed": seed}, bare


def _as_boxes(X: pd.DataFrame) -> pd.DataFrame:
    """Fill the box about each object; later ones lie on top, as where boxes are labelled."""
    boxed = X.copy()
    for name in X.columns[X.columns.str.startswith("mask_")]:
        boxed[name] = pd.Series([_filled(X[name].iloc[0])], index=X.index, dtype=object)
    return boxed


def _filled(mask: NDArray[np.integer]) -> NDArray[np.integer]:
    boxes = np.zeros_like(mask)
    for number in np.unique(mask[mask > 0]):
        rows, columns = np.nonzero(mask == number)
        boxes[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = number
    return boxes
