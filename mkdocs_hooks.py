"""What MkDocs does before it builds: pages made elsewhere, copied blocks, the reference.

``<!-- include: results.md#summary -->`` becomes the block that stands between the markers
``<!-- summary -->`` and ``<!-- /summary -->`` of that file, so that no number is copied by hand.
``<!-- reference: package -->`` becomes a mkdocstrings entry for every public name.
"""

from __future__ import annotations

import ast
import re
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

OTHER_MODULES = [
    "sigmoid", "curves", "banks", "distribution", "planning", "metrics", "plotting", "assessment",
    "persistence", "pretrained", "backbones", "extractors", "serving",
]  # fmt: skip
"""Modules below the main names that users import from."""


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
        headings = (f"## `ptssp_sklearn.{name}`\n\n{_module(name)}" for name in OTHER_MODULES)
        return "\n\n".join(headings)
    return "\n\n".join(f"::: {path}" for path in exports()[kind])


def _module(name: str) -> str:
    entry = f"::: ptssp_sklearn.{name}.{{}}\n    options:\n      heading_level: 3"
    return "\n\n".join(entry.format(public) for public in public_names(name))


def public_names(module: str) -> list[str]:
    """Name the public functions and classes that a module of the package defines."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [n.name for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")]


def exports() -> dict[str, list[str]]:
    """Give the full path, by defining module, of every name the package exports."""
    import ptssp_sklearn
    from ptssp_sklearn import tracking

    return {
        "package": [_home(ptssp_sklearn, name) for name in ptssp_sklearn.__all__],
        "tracking": [_home(tracking, name) for name in tracking.__all__],
    }


def _home(module: Any, name: str) -> str:
    return f"{getattr(module, name).__module__}.{name}"
