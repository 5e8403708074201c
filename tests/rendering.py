"""What the tests of rendered datasets share: digests and the promises of a sample."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from experiments.datasets import make_dataset
from ptssp_sklearn.measuring.learner import Dataset

ROOT = Path(__file__).resolve().parents[1]


def digest(records: list[dict[str, Any]], *, images: bool = True) -> str:
    """Hash the first training and test images of some records, their masks and classes."""
    total = hashlib.sha256()
    for record in records:
        dataset = make_dataset(record)
        for sample in [*dataset.train(3), *dataset.train(2, repeat=1), *dataset.test()[:3]]:
            for array in (*([sample.image] if images else []), sample.mask, sample.classes):
                total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()[:16]


def digest_elsewhere(records: list[dict[str, Any]]) -> str:
    """Hash in a process of its own, the records sent as JSON."""
    code = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); "
        "from tests.rendering import digest; print(digest(json.load(sys.stdin)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)],
        input=json.dumps(records), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def check_invariants(dataset: Dataset, size: int) -> None:
    """Assert what the docstring of a sample promises."""
    for sample in dataset.train(size):
        assert sample.image.dtype == np.uint8
        assert sample.image.shape == (*sample.mask.shape, 3)
        assert sample.mask.dtype == np.int32
        assert sample.classes.dtype == np.int64
        ids, areas = np.unique(sample.mask[sample.mask > 0], return_counts=True)
        assert ids.tolist() == list(range(1, len(sample.classes) + 1))
        assert areas.min(initial=8) >= 8
        assert set(sample.classes.tolist()) <= set(range(len(dataset.class_names)))
