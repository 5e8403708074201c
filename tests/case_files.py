"""Inputs that used to be taken in silence, asked about in four ways."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pandas as pd
from typer.testing import CliRunner

from ptssp_sklearn.cli import app
from ptssp_sklearn.page.uploads import Task, Upload, make_task, read_images, read_masks
from ptssp_sklearn.pipeline.persistence import save_model
from ptssp_sklearn.serving.handler import Answerer
from tests.tiny import fitted

DATA = Path(__file__).parent / "data"
COINS = [str(DATA / "datasets" / "mispaired_masks" / f"coin_{i}.png") for i in range(1, 5)]
COUNTS = [7, 6, 7, 7]
"""Coins on each of them."""
File = tuple[str, bytes]
CURVES = "detectors"
"""A shipped model that looks at no image."""


def masks_of(folder: str, pattern: str) -> list[str]:
    return [str(DATA / folder / pattern.format(i)) for i in range(1, 5)]


@cache
def model_file() -> str:
    path = Path(mkdtemp(prefix="ptssp")) / "tiny.safetensors"
    save_model(fitted(), path)
    return str(path)


def by_command(*words: str, model: str | None = None) -> tuple[int, Any]:
    """Run ``ptssp predict``; give the code, and the JSON or else the line that refuses."""
    model = model_file() if model is None else model
    asked = ["predict", "--target", "0.4", "--json", "--model", model, *words]
    done = CliRunner().invoke(app, asked)
    if done.exit_code:
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        return done.exit_code, done.stderr
    return 0, json.loads(done.stdout)


def by_command_with_masks(images: list[str], masks: list[str]) -> tuple[int, Any]:
    return by_command(*images, *[word for mask in masks for word in ("--mask", mask)])


@cache
def answerer() -> Answerer:
    return Answerer(fitted())


def by_request(images: list[bytes], masks: list[bytes], **cells: Any) -> dict[str, Any]:
    """Ask a served model for one row; give the answer."""
    columns = {f"image_{i}": data for i, data in enumerate(images, 1)}
    columns |= {f"mask_{i}": data for i, data in enumerate(masks, 1)}
    asked = {name: base64.b64encode(data).decode() for name, data in columns.items()} | cells
    table = pd.DataFrame({k: pd.Series([v], dtype=object) for k, v in asked.items()})
    return answerer().answer(table, {"target_map": 0.4}).iloc[0].to_dict()


def by_page(
    images: list[tuple[str, bytes]], masks: list[tuple[str, bytes]], **options: Any
) -> Task:
    """Read uploads as the page does."""
    pictures = read_images([Upload(*file) for file in images])
    named = list(zip([name for name, _ in images], pictures, strict=True))
    given = [Upload(*file) for file in masks]
    return make_task(("key",), named, read_masks(named, given, **options) if given else None)


def files(paths: list[str]) -> list[File]:
    return [(Path(path).name, Path(path).read_bytes()) for path in paths]
