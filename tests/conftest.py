from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.utils import Bunch

from ptssp_sklearn import load_curve_bank
from tests.shared import copy_store, make_empty_store, once

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def bank() -> Bunch:
    return load_curve_bank("procedural")


@pytest.fixture
def small(bank: Bunch) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Twelve domains with two images and masks each."""
    columns = ["image_1", "image_2", "mask_1", "mask_2"]
    return bank.X[columns].iloc[:12], bank.y.iloc[:12], bank.groups[:12]


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], str]:
    """Give a function that puts an empty MLflow store at a path and gives its tracking URI."""
    empty = once(tmp_path_factory, "empty_store", make_empty_store)
    return lambda target: copy_store(empty, target)
