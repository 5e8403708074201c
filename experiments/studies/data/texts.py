"""Labelled texts: the IMDB reviews, and the docstrings of installed packages."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
from sklearn.datasets import load_files

from experiments.studies.data.arrays import Pairs
from experiments.studies.packages import need_files
from experiments.studies.study import Examples

IMDB_SOURCE = "https://ai.stanford.edu/~amaas/data/sentiment/"
_SENTIMENTS = ("neg", "pos")

LIBRARIES = {"numpy": "numpy", "scipy": "scipy", "pandas": "pandas", "scikit-learn": "sklearn"}
"""Distribution and import name of each class of `docstrings`."""

_NAMES = re.compile(r"\b(numpy|np|scipy|pandas|pd|scikit-learn|scikit|sklearn)\b", re.IGNORECASE)
_SHORTEST = 60
_TEST_SHARE = 0.25


def imdb(root: Path) -> Examples:
    """Read the reviews of ``root/aclImdb``, a text file each."""
    folder = Path(root) / "aclImdb"
    need_files("IMDB reviews", IMDB_SOURCE, *(folder / part / sentiment
               for part in ("train", "test") for sentiment in _SENTIMENTS))  # fmt: skip
    train, test = (
        load_files(str(folder / part), categories=list(_SENTIMENTS), encoding="utf-8")
        for part in ("train", "test")
    )
    pairs = [Pairs(part.data, part.target.tolist()) for part in (train, test)]
    return Examples("IMDB", pairs[0], pairs[1], train.target.astype(np.int64), _SENTIMENTS)


def docstrings(n_each: int = 800, *, seed: int = 0) -> Examples:
    """Tell which library a docstring documents, by its prose.

    The text is what comes before the first section (Parameters, Returns, …) of a docstring,
    with the names of the libraries taken out. All docstrings of one source file are on one
    side, so the test texts come from files not seen in training.

    Parameters
    ----------
    n_each : int
        Texts of each library; a quarter of the files' texts are the test set.
    seed : int
        Which files are read and which are tested.
    """
    texts: list[list[str]] = [[], []]
    labels: list[list[int]] = [[], []]
    for label, package in enumerate(LIBRARIES.values()):
        rng, found, seen = np.random.default_rng(seed), 0, set()
        files = _sources(package)
        for place in rng.permutation(len(files)):
            side = int(rng.random() < _TEST_SHARE)
            for text in _prose(files[place]):
                if found < n_each and text not in seen:
                    seen.add(text)
                    texts[side].append(text)
                    labels[side].append(label)
                    found += 1
            if found == n_each:
                break
    pairs = [Pairs(*part) for part in zip(texts, labels, strict=True)]
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    name = f"docstrings of {versions}"
    return Examples(name, pairs[0], pairs[1], np.array(labels[0], np.int64), tuple(LIBRARIES))


def _sources(package: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    files = sorted(Path(spec.origin).parent.rglob("*.py"))
    return [path for path in files if not {"tests", "_vendor", "externals"} & set(path.parts)]


def _prose(path: Path) -> Iterator[str]:
    """Give the prose of every docstring of a file that is long enough."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            whole = ast.get_docstring(node) or ""
            text = re.split(r"\n[\w ]+\n-{3,}", whole)[0]
            text = " ".join(_NAMES.sub(" ", text).split())
            if len(text) >= _SHORTEST:
                yield text
