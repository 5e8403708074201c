"""The page of the benchmarks: sections between markers, each written by its own benchmark."""

from __future__ import annotations

import os
import platform
import re
import resource
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from experiments.protocol.markdown import put_block

PAGE = Path("docs/benchmarks.md")


def write_section(name: str, text: str, page: Path = PAGE) -> None:
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->``.

    Raises
    ------
    ValueError
        If the page has no such section.
    """
    page.write_text(put_block(page.read_text(), name, text))


def medians(works: dict[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """Time works in turn, some runs of each; give the median seconds of each."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def peak_memory() -> float:
    """Give the most memory this process has held so far, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def machine(*packages: str) -> str:
    """Name the machine and the versions that matter, in a sentence."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{platform.machine()}, {os.cpu_count()} cores (processor: {_processor()}), "
        f"Python {platform.python_version()}, {versions}."
    )


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or "unknown"
    found = re.search(r"model name\s*:\s*(.+)", text)
    return found[1].strip() if found else "unknown"
