"""The NOTICE: who made the image material and under which licence."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import fill

from experiments.sources.material import Source

HEAD = (
    "The image material of the datasets that are composed of cut-outs and backgrounds "
    "comes from the works below. Each was scaled, trimmed or cropped."
)


def _entry(source: Source) -> str:
    packages = ", ".join(f"{p.name} {p.version} ({p.registry})" for p in source.packages)
    lines = [f"{source.name} ({source.kind}): {source.licence}", source.attribution]
    lines += [f"From {packages}."] if packages else []
    wrapped = [fill(line, 88, initial_indent="  ", subsequent_indent="  ") for line in lines[1:]]
    return "\n".join([lines[0], *wrapped])


def notice(sources: Iterable[Source]) -> str:
    """Give the text of the NOTICE, one entry a source."""
    return "\n\n".join([fill(HEAD, 88), *(_entry(source) for source in sources)]) + "\n"
