"""Runs a study: every fraction and seed that is not measured yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from experiments.bench.page import machine
from experiments.studies.results import FOLDER, Result, ResultStore
from experiments.studies.study import Examples, Setup, Study, count
from experiments.studies.subsets import nested_order, part_sizes

FRACTIONS = (0.1, 0.5, 1.0)
_PACKAGES = ("torch", "scikit-learn", "skorch")


def set_up(study: Study, data_root: Path | None) -> tuple[Setup, Examples]:
    """Give setup and data: those of the documents with a folder, else what stands in."""
    if data_root is None:
        return study.stand_in, study.stand_in.load()
    return study.full, study.full.load(data_root)


def run_study(
    study: Study,
    *,
    data_root: Path | None = None,
    fractions: Sequence[float] = FRACTIONS,
    seeds: Sequence[int] = (0,),
    device: str = "auto",
    folder: Path = FOLDER,
    done: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Train at every fraction with every seed and store each result at once.

    The parts of the training examples are stratified and nest; the test set is one. A result
    that is stored for the same data and settings is not measured again.

    Parameters
    ----------
    study : Study
    data_root : path, optional
        Folder of the data set; by default the data that stand in are used.
    fractions : sequence of float
        Parts of the training examples, in (0, 1].
    seeds : sequence of int
        Each draws its own parts and its own network.
    device : str
        "auto" for a GPU where there is one.
    folder : path
        Where results are stored.
    done : callable
        Told every result that was measured now.

    Returns
    -------
    results : list of Result
        Of all fractions and seeds asked for, sorted by seed and size.
    """
    setup, data = set_up(study, data_root)
    sizes = part_sizes(count(data.train), fractions)
    store, settings = ResultStore(study.name, folder), setup.settings()
    known = {r.key: r for r in store.read()}
    wanted = []
    for seed in seeds:
        order = nested_order(data.strata, seed)
        for fraction, size in sizes.items():
            blank = Result(data.name, settings, fraction, size, seed, {}, 0, 0.0)
            result = known.get(blank.key)
            if result is None or result.size != size:
                outcome = setup.learner.train(
                    data, order[:size], setup.recipe, seed=seed, device=chosen_device(device)
                )
                result = replace(blank, **rounded(asdict(outcome)), machine=machine(*_PACKAGES))
                store.add(result)
                done(result)
            wanted.append(result)
    return wanted


def chosen_device(device: str) -> str:
    """Give a GPU where there is one and "auto" is asked for.

    Raises
    ------
    ValueError
        If torch knows no such device.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return str(torch.device(device))
    except RuntimeError as error:
        raise ValueError(f"Got the device {device!r}, expected auto, cpu or cuda.") from error


def rounded(value: Any) -> Any:
    """Round the numbers in what was measured to five decimals."""
    if isinstance(value, float):
        return round(value, 5)
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list) else value
