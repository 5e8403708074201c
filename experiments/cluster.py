"""Dask as a backend of joblib that also tells when a task is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import joblib
from dask.distributed import Client
from joblib._dask import DaskDistributedBackend


class _Backend(DaskDistributedBackend):
    """Passes on errors of Dask itself, and leaves no work to this process.

    joblib keeps an error such as KilledWorker in the future of the task but never calls
    back, so that a generator of results would wait for ever. And it works in the calling
    process as long as the cluster has but one thread.
    """

    def effective_n_jobs(self, n_jobs: int) -> int:
        return max(2, super().effective_n_jobs(n_jobs))

    def submit(self, func: Any, callback: Callable[[Any], None] | None = None) -> Future:
        def tell(done: Future) -> None:
            if callback is not None and done.exception() is not None:
                callback(done.exception())

        future: Future = super().submit(func, callback)
        future.add_done_callback(tell)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        if isinstance(out, BaseException):
            raise out
        return super().retrieve_result_callback(out)


@contextmanager
def dask_workers(address: str) -> Iterator[int]:
    """Let joblib use the cluster at an address; give the number of its workers' threads."""
    with Client(address) as client:
        backend = _Backend(client=client, wait_for_workers_timeout=60)
        with joblib.parallel_config(backend=backend):
            yield backend.effective_n_jobs(-1)
