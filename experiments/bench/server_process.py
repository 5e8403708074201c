"""Real server processes, for tests and for measuring latency."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "OMP_NUM_THREADS": "1",
    "PYTHONPATH": str(ROOT),
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
}
PTSSP = [sys.executable, "-c", "from ptssp_sklearn.cli import main; main()"]
MLFLOW = [sys.executable, "-m", "mlflow"]


def free_port() -> int:
    """Find a free port of the loopback."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def running(
    command: list[str], port: int, folder: Path, *, health: str = "/health", **variables: str
) -> Iterator[int]:
    """Run a server until the block ends; give its port once it is healthy."""
    with open(folder / f"server-{port}.log", "w+") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env=os.environ | QUIET | variables,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait(process, port, Path(log.name), health)
            yield port
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def _wait(process: subprocess.Popen, port: int, log: Path, health: str) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        try:
            if ask(port, None, path=health, method="GET")[0] == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the server did not come up: {log.read_text()[-2000:]}")


def ask(
    port: int,
    body: bytes | dict | None,
    *,
    path: str = "/invocations",
    method: str = "POST",
    kind: str = "application/json",
) -> tuple[int, str]:
    """Send one request on a connection of its own; give status and text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    try:
        connection.request(method, path, data, {"Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
