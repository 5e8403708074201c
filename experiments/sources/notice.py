"""The NOTICE: who made the image material and under which licence."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import fill

from experiments.sources.material import Source

LICENCES = Path(__file__).parent / "licences"
HEAD = (
    "The image material of the datasets that are composed of cut-outs and backgrounds "
    "comes from the works below. Each was scaled, trimmed or cropped."
)
ADDRESSES = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-2.0": "https://creativecommons.org/licenses/by/2.0/",
    "CC-BY-3.0": "https://creativecommons.org/licenses/by/3.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "OFL-1.1": "https://openfontlicense.org",
}


def licences_of(source: Source) -> list[str]:
    """Give the SPDX names in the licence of a source."""
    return source.licence.split(" AND ")


def _entry(source: Source) -> str:
    packages = ", ".join(f"{p.name} {p.version} ({p.registry})" for p in source.packages)
    lines = [source.attribution, *([f"From {packages}."] if packages else [])]
    wrapped = [fill(line, 88, initial_indent="  ", subsequent_indent="  ") for line in lines]
    links = [f"  {ADDRESSES[name]}" for name in licences_of(source) if name in ADDRESSES]
    return "\n".join([f"{source.name} ({source.kind}): {source.licence}", *wrapped, *links])


def notice(sources: Iterable[Source]) -> str:
    """Give the text of the NOTICE: one entry a source, then the licences that ask for it."""
    listed = list(sources)
    names = sorted({name for source in listed for name in licences_of(source)})
    texts = [
        f"{'-' * 88}\n{name}\n\n{(LICENCES / f'{name}.txt').read_text(encoding='utf-8').rstrip()}"
        for name in names
        if (LICENCES / f"{name}.txt").exists()
    ]
    return "\n\n".join([fill(HEAD, 88), *(_entry(source) for source in listed), *texts]) + "\n"
