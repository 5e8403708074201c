"""Datasets of drawn squares, for the tests of measuring."""

from __future__ import annotations

import numpy as np

from experiments.datasets.base import Sample
from tests.scenes import scene


class DrawnDataset:
    class_names = ("square",)

    def __init__(self, record):
        self.record = record
        self.name, self.group = record["name"], record["group"]
        self.n_train = record["n_train"]

    def train(self, size, repeat=0):
        order = np.random.default_rng(repeat).permutation(self.n_train)
        return [self._draw(int(number)) for number in order[:size]]

    def test(self, size=0, repeat=0):
        return [self._draw(1000 + number) for number in range(4)]

    def _draw(self, number):
        image, mask = scene(
            self.record["seed"] + number, side=32, contrast=self.record["contrast"], n_objects=2
        )
        ids = np.unique(mask[mask > 0])
        mask = np.searchsorted(np.append(0, ids), mask).astype(np.int32)
        return Sample(image, mask, np.zeros(len(ids), np.int64))


def draw_domains(n, *, seed, side, n_train=32):
    return [
        {
            "kind": "tests.drawn:DrawnDataset", "name": f"drawn-{i}", "group": f"g{i % 2}",
            "seed": 5000 * i + seed, "contrast": 20 + 10 * (i % 5), "n_train": n_train,
        }
        for i in range(n)
    ]  # fmt: skip
