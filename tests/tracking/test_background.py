from __future__ import annotations

import threading

from ptssp_sklearn.tracking.background import BackgroundWriter


def test_items_arrive_in_order_in_batches_and_none_is_lost():
    batches: list[list[int]] = []
    writer = BackgroundWriter(lambda items: batches.append(list(items)), most=4)
    for item in range(10):
        writer.put(item)
    assert writer.close(10.0) == 0
    assert [item for batch in batches for item in batch] == list(range(10))
    assert max(map(len, batches)) <= 4


def test_what_cannot_be_written_is_counted_with_its_reason():
    def refuse(items):
        if 1 in items:
            raise OSError("disk\nfull")

    writer = BackgroundWriter(refuse)
    for item in range(3):
        writer.put(item)
    assert writer.close(10.0) == 1
    assert writer.reason == "disk full"


def test_a_store_that_does_not_answer_holds_nobody_back():
    free = threading.Event()
    writer = BackgroundWriter(lambda items: free.wait(30.0))
    for item in range(5):
        writer.put(item)
    assert writer.close(1.0) == 5
    free.set()


def test_nothing_written_starts_no_thread():
    before = threading.active_count()
    assert BackgroundWriter(print).close(1.0) == 0
    assert threading.active_count() == before
