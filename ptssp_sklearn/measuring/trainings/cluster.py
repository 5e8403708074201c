"""Dask as a backend of joblib that also tells when a task is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import joblib
from dask.distributed import Client, KilledWorker
from joblib._dask import DaskDistributedBackend

WAIT_SECONDS = 300


class _Backend(DaskDistributedBackend):
    """Passes on errors of Dask itself, and leaves no work to this process.

    joblib keeps an error such as KilledWorker in the future of the task but never calls
    back, so that a generator of results would wait for ever. And it works in the calling
    process as long as the cluster has but one thread.
    """

    def effective_n_jobs(self, n_jobs: int) -> int:
        ends = time.monotonic() + WAIT_SECONDS
        while not (threads := sum(self.client.ncores().values())):
            self._ask_for_a_worker(ends - time.monotonic())
        return max(2, threads)

    def _ask_for_a_worker(self, seconds: float) -> None:
        """Wait with a task, for which an adaptive cluster starts a worker.

        joblib's own has the same key each time: once its worker has died it has failed for good.
        """
        try:
            self.client.submit(int, pure=False).result(timeout=max(seconds, 0))
        except KilledWorker:
            pass
        except TimeoutError as error:
            raise ConnectionError(
                f"Got no worker from the Dask cluster in {WAIT_SECONDS} seconds. Start workers "
                "that reach its scheduler, and run the same command again."
            ) from error

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
        backend = _Backend(client=client)
        with joblib.parallel_config(backend=backend):
            yield backend.effective_n_jobs(-1)
