"""A small fitted pipeline for the tests of tracking and serving."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from ptssp_sklearn import TrainingSizePipeline, make_training_size_pipeline
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from tests.scenes import table

SIZES = 2.0 ** np.arange(1, 8)
QUICK = {"n_networks": 2, "n_steps": 10}


def images(n_rows: int = 8) -> pd.DataFrame:
    """Draw a table of two images a row, the first two rows with masks."""
    X = table(n_rows, 2).set_axis([f"task-{i}" for i in range(n_rows)])
    X.loc[X.index[2:], ["mask_1", "mask_2"]] = None
    return X


def plain_images(n_rows: int = 8) -> pd.DataFrame:
    """Draw the same without masks, which is quicker to look at."""
    return images(n_rows)[["image_1", "image_2"]]


def curves(n_rows: int = 8, noise: float = 0.01) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    params = np.column_stack(
        [np.full(n_rows, 0.05), np.ones(n_rows), np.geomspace(4, 60, n_rows), np.full(n_rows, 0.8)]
    )
    scores = sigmoid_curve(SIZES, params) + noise * rng.normal(size=(n_rows, len(SIZES)))
    index = [f"task-{i}" for i in range(n_rows)]
    return pd.DataFrame(np.clip(scores, 0, 1), index=index, columns=SIZES)


def unfitted(**options) -> TrainingSizePipeline:
    return make_training_size_pipeline(**QUICK | options)


@cache
def fitted() -> TrainingSizePipeline:
    """Fit the pipeline once a process; it must not be changed."""
    return unfitted().fit(images(), curves())
