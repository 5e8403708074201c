"""The command on a real Dask cluster of two worker processes."""

from __future__ import annotations

import os
import signal
import subprocess

import pandas as pd
import pytest

from experiments.collect import main
from tests.experiments.test_collect import COMMAND, arguments, count, points, table, wait_for

distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes; one that dies is replaced."""
    import dask

    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "300s"}),
        distributed.LocalCluster(
            n_workers=2, processes=True, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
    ):
        yield cluster


def test_a_cluster_loses_a_worker_and_no_point(tmp_path, cluster):
    with distributed.Client(cluster) as client:
        out = arguments(tmp_path, "SlowLearner", dask=cluster.scheduler_address)
        process = subprocess.Popen([*COMMAND, *out], stderr=subprocess.PIPE, text=True)
        wait_for(tmp_path, 6, process)
        os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
        assert count(tmp_path) < 18
        _, text = process.communicate(timeout=240)
    assert process.returncode == 0, text
    assert main(arguments(tmp_path / "alone")) == 0
    pd.testing.assert_frame_equal(table(tmp_path), table(tmp_path / "alone"))


def test_a_training_that_kills_its_workers_has_failed(tmp_path, cluster, monkeypatch):
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)
    out = arguments(tmp_path, "DeadlyLearner", dask=cluster.scheduler_address, domains=1, repeats=1)
    process = subprocess.run([*COMMAND, *out], capture_output=True, text=True, timeout=400)
    assert process.returncode == 1, process.stderr
    assert points(tmp_path).status.tolist() == ["done", "failed", "done"], process.stderr


def test_a_lost_cluster_is_one_line(tmp_path):
    """Its worker is a thread of this process, which ends sooner than a process of its own."""
    with distributed.LocalCluster(
        n_workers=1,
        processes=False,
        threads_per_worker=1,
        protocol="tcp://",
        dashboard_address=":0",
    ) as cluster:
        out = arguments(tmp_path, "SlowLearner", dask=cluster.scheduler_address)
        process = subprocess.Popen([*COMMAND, *out], stderr=subprocess.PIPE, text=True)
        wait_for(tmp_path, 2, process)
    try:
        _, text = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 2
    assert "Lost the Dask cluster at tcp://" in text


def test_an_address_without_a_cluster_is_one_line(tmp_path, capsys):
    import dask

    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        assert main(arguments(tmp_path, dask="tcp://127.0.0.1:9")) == 2
    assert "error: " in capsys.readouterr().err
