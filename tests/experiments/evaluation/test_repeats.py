"""The floor set by noise: trainings answer for each other."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from experiments.evaluation import repeats
from experiments.evaluation.context import Context
from experiments.evaluation.repeats import LIMITS, ORACLES, measure_repeats, read_repeats, show
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from ptssp_sklearn.measuring.trainings.schedule import Task
from ptssp_sklearn.measuring.trainings.store import Outcome, Store

SIZES = np.array([2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0])


def trainings(noise: float, n_datasets: int = 40, n_repeats: int = 4) -> np.ndarray:
    rng = np.random.default_rng(0)
    half = np.exp(rng.uniform(1.5, 4.5, n_datasets))
    params = np.column_stack([np.full(n_datasets, 0.05), np.full(n_datasets, 1.2), half, half])
    params[:, 3] = 0.8
    true = sigmoid_curve(SIZES, params)[:, None]
    return np.clip(true + noise * rng.normal(size=(n_datasets, n_repeats, 8)), 0, 1)


@cache
def measured(noise: float, n_datasets: int = 40):
    return measure_repeats(SIZES, trainings(noise, n_datasets))


def test_the_spread_is_that_of_the_noise():
    spread = measured(0.05)["spread"].spread
    assert spread.to_numpy() == pytest.approx(0.05, abs=0.012)


def test_more_trainings_foretell_better():
    scores = measured(0.05)["scores"]
    for _, rows in scores.groupby("beyond"):
        error = rows.set_index("answer").mae
        assert error["mean of the others"] < error["one other training"]
        assert error["4PL through the mean of the others"] < error["one other training"]
    assert len(scores) == len(LIMITS) * len(ORACLES)


def test_without_noise_there_is_no_floor():
    scores = measured(0.0, 10)["scores"]
    assert scores.mae.max() < 1e-3
    assert scores.within_2x.min() == 1.0
    assert "0.000" in show(measured(0.0, 10)).text


def stored(folder, n_repeats: int, sizes=(2, 4, 8), n_datasets: int = 3):
    path = folder / "measurements.sqlite"
    store = Store(path)
    for dataset in range(n_datasets):
        for repeat in range(n_repeats if dataset else 1):
            for size in sizes:
                task = Task("bank", "unet", f"d{dataset}", size, repeat)
                scores = {"map50_95": 0.1 * dataset + 0.1 * np.log(size) + 0.001 * repeat}
                store.write(Outcome(task, "done", 0, scores))
    return path


def test_datasets_trained_once_are_left_out(tmp_path):
    sizes, scores = read_repeats(stored(tmp_path, 3), "bank", "unet")
    assert sizes.tolist() == [2, 4, 8]
    assert scores.shape == (2, 3, 3)
    assert scores[0, 2, 1] == pytest.approx(0.102 + 0.1 * np.log(4))


def test_a_store_without_repeats_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(repeats, "STORE", stored(tmp_path, 1))
    monkeypatch.setattr(repeats, "BANK", "bank")
    monkeypatch.setattr(repeats, "LEARNER", "unet")
    assert "--repeats 4" in show(repeats.measure(Context(load=dict))).text
