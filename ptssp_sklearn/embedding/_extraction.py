"""Features of the images of many rows: what the cache knows is not computed again.

Images are read, decoded and prepared in threads, a little ahead of what computes their
features; see `ptssp_sklearn.embedding._batches`.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from joblib import effective_n_jobs

from ptssp_sklearn._typing import Array
from ptssp_sklearn.embedding._batches import Computed, Task, in_batches, in_processes
from ptssp_sklearn.embedding.backbone import Backbone
from ptssp_sklearn.images.cache import FeatureCache, cache_key, pack, unpack
from ptssp_sklearn.images.lazy_image import Source, row_sources, say_remarks
from ptssp_sklearn.images.table import ImageRow

Units = list[list[Source]]
Work = Callable[[list[Source]], Task]

_MOST_THREADS = 8
_MOST_AT_ONCE = 4
_IN_TURN = 32


@dataclass(frozen=True)
class RowFeatures:
    """Features of one row before pooling.

    Parameters
    ----------
    images : ndarray of shape (n_images, n_features)
        Those of each image, then those of its mask.
    together : ndarray of shape (n_row_features,)
        Features of all annotated images.
    n_masks : int
    """

    images: Array
    together: Array
    n_masks: int


class FeatureExtractor:
    """Look up or compute the features of rows.

    Parameters
    ----------
    backbone : Backbone
    cache : FeatureCache or None
    max_pixels : int
        Largest image that is decoded.
    n_jobs : int, optional
        Processes, for an extractor with features of whole rows.
    """

    def __init__(
        self,
        backbone: Backbone,
        cache: FeatureCache | None,
        max_pixels: int,
        n_jobs: int | None = None,
    ) -> None:
        self.backbone = backbone
        self.max_pixels = max_pixels
        self.n_jobs = n_jobs
        self._pixels = cache
        self._name = backbone.fingerprint()
        self._features = cache if self._name is not None else None
        self._name = self._name or uuid.uuid4().hex
        self._values: dict[str, Array] = {}
        self._unsaved: deque[Computed] = deque()
        self._claimed: set[str] = set()
        self._lock = threading.Lock()

    def extract(
        self, rows: list[ImageRow], advance: Callable[[int], None] = lambda done: None
    ) -> list[RowFeatures]:
        """Give the features of rows, and say after each piece how many images are done.

        Parameters
        ----------
        rows : list of ImageRow
        advance : callable
            Takes the number of images done since it was called last.

        Returns
        -------
        features : list of RowFeatures
            NaN where an image has no mask or a feature is not defined.
        """
        whole = bool(self.backbone.row_names)
        sources = [row_sources(row, self.max_pixels, self._pixels) for row in rows]
        units = sources if whole else [[one] for row in sources for one in row]
        n_threads = min(_MOST_THREADS, os.cpu_count() or 1)
        at_once = 1 if whole else min(_MOST_AT_ONCE, 1 + len(units) // (8 * n_threads))
        if self.backbone.in_turn:
            handed_on, ahead = _in_turn, _IN_TURN * n_threads
        else:
            taken = effective_n_jobs(self.n_jobs) if whole else self.backbone.batch_size
            handed_on, ahead = _beside, 2 * taken
        pool = ThreadPoolExecutor(n_threads, thread_name_prefix="decode")
        in_threads = partial(handed_on, pool, ahead=ahead, at_once=at_once)
        tasks: list[Task] = []
        try:
            found = _remember(_known_first(self._inspect, units, in_threads), tasks)
            pieces = (
                in_processes(self.backbone, found, self.n_jobs)
                if whole
                else in_batches(self.backbone, found)
            )
            for computed, n_images in pieces:
                self._values.update(computed)
                self._unsaved.append(computed)
                advance(n_images)
        finally:
            pool.shutdown(cancel_futures=True)
            self._save()
        say_remarks([source for row in sources for source in row])
        return self._assemble(tasks, [len(row) for row in sources])

    def _inspect(self, unit: list[Source]) -> Task:
        """Name the features of a unit's images; prepare those whose features are not known."""
        self._save()
        for source in unit:
            source.identify()
        image_keys = [self._key("image", s.pixels) for s in unit]
        mask_keys = [self._key("mask", s.pixels, s.objects) if s.objects else None for s in unit]
        annotated = [s for s in unit if s.objects]
        row_key = None
        if annotated and self.backbone.row_names:
            parts = [part for s in annotated for part in (s.pixels, s.objects or b"")]
            row_key = self._key("row", *parts)
        wanted = self._claim({key for key in (*image_keys, *mask_keys, row_key) if key})
        together = row_key in wanted
        prepared: list[tuple[Any, Any | None] | None] = []
        for source, image_key, mask_key in zip(unit, image_keys, mask_keys, strict=True):
            needed = image_key in wanted or mask_key in wanted or (together and mask_key)
            prepared.append(self._prepare(source) if needed else None)
            source.release()
        return Task(image_keys, mask_keys, row_key, prepared, wanted)

    def _save(self) -> None:
        """Store what was computed since: beside the decoding, whose threads wait at times."""
        while self._features is not None:
            try:
                computed = self._unsaved.popleft()
            except IndexError:
                return
            for key, value in computed:
                self._features.put(key, pack(value))

    def _prepare(self, source: Source) -> tuple[Any, Any | None]:
        mask = source.load_mask() if source.objects else None
        return self.backbone.prepare(source.load_image(), mask)

    def _key(self, kind: str, *digests: bytes) -> str:
        return cache_key(kind, self._name or "", *digests)

    def _claim(self, keys: set[str]) -> frozenset[str]:
        """Tell which features have to be computed by who asks: not those asked for before.

        All features of a unit fall to one thread, so that no other prepares its images too.
        """
        with self._lock:
            asked = keys - self._claimed
            self._claimed |= asked
        if self._features is None:
            return frozenset(asked)
        known = {key: data for key in asked if (data := self._features.get(key)) is not None}
        self._values.update((key, unpack(data)) for key, data in known.items())
        return frozenset(asked - known.keys())

    def _assemble(self, tasks: list[Task], lengths: list[int]) -> list[RowFeatures]:
        undefined = np.full(len(self.backbone.mask_names), np.nan)
        apart = np.full(len(self.backbone.row_names), np.nan)
        pairs = iter([p for t in tasks for p in zip(t.image_keys, t.mask_keys, strict=True)])
        row_keys = [t.row_key for t in tasks] if self.backbone.row_names else [None] * len(lengths)
        answer = []
        for length, row_key in zip(lengths, row_keys, strict=True):
            keys = list(islice(pairs, length))
            images = [
                np.concatenate([self._values[image], self._values[mask] if mask else undefined])
                for image, mask in keys
            ]
            together = self._values[row_key] if row_key else apart
            n_masks = sum(mask is not None for _, mask in keys)
            answer.append(
                RowFeatures(np.array(images), together if together.size else apart, n_masks)
            )
        return answer


def _known_first(
    work: Work, units: Units, in_threads: Callable[[Work, Units], Iterator[Task]]
) -> Iterator[Task]:
    """Do work in the calling thread until something is to compute: threads slow look-ups."""
    for place, unit in enumerate(units, start=1):
        task = work(unit)
        yield task
        if task.wanted:
            yield from in_threads(work, units[place:])
            return


def _beside(
    pool: ThreadPoolExecutor, work: Work, units: Units, ahead: int, at_once: int
) -> Iterator[Task]:
    """Do work in threads, in order, at most so many units ahead of who takes the results.

    A thread takes some units at once: handing over costs as much as looking one up.
    """
    waiting: deque[Future[list[Task]]] = deque()
    for start in range(0, len(units), at_once):
        waiting.append(pool.submit(_all, work, units[start : start + at_once]))
        if len(waiting) * at_once > ahead:
            yield from waiting.popleft().result()
    while waiting:
        yield from waiting.popleft().result()


def _in_turn(
    pool: ThreadPoolExecutor, work: Work, units: Units, ahead: int, at_once: int
) -> Iterator[Task]:
    """Do work in threads, in order, and none while who takes the results is at work."""
    for start in range(0, len(units), ahead):
        some = units[start : start + ahead]
        parts = [some[first : first + at_once] for first in range(0, len(some), at_once)]
        done = list(pool.map(partial(_all, work), parts))
        yield from (task for tasks in done for task in tasks)


def _all(work: Work, units: Units) -> list[Task]:
    return [work(unit) for unit in units]


def _remember(tasks: Iterable[Task], kept: list[Task]) -> Iterator[Task]:
    """Keep the keys of what goes by, without the images."""
    for task in tasks:
        kept.append(Task(task.image_keys, task.mask_keys, task.row_key))
        yield task
