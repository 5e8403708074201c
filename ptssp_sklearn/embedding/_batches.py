"""Features computed: in full batches across rows, or in processes, one row at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from ptssp_sklearn._typing import Array
from ptssp_sklearn.embedding.backbone import Backbone

Computed = list[tuple[str, Array]]
"""Features with their keys."""


@dataclass
class Task:
    """Images on their way: the keys of their features, and what is still to compute.

    Parameters
    ----------
    image_keys, mask_keys : list of str, one an image
        None where there is no mask.
    row_key : str or None
        Key of the features of all annotated images.
    prepared : list of (image, mask) or None
        As the extractor takes them; None for an image that is not needed.
    wanted : frozenset of str
        Keys of what is to be computed.
    """

    image_keys: list[str]
    mask_keys: list[str | None]
    row_key: str | None = None
    prepared: list[tuple[Any, Any | None] | None] | None = None
    wanted: frozenset[str] = frozenset()


def in_processes(
    backbone: Backbone, tasks: Iterable[Task], n_jobs: int | None
) -> Iterator[tuple[Computed, int]]:
    """Compute each task in a process, for an extractor with features of whole rows."""
    workers = Parallel(n_jobs=n_jobs, return_as="generator", pre_dispatch="2*n_jobs")
    yield from workers(delayed(compute)(backbone, [task]) for task in tasks)


def in_batches(backbone: Backbone, tasks: Iterable[Task]) -> Iterator[tuple[Computed, int]]:
    """Compute as many tasks at once as the extractor takes; those that want nothing pass."""
    batch: list[Task] = []
    for task in tasks:
        if task.wanted:
            batch.append(task)
        if len(batch) == backbone.batch_size:
            yield compute(backbone, batch)
            batch = []
        elif not task.wanted:
            yield [], 1
    if batch:
        yield compute(backbone, batch)


def compute(backbone: Backbone, tasks: list[Task]) -> tuple[Computed, int]:
    """Compute the wanted features of a few tasks; give them with their keys.

    Returns
    -------
    computed : list of (key, features); empty features where a row has none
    n_images : int
    """
    wanted_images: dict[str, Any] = {}
    wanted_masks: dict[str, Any] = {}
    computed: Computed = []
    for task in tasks:
        prepared = task.prepared or []
        for pair, image_key, mask_key in zip(
            prepared, task.image_keys, task.mask_keys, strict=True
        ):
            if pair is not None and image_key in task.wanted:
                wanted_images[image_key] = pair[0]
            if pair is not None and mask_key is not None and mask_key in task.wanted:
                wanted_masks[mask_key] = pair
        if task.row_key is not None and task.row_key in task.wanted:
            annotated = [pair for pair in prepared if pair is not None and pair[1] is not None]
            together = backbone.row_features(*zip(*annotated, strict=True))
            computed.append((task.row_key, np.empty(0) if together is None else together))
    if wanted_images:
        features = backbone.image_features(list(wanted_images.values()))
        computed += zip(wanted_images, features, strict=True)
    if wanted_masks:
        features = backbone.mask_features(*zip(*wanted_masks.values(), strict=True))
        computed += zip(wanted_masks, features, strict=True)
    return computed, sum(len(task.image_keys) for task in tasks)
