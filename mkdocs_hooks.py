"""What MkDocs does before it builds: pages made elsewhere, copied blocks, the reference.

``<!-- include: results.md#summary -->`` becomes the block that stands between the markers
``<!-- summary -->`` and ``<!-- /summary -->`` of that file, so that no number is copied by hand.
``<!-- reference: package -->`` becomes a mkdocstrings entry for every public name.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent
DOCS = ROOT / "docs"
PACKAGE = ROOT / "ptssp_sklearn"

MADE_BY_COMMANDS = {"features.md", "studies.md", "page.md"}
"""Pages that stand in the navigation as soon as the file is there."""

FROM_OUTSIDE = re.compile(
    r"<script(?:(?!</script>).)*?cdnjs\.(?:(?!</script>).)*</script>", re.DOTALL
)

WINGS = [
    "curves", "images", "datasets", "embedding", "bayes", "regression", "pipeline", "measuring",
    "serving", "page",
]  # fmt: skip
"""Folders of the package whose faces the reference shows, in the order of the data."""


def on_config(config: Any) -> Any:
    """Leave pages that are not there yet out of the navigation."""
    config.nav = _existing(config.nav)
    return config


def _existing(entry: Any) -> Any:
    if isinstance(entry, list):
        return [kept for kept in map(_existing, entry) if kept]
    if isinstance(entry, dict):
        return {title: kept for title, below in entry.items() if (kept := _existing(below))}
    there = entry not in MADE_BY_COMMANDS or (DOCS / entry).is_file()
    return entry if there else None


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put included blocks and reference entries in their places."""
    markdown = re.sub(
        r"<!-- include: (\S+)#(\w+) -->", lambda m: block(DOCS / m[1], m[2]), markdown
    )
    return re.sub(r"<!-- reference: (\w+) -->", lambda m: reference(m[1]), markdown)


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Make notebooks whole: links between pages, no script fetched from another site."""
    if not page.file.src_uri.endswith(".ipynb"):
        return html
    linked = re.sub(r'href="([\w./-]+)\.(?:md|ipynb)"', r'href="../\1/"', html)
    return FROM_OUTSIDE.sub("", linked)


def block(file: Path, name: str) -> str:
    """Give what stands between two markers of a file.

    Raises
    ------
    ValueError
        If the file does not hold the block; names both.
    """
    found = re.search(f"<!-- {name} -->(.*?)<!-- /{name} -->", file.read_text(), re.DOTALL)
    if not found:
        raise ValueError(f"Got no block '{name}' in {file}, expected <!-- {name} --> around one.")
    return found[1].strip()


def reference(kind: str) -> str:
    """Give the mkdocstrings entries of one reference page."""
    if kind == "modules":
        there = [name for name in WINGS if (PACKAGE / name).is_dir()]
        return "\n\n".join(f"## `ptssp_sklearn.{name}`\n\n{_face(name)}" for name in there)
    return "\n\n".join(f"::: {path}" for path in exports()[kind])


def _face(name: str) -> str:
    entry = f"::: ptssp_sklearn.{name}.{{}}\n    options:\n      heading_level: 3"
    return "\n\n".join(entry.format(public) for public in public_names(name))


def public_names(wing: str) -> list[str]:
    """Name what the face of a wing offers and the page of the main names does not show."""
    face = import_module(f"ptssp_sklearn.{wing}")
    main = import_module("ptssp_sklearn").__all__
    return [name for name in face.__all__ if name not in main]


def exports() -> dict[str, list[str]]:
    """Give the full path, by its face, of every name of the package and of its tracking."""
    import ptssp_sklearn
    from ptssp_sklearn import tracking

    return {
        "package": [_home(name) for name in ptssp_sklearn.__all__],
        "tracking": [f"ptssp_sklearn.tracking.{name}" for name in tracking.__all__],
    }


def _home(name: str) -> str:
    """Name a main name by the wing whose face also has it."""
    for wing in WINGS:
        if (PACKAGE / wing).is_dir() and name in import_module(f"ptssp_sklearn.{wing}").__all__:
            return f"ptssp_sklearn.{wing}.{name}"
    return f"ptssp_sklearn.banks.{name}"
