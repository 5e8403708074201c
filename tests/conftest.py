from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.utils import Bunch

from ptssp_sklearn import load_curve_bank
from tests.shared import copy_store, make_empty_store, once

torch.set_num_threads(1)
hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.load_profile("repeatable")

LONGEST_FIRST = (
    "experiments/studies/test_overfit.py",
    "test_docs.py",
    "tracking/test_tracking.py",
    "experiments/test_mlflow_log.py",
    "experiments/test_collect.py",
    "serving/test_server.py",
    "experiments/evaluation/test_tables.py",
    "embedding/test_embedder.py",
    "page/test_browser.py",
    "experiments/test_collect_dask.py",
    "experiments/learners/test_learners.py",
    "embedding/networks/test_networks.py",
    "experiments/studies/test_page.py",
    "tracking/test_live_losses.py",
    "page/test_app.py",
    "test_cli.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first: workers take whole files, and no long one is left for the end."""
    tests = Path(__file__).parent
    places = {tests / name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(autouse=True, scope="module")
def _objects() -> None:
    """Let collections of garbage pass over what is there: a worker's objects become millions."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Hold every test to the one thread a worker has: more of them only wait for each other."""
    yield
    assert torch.get_num_threads() == 1


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
