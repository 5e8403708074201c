from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ptssp_sklearn.measuring.trainings import leases as leases_module
from ptssp_sklearn.measuring.trainings.database import StoreError
from ptssp_sklearn.measuring.trainings.leases import Leases
from ptssp_sklearn.measuring.trainings.schedule import Rules, Task, plan
from ptssp_sklearn.measuring.trainings.store import Outcome, Store

TASKS = plan("b", "l", ["x", "y"], [2, 4, 8], 1)
SCORES = {"map50_95": 0.25, "map50": 0.5, "map75": 0.125, "classes": {"a": {"map50": 0.5}}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "m.sqlite"


@pytest.fixture
def store(path):
    store = Store(path, code="1.2")
    yield store
    store.close()


def done(task: Task, **more) -> Outcome:
    return Outcome(task, "done", 7, SCORES, 1.5, **more)


def test_points_are_kept_whole(store, path):
    assert store.write(done(TASKS[0]))
    assert store.write(Outcome(TASKS[1], "failed", 8, reason="ValueError: no"))
    store.close()
    again = Store(path)
    first, second = again.points("b").to_dict("records")
    again.close()
    assert (first["map50_95"], first["map75"], first["seconds"]) == (0.25, 0.125, 1.5)
    assert json.loads(first["classes"]) == SCORES["classes"]
    assert (first["seed"], first["code"], first["status"]) == (7, "1.2", "done")
    assert (second["status"], second["reason"]) == ("failed", "ValueError: no")
    assert first["finished"].startswith("20")


def test_a_point_is_written_once(store):
    assert store.write(done(TASKS[0]))
    assert not store.write(Outcome(TASKS[0], "failed", 9))
    assert store.points().status.tolist() == ["done"]


def test_what_is_measured_must_stay_the_same(store):
    records = [{"name": "x", "kind": "k", "seed": 1}]
    store.register("b", "l", {"steps": 2}, records)
    store.register("b", "l", {"steps": 2}, records)
    store.register("b", "m", {"steps": 3}, records)
    assert store.records("b") == records
    with pytest.raises(
        StoreError, match=r"Got steps=9, but .*begun with steps=2\..*another folder"
    ):
        store.register("b", "l", {"steps": 9}, records)
    with pytest.raises(StoreError, match=r"the data set 'x', but .*holds another"):
        store.register("b", "l", {"steps": 2}, [{**records[0], "seed": 2}])


def test_a_bank_may_move_to_another_machine(store):
    store.register("b", "l", {}, [{"name": "x", "cutouts": "/home/me/art"}])
    store.register("b", "l", {}, [{"name": "x", "cutouts": "/mnt/art"}])
    assert store.records("b") == [{"name": "x", "cutouts": "/mnt/art"}]
    with pytest.raises(StoreError, match="holds another"):
        store.register("b", "l", {}, [{"name": "x", "cutouts": "/mnt/other"}])


def test_claims_are_exclusive_and_given_back(store, path):
    other = Store(path)
    with Leases(store, Rules()) as mine, Leases(other, Rules()) as theirs:
        first, _ = mine.claim(TASKS, 2)
        second, _ = theirs.claim(TASKS, 2)
        assert first == TASKS[:2]
        assert second == TASKS[2:4]
        assert (mine.others(TASKS), theirs.others(TASKS)) == (2, 2)
        store.write(done(first[0]))
        mine.release(first[1:])
        assert theirs.claim(TASKS, 1) == ([TASKS[1]], [TASKS[0]])
    with Leases(store, Rules()) as mine:
        assert mine.others(TASKS) == 0
    other.close()


def test_threads_and_connections_never_claim_a_task_twice(path):
    tasks = plan("b", "l", [str(i) for i in range(60)], [2], 1)
    got: list[Task] = []

    def take() -> None:
        store = Store(path)
        with Leases(store, Rules()) as leases:
            while claimed := leases.claim(tasks, 3)[0]:
                got.extend(claimed)
                for task in claimed:
                    assert store.write(done(task))
        store.close()

    Store(path).close()
    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(t.key for t in got) == sorted(t.key for t in tasks)


def test_leases_of_a_dead_process_are_free_at_once(store, path):
    code = (
        "import os, sys; from pathlib import Path;"
        "from ptssp_sklearn.measuring.trainings.leases import *;"
        "from tests.measuring.trainings.test_store import TASKS;"
        "l = Leases(Store(Path(sys.argv[1])), Rules()).__enter__();"
        "print(len(l.claim(TASKS, 4)[0]), flush=True); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    assert (killed.returncode, killed.stdout.strip()) == (-9, "4")
    with Leases(store, Rules()) as leases:
        assert leases.claim(TASKS, 9)[0] == TASKS


def test_leases_of_another_host_are_free_once_expired(store, monkeypatch):
    with Leases(store, Rules()) as mine:
        stranger = json.dumps({"host": "elsewhere", "pid": 1, "since": "", "token": "t"})
        for task, expires in [(TASKS[0], 1e12), (TASKS[1], 0.0)]:
            with store.transaction() as db:
                row = (*task.key, stranger, expires)
                db.execute("INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        assert mine.claim(TASKS[:2], 2)[0] == [TASKS[1]]
        assert mine.others(TASKS) == 1


def test_a_reused_process_id_does_not_keep_a_lease(store):
    with Leases(store, Rules()) as mine:
        owner = {**json.loads(mine.owner), "since": "before", "token": "t"}
        with store.transaction() as db:
            row = (*TASKS[0].key, json.dumps(owner), 1e12)
            db.execute("INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        assert mine.claim(TASKS[:1], 1)[0] == TASKS[:1]


def test_heartbeats_renew_leases(store, monkeypatch):
    monkeypatch.setattr(leases_module, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(leases_module, "LEASE_SECONDS", 0.6)
    with Leases(store, Rules()) as mine:
        mine.claim(TASKS, 2)
        threading.Event().wait(1)
        with Leases(store, Rules()) as others:
            assert len(others.claim(TASKS, 9)[0]) == 4


def test_flat_points_are_recorded_in_the_claim(store):
    for task in TASKS[:2]:
        store.write(done(task))
    with Leases(store, Rules(stop_flat=1)) as leases:
        claimed, finished = leases.claim(TASKS, 1)
    assert claimed == [TASKS[3]]
    assert finished == TASKS[:3]
    assert store.points().query("size == 8").reason.tolist() == ["the curve is flat up to size 4"]
    store.reopen(TASKS, ["flat"])
    assert len(store.points()) == 2


def test_weights_are_kept_for_the_next_size_only(store):
    store.write(done(TASKS[0], weights=b"two"))
    assert store.weights(TASKS[1]) == b"two"
    store.write(done(TASKS[1], weights=b"four"))
    assert store.weights(TASKS[1]) is None
    assert store.weights(TASKS[2]) == b"four"


def test_files_of_something_else_are_refused(tmp_path):
    text = tmp_path / "text.sqlite"
    text.write_text("no database at all " * 100)
    with pytest.raises(StoreError, match=r"corrupt or no SQLite file.*move it away"):
        Store(text)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE letters (text)")
    db.close()
    with pytest.raises(StoreError, match="SQLite file of something else"):
        Store(other)


def test_newer_stores_are_refused(store, path):
    with store.transaction() as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="schema version 99, but this code knows 2"):
        Store(path)


def test_corrupt_stores_are_refused(store, path):
    for task in plan("b", "l", [str(i) for i in range(400)], [2], 1):
        store.write(done(task))
    store.close()
    content = bytearray(path.read_bytes())
    content[8192:16384] = b"\x55" * 8192
    path.write_bytes(content)
    with pytest.raises(StoreError, match="corrupt"):
        Store(path)


def test_a_full_disk_is_told_and_loses_nothing(store, path):
    store.write(done(TASKS[0]))
    pages = store.db.execute("PRAGMA page_count").fetchone()[0]
    store.db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match=r"disk is full\. What was measured before is safe"):
        store.write(done(TASKS[1], weights=bytes(100_000)))
    store.db.execute("PRAGMA max_page_count = 100000")
    assert store.write(done(TASKS[1]))
    assert len(store.points()) == 2


def test_folders_that_cannot_be_written_are_told():
    with pytest.raises(StoreError, match="Give a folder that can be written as --out"):
        Store(Path("/proc/nowhere/m.sqlite"))
