"""Drawn heads and figures of several styles, put together by their own generator."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from experiments.sources.material import Item
from experiments.sources.svg import rasterised

STYLES = (
    "adventurer",
    "big-ears",
    "big-smile",
    "croodles",
    "lorelei",
    "micah",
    "miniavs",
    "notionists",
    "open-peeps",
    "personas",
    "pixel-art",
)
COUNT = 45
SCRIPT = """
const [count, core, ...styles] = process.argv.slice(1);
const { createAvatar } = await import(core);
for (const path of styles) {
  const style = await import(path);
  for (let seed = 0; seed < +count; seed++)
    console.log(JSON.stringify(createAvatar(style, { seed: `s${seed}` }).toString()));
}
"""


def link_generator(folders: list[Path]) -> None:
    """Let each style, unpacked alone, find the generator that it imports."""
    core, *styles = folders
    for style in styles:
        link = style / "node_modules/@dicebear/core"
        if not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to((core / "package").resolve(), target_is_directory=True)


def avatars(folders: list[Path], rng: np.random.Generator) -> Iterator[Item]:
    """Give `COUNT` avatars of each style; the first folder holds the generator."""
    link_generator(folders)
    paths = [(folder / "package/lib/index.js").resolve().as_uri() for folder in folders]
    command = ["node", "--input-type=module", "-e", SCRIPT, str(COUNT), *paths]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    for index, line in enumerate(lines):
        label = STYLES[index // COUNT]
        yield Item(label, f"{index % COUNT:02d}", partial(rasterised, json.loads(line)))
