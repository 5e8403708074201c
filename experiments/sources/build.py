"""Write the files of the sources, their record and the notice."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from subprocess import SubprocessError
from typing import Any

import numpy as np

from experiments.sources.material import (
    LEAST_PER_CLASS,
    Source,
    as_background,
    by_class,
    converted,
    share,
    trimmed,
)
from experiments.sources.packages import fetched

MOST_BACKGROUNDS = 60
SKIPPED = (OSError, ValueError, ImportError, StopIteration, RuntimeError, SubprocessError)
Report = Callable[[str], None]


def write_cutouts(
    source: Source, folders: list[Path], out: Path, rng: np.random.Generator, report: Report
) -> int:
    """Write the cut-outs of a source, a folder per class; give their number."""
    groups = by_class(source.items(folders, rng), rng)
    cap, count = share([len(group) for group in groups.values()]), 0
    for label, group in groups.items():
        good = converted(group, cap, trimmed, report)
        if len(good) < LEAST_PER_CLASS:
            report(f"{label}: left out, {len(good)} cut-outs of {LEAST_PER_CLASS}")
            continue
        folder = out / "cutouts" / source.name / label
        folder.mkdir(parents=True)
        for name, image in good:
            image.save(folder / f"{name}.png", optimize=True)
        count += len(good)
    return count


def write_backgrounds(
    source: Source, folders: list[Path], out: Path, rng: np.random.Generator, report: Report
) -> int:
    """Write the backgrounds of a source; give their number."""
    items = list(source.items(folders, rng))
    chosen = [items[i] for i in rng.permutation(len(items))]
    folder = out / "backgrounds" / source.name
    folder.mkdir(parents=True)
    good = converted(chosen, MOST_BACKGROUNDS, as_background, report)
    for name, image in good:
        image.save(folder / f"{name}.jpg", quality=88)
    return len(good)


def selected(sources: Sequence[Source], names: Sequence[str]) -> list[Source]:
    """Give the sources with these names, or all for none.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    known = [source.name for source in sources]
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f"Got {', '.join(unknown)}, expected some of {', '.join(known)}.")
    return [source for source in sources if not names or source.name in names]


def record(source: Source, count: int) -> dict[str, Any]:
    """Give what the record says of a source."""
    return {
        "name": source.name,
        "kind": source.kind,
        "packages": [package.__dict__ for package in source.packages],
        "licence": source.licence,
        "attribution": source.attribution,
        "files": count,
    }


def build(
    sources: Iterable[Source], out: Path, cache: Path, seed: int, report: Report
) -> list[dict[str, Any]]:
    """Write every source under `out`; a source whose package is missing is reported."""
    records = []
    for source in sources:
        write = write_cutouts if source.kind == "cutout" else write_backgrounds
        shutil.rmtree(out / f"{source.kind}s" / source.name, ignore_errors=True)
        rng = np.random.default_rng([seed, zlib.crc32(source.name.encode())])

        def tell(text: str, name: str = source.name) -> None:
            report(f"{name}: {text}")

        try:
            folders = [fetched(package, cache) for package in source.packages]
            records.append(record(source, write(source, folders, out, rng, tell)))
        except SKIPPED as error:
            tell(f"skipped, {error!r}"[:300].replace("\n", " "))
    return records


def write_record(records: list[dict[str, Any]], path: Path) -> None:
    """Write sources.json; sources of an earlier run that were not built now stay."""
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    merged = {entry["name"]: entry for entry in [*old, *records]}
    text = json.dumps(sorted(merged.values(), key=lambda e: (e["kind"], e["name"])), indent=1)
    path.write_text(text + "\n", encoding="utf-8")
