"""The command itself, killed, stopped and shared; all trainings are real."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from experiments.collect import main
from ptssp_sklearn.measuring.trainings.store import Store

COMMAND = [sys.executable, "-m", "experiments.collect"]
BANK = ["--bank", "tests.drawn:draw_domains", "--name", "drawn", "--steps", "2"]
KEY = ["dataset", "size", "repeat"]


def arguments(out: Path, learner: str = "PixelLearner", **more) -> list[str]:
    options = {"domains": 3, "sizes": "2,4,8", "repeats": 2, "jobs": 1, **more}
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    return [*BANK, "--learner", f"tests.learners:{learner}", "--out", str(out), *flags]


def points(out: Path) -> pd.DataFrame:
    store = Store(out / "measurements.sqlite")
    table = store.points("drawn")
    store.close()
    return table


def table(out: Path) -> pd.DataFrame:
    """Keep what must not depend on when and how often the command ran."""
    return points(out).drop(columns=["learner", "seconds", "code", "finished"])


def count(out: Path) -> int:
    """Count points without waiting for anyone."""
    try:
        db = sqlite3.connect(f"file:{out}/measurements.sqlite?mode=ro", uri=True)
        try:
            return db.execute("SELECT count(*) FROM points").fetchone()[0]
        finally:
            db.close()
    except sqlite3.OperationalError:
        return 0


def wait_for(out: Path, n: int, process: subprocess.Popen) -> None:
    ends = time.monotonic() + 240
    while count(out) < n and process.poll() is None:
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> pd.DataFrame:
    """The table of an uninterrupted run."""
    out = tmp_path_factory.mktemp("reference")
    assert main(arguments(out)) == 0
    return table(out)


@pytest.fixture(autouse=True)
def signals():
    """Give pytest its signal handlers back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_every_point_is_measured_once(reference):
    assert len(reference) == 18
    assert not reference.duplicated(KEY).any()
    assert (reference.status == "done").all()
    assert reference.map50_95.between(0.05, 0.95).all()
    assert reference.seed.nunique() == 18


def test_killed_again_and_again_it_ends_with_the_same_table(tmp_path, reference):
    rng = random.Random(5)
    seen: list[pd.DataFrame] = []
    for jobs in (2, 1, 1, 2):
        process = subprocess.Popen(
            [*COMMAND, *arguments(tmp_path, "SlowLearner", jobs=jobs)], stderr=subprocess.DEVNULL
        )
        wait_for(tmp_path, count(tmp_path) + rng.randint(1, 3), process)
        time.sleep(rng.random() / 5)
        process.kill()
        process.wait()
        seen.append(points(tmp_path))
    assert 4 <= len(seen[-1]) < 18
    assert main(arguments(tmp_path, "SlowLearner")) == 0
    final = points(tmp_path)
    for before in seen:
        kept = final.merge(before[KEY], on=KEY)
        pd.testing.assert_frame_equal(kept, before.sort_values(KEY, ignore_index=True))
    pd.testing.assert_frame_equal(table(tmp_path), reference)


def test_two_processes_share_one_file(tmp_path, reference):
    note = tmp_path / "trainings"
    command = [*COMMAND, *arguments(tmp_path, "SlowLearner", set=f'note="{note}"')]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    lines = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], lines
    pd.testing.assert_frame_equal(table(tmp_path), reference)
    trainings = note.read_text().split()
    assert len(trainings) == 18
    assert set(trainings) <= {str(process.pid) for process in both}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_it_at_once_and_keeps_the_rest(tmp_path, number, code):
    process = subprocess.Popen(
        [*COMMAND, *arguments(tmp_path, "SlowLearner", jobs=2)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(tmp_path, 2, process)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, text = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Run it again to go on" in text
    assert "Traceback" not in text
    assert 2 <= count(tmp_path) < 18
    store = Store(tmp_path / "measurements.sqlite")
    assert store.db.execute("SELECT count(*) FROM claims").fetchone()[0] == 0
    store.close()


@pytest.mark.parametrize("measured", [0, 1])
def test_workers_end_with_a_killed_parent(tmp_path, measured):
    """Killed while they start (no point is measured yet), and while they train."""
    process = subprocess.Popen(
        [*COMMAND, *arguments(tmp_path, "SlowLearner", jobs=2)], stderr=subprocess.DEVNULL
    )
    while len(workers(process.pid)) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    wait_for(tmp_path, measured, process)
    left = workers(process.pid)
    process.kill()
    process.wait()
    ends = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in left):
        assert time.monotonic() < ends
        time.sleep(0.1)


def workers(pid: int) -> list[int]:
    """Give joblib's workers among the children; others come and go."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with suppress(OSError):
            if "LokyProcess" in Path(f"/proc/{child}/cmdline").read_text():
                found.append(int(child))
    return found


def test_a_failed_training_is_recorded_and_the_rest_goes_on(tmp_path, capsys):
    out = arguments(tmp_path, "FaultyLearner")
    assert main(out) == 1
    result = points(tmp_path)
    failed = result[result["size"] == 4]
    assert (failed.status == "failed").all()
    assert failed.reason.unique().tolist() == ["RuntimeError: four images are too many"]
    assert (result[result["size"] != 4].status == "done").all()
    text = capsys.readouterr().err
    assert "Failed: drawn-0 size 4 repeat 1: RuntimeError: four images are too many" in text
    assert "18/18 points, 6 failed" in text
    assert main(out) == 0
    pd.testing.assert_frame_equal(points(tmp_path), result)
    assert main([*out, "--retry-failed"]) == 1
    assert (points(tmp_path).status == "failed").sum() == 6


def test_a_worker_that_dies_does_not_end_the_run(tmp_path, capsys, reference):
    note = tmp_path / "died"
    out = arguments(tmp_path, "DeadlyLearner", jobs=2, set=f'once="{note}"')
    assert main(out) == 0
    assert note.exists()
    assert "A worker process died" in capsys.readouterr().err
    pd.testing.assert_frame_equal(table(tmp_path), reference)


def test_a_training_that_kills_its_worker_twice_has_failed(tmp_path):
    assert main(arguments(tmp_path, "DeadlyLearner", jobs=2, domains=1, repeats=1)) == 1
    result = points(tmp_path).set_index("size")
    assert result.status.to_dict() == {2: "done", 4: "failed", 8: "done"}
    assert result.reason[4] == "its worker process died 2 times"


def test_minutes_end_it_cleanly(tmp_path, capsys):
    out = arguments(tmp_path, "SlowLearner", set="seconds=0.4")
    began = time.monotonic()
    assert main([*out, "--minutes", "0.02"]) == 0
    assert time.monotonic() - began < 5
    assert 1 <= count(tmp_path) < 18
    assert f"{count(tmp_path)}/18 points" in capsys.readouterr().err


def test_stopped_flat_curves_and_their_return(tmp_path):
    out = arguments(tmp_path, repeats=1, sizes="2,4,8,16,32", steps=20)
    assert main([*out, "--stop-flat", "1"]) == 0
    result = points(tmp_path)
    assert set(result.status) == {"done", "flat"}
    assert len(result) == 15
    assert result[result.status == "flat"].map50_95.isna().all()
    assert main([*out, "--stop-flat", "1"]) == 0
    pd.testing.assert_frame_equal(points(tmp_path), result)
    assert main(out) == 0
    assert (points(tmp_path).status == "done").all()


def test_incremental_curves_go_on_from_the_size_before(tmp_path):
    out = arguments(tmp_path, "DiaryLearner", repeats=1, jobs=2, domains=2, sizes="2,4,8,16")
    assert main([*out, "--warm-start", "incremental"]) == 1
    assert points(tmp_path).empty
    store = Store(tmp_path / "measurements.sqlite")
    result = store.points("drawn-incremental")
    store.close()
    assert result.status.tolist() == ["done", "done", "failed", "failed"] * 2
    assert (result.reason[2], result.reason[3]) == (
        "RuntimeError: saw [2, 2, 4]",
        "size 8, which it starts from, failed",
    )


def test_stacked_trainings_give_the_same_table(tmp_path, reference):
    assert main(arguments(tmp_path, stack=5)) == 0
    pd.testing.assert_frame_equal(table(tmp_path), reference)
    assert main(arguments(tmp_path / "faulty", "FaultyLearner", stack=4, repeats=1)) == 1
    assert points(tmp_path / "faulty").status.tolist() == ["done", "failed", "done"] * 3


def test_more_domains_extend_a_bank(tmp_path, reference):
    assert main(arguments(tmp_path, domains=1, first=1)) == 0
    assert points(tmp_path).dataset.unique().tolist() == ["drawn-1"]
    assert main(arguments(tmp_path)) == 0
    pd.testing.assert_frame_equal(table(tmp_path), reference)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"learner": "NoLearner"}, "tests.learners has no NoLearner"),
        ({"sizes": "2,four"}, "Got the sizes '2,four'"),
        ({"sizes": "2,64"}, "Got the dataset 'drawn-0' with 32 training images, but the largest"),
        ({"first": 5, "domains": 0}, "expected a whole number from 1 on"),
        ({"bank": "procedura"}, "Got the bank 'procedura', expected procedural, cutpaste"),
        ({"bank": "cutpaste"}, "expected --cutouts DIR --backgrounds DIR"),
        ({"bank": "yolo"}, "expected --data DIR or --roboflow"),
        ({"bank": "tests.drawn:nothing"}, "which cannot be loaded"),
        ({"set": "width"}, "expected NAME=VALUE"),
        ({"set": "colour=1"}, "Got settings {'colour': 1}"),
        ({"out": Path("/proc/nothing")}, "Give a folder that can be written as --out"),
        ({"stop_flat": 0}, "got 0, expected a whole number from 1 on"),
        ({"stop_flat": "two"}, "got two, expected a whole number from 1 on"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path, capsys, change, line):
    learner, out = change.pop("learner", "PixelLearner"), change.pop("out", tmp_path)
    try:
        code = main(arguments(out, learner, **change))
    except SystemExit as end:
        code = end.code
    assert code == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert "error: " in last
    assert line in last


def test_other_settings_are_refused_in_a_bank_that_was_begun(tmp_path, capsys):
    out = arguments(tmp_path, domains=1, repeats=1)
    assert main(out) == 0
    assert main([*out, "--steps", "9"]) == 2
    assert "was begun with" in capsys.readouterr().err
    assert len(points(tmp_path)) == 3


def test_a_corrupt_store_is_one_line(tmp_path, capsys):
    (tmp_path / "measurements.sqlite").write_bytes(os.urandom(9000))
    assert main(arguments(tmp_path)) == 2
    assert "corrupt or no SQLite file" in capsys.readouterr().err


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path, reference):
    def limit() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000))

    command = [*COMMAND, *arguments(tmp_path)]
    full = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit)
    assert full.returncode == 2
    assert "What was measured before is safe" in full.stderr
    assert "Traceback" not in full.stderr
    assert 0 < count(tmp_path) < 18
    assert main(arguments(tmp_path)) == 0
    pd.testing.assert_frame_equal(table(tmp_path), reference)


def test_what_happens_to_a_point_can_be_followed(tmp_path):
    from experiments.collect import collect
    from experiments.collection.options import read_options

    heard = []
    options = read_options(arguments(tmp_path, domains=1, repeats=1))
    assert collect(options, on_point=[heard.append]) == 0
    assert [outcome.task.size for outcome in heard] == [2, 4, 8]
