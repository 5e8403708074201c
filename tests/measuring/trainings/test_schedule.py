from __future__ import annotations

import subprocess
import sys

import pytest

from ptssp_sklearn.measuring.trainings.schedule import Known, Rules, Task, plan, training_sizes


def curve(*scores: float) -> dict[int, Known]:
    return {2 ** (i + 1): Known("done", score) for i, score in enumerate(scores)}


def test_schedules():
    assert training_sizes("log", 256) == [2, 4, 8, 16, 32, 64, 128, 256]
    assert training_sizes("log", 255)[-1] == 128
    assert training_sizes("fibonacci", 60) == [2, 3, 5, 8, 13, 21, 34, 55]
    assert training_sizes("8,2,4,2", 0) == [2, 4, 8]


@pytest.mark.parametrize("text", ["", "2,x", "0,2", "linear", "-2"])
def test_bad_sizes_are_refused(text):
    with pytest.raises(ValueError, match="expected log, fibonacci or numbers"):
        training_sizes(text, 256)
    with pytest.raises(ValueError, match="expected at least 2"):
        training_sizes("log", 1)


def test_plans_go_dataset_by_dataset_small_sizes_first():
    tasks = plan("b", "l", ["x", "y"], [2, 8], 2)
    assert [(t.dataset, t.size, t.repeat, t.before) for t in tasks] == [
        ("x", 2, 0, None), ("x", 2, 1, None), ("x", 8, 0, 2), ("x", 8, 1, 2),
        ("y", 2, 0, None), ("y", 2, 1, None), ("y", 8, 0, 2), ("y", 8, 1, 2),
    ]  # fmt: skip


def test_seeds_differ_by_task_and_hold_in_another_process():
    tasks = plan("b", "l", ["x", "y"], [2, 4], 2)
    seeds = [task.seed(0) for task in tasks] + [tasks[0].seed(1)]
    assert len(set(seeds)) == 9
    assert all(0 <= seed < 2**31 for seed in seeds)
    code = (
        "from ptssp_sklearn.measuring.trainings.schedule import *;"
        "print(plan('b', 'l', ['x'], [2], 1)[0].seed(0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == seeds[0]
    other_learner = Task("b", "m", "x", 2, 0)
    assert other_learner.seed(0) == seeds[0]


def test_independent_sizes_wait_for_nothing():
    assert Rules().judge(Task("b", "l", "x", 8, 0, 4), {}).status == "start"


@pytest.mark.parametrize("rules", [Rules(incremental=True), Rules(stop_flat=2)])
def test_dependent_sizes_wait_for_the_one_before(rules):
    task = Task("b", "l", "x", 8, 0, 4)
    assert rules.judge(task, {2: Known("done", 0.1)}).status == "wait"
    assert rules.judge(task, curve(0.1, 0.3)).status == "start"
    assert rules.judge(Task("b", "l", "x", 2, 0), {}).status == "start"


def test_an_incremental_curve_ends_with_a_failure():
    failed = {4: Known("failed")}
    task = Task("b", "l", "x", 8, 0, 4)
    assert Rules(incremental=True).judge(task, failed).status == "failed"
    assert Rules(stop_flat=1).judge(task, failed).status == "start"


def test_a_curve_is_flat_after_k_sizes_without_a_change():
    task = Task("b", "l", "x", 32, 0, 16)
    rules = Rules(stop_flat=2)
    assert rules.judge(task, curve(0.2, 0.50, 0.502, 0.504)).status == "flat"
    assert rules.judge(task, curve(0.2, 0.50, 0.502, 0.506)).status == "start"
    assert rules.judge(task, curve(0.2, 0.49, 0.502, 0.504)).status == "start"
    assert Rules(stop_flat=4).judge(task, curve(0.5, 0.5, 0.5, 0.5)).status == "start"


def test_a_curve_still_on_the_ground_is_not_flat():
    task = Task("b", "l", "x", 32, 0, 16)
    assert Rules(stop_flat=2).judge(task, curve(0, 0.001, 0, 0.002)).status == "start"


def test_what_follows_a_flat_point_is_flat():
    known = {**curve(0.5, 0.5, 0.5), 16: Known("flat")}
    task = Task("b", "l", "x", 32, 0, 16)
    assert Rules(stop_flat=2).judge(task, known).status == "flat"
