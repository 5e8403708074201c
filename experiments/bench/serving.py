"""Latency of a served model, for ``docs/benchmarks.md``: ``python -m experiments.bench.serving``.

A real ``ptssp serve`` process answers requests over HTTP on the loopback, one client after the
other and eight at once.
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from experiments.bench import page
from experiments.bench.server_process import PTSSP, ask, free_port, running
from experiments.protocol.markdown import markdown_table
from ptssp_sklearn import load_curve_bank
from ptssp_sklearn.serving.handler import encode_images

CLIENTS = (1, 8)
HEAD = ("request", "clients", "requests", "median, ms", "95th percentile, ms", "a second")
KINDS = {
    "one image": (1, False),
    "four images": (4, False),
    "four images + masks": (4, True),
}


def measure(model: str = "detectors", *, requests: int = 20) -> pd.DataFrame:
    """Ask a served model, and time every request.

    Parameters
    ----------
    model : str, default="detectors"
        As of ``ptssp serve``.
    requests : int, default=20
        Of each kind and number of clients; each is of a row that was not asked about before.

    Returns
    -------
    latencies : DataFrame
        Columns kind, clients and seconds, a row a request.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        command = [*PTSSP, "serve", "--model", model]
        with running(command, free_port(), Path(folder)) as port:
            for kind in KINDS:
                bodies = _bodies(kind, 1 + requests * len(CLIENTS))
                _time(port, bodies.pop())
                for number, clients in enumerate(CLIENTS):
                    part = bodies[number * requests : (number + 1) * requests]
                    rows += _ask_all(port, part, clients, kind)
            rows += _ask_all(port, part, CLIENTS[0], f"{kind}, asked before")
    return pd.DataFrame(rows)


def table(latencies: pd.DataFrame, model: str) -> str:
    """Write the median and the 95th percentile as Markdown."""
    text = (
        f"`python -m experiments.bench.serving --model {model}`: `ptssp serve` with one thread, "
        "asked over HTTP on the same machine. A request is one row of images of 64 x 64 pixels. "
        "The answers of one process come one after the other. Images that were asked about "
        "before are in the cache."
    )
    rows = []
    for (kind, clients), part in latencies.groupby(["kind", "clients"], sort=False):
        seconds = part["seconds"].to_numpy()
        middle, high = np.quantile(seconds, [0.5, 0.95]) * 1000
        rate = int(str(clients)) / seconds.mean()
        rows.append([str(kind), str(clients), str(len(seconds)), f"{middle:.0f}", f"{high:.0f}",
                     f"{rate:.1f}"])  # fmt: skip
    return "\n\n".join([text, markdown_table(HEAD, rows), page.machine("mlflow", "torch")])


def _bodies(kind: str, n_rows: int) -> list[dict[str, Any]]:
    """Give requests about different rows, as far as the bank has some."""
    count, masks = KINDS[kind]
    kinds = ("image", "mask") if masks else ("image",)
    columns = [f"{one}_{i}" for one in kinds for i in range(1, count + 1)]
    rows = load_curve_bank("procedural").X[columns].iloc[:n_rows]
    records = encode_images(rows).to_dict(orient="records")
    bodies = [{"dataframe_records": [one], "params": {"target_map": 0.3}} for one in records]
    return [bodies[number % len(bodies)] for number in range(n_rows)]


def _ask_all(port: int, bodies: list[dict], clients: int, kind: str) -> list[dict[str, Any]]:
    """Give a row of the table of latencies a request."""
    with ThreadPoolExecutor(clients) as pool:
        times = pool.map(lambda body: _time(port, body), bodies)
        return [{"kind": kind, "clients": clients, "seconds": seconds} for seconds in times]


def _time(port: int, body: dict[str, Any]) -> float:
    start = time.perf_counter()
    status, answer = ask(port, body)
    if status != 200:
        raise RuntimeError(f"Got status {status} from the server: {answer[:300]}")
    return time.perf_counter() - start


def run(
    model: Annotated[str, typer.Option(help="Model that is served.")] = "detectors",
    requests: Annotated[int, typer.Option(min=1, help="Of each kind.")] = 20,
) -> None:
    """Measure, print the table and put it into the page."""
    text = table(measure(model, requests=requests), model)
    page.write_section("serving", text)
    print(text)


if __name__ == "__main__":
    typer.run(run)
