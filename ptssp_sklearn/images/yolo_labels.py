"""YOLO-seg label files: text -> polygons -> instances of a mask."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ptssp_sklearn.exceptions import ImageError


class Polygon(NamedTuple):
    """One object of a YOLO-seg label file; its corners are fractions of width and height."""

    line: int
    label: int
    corners: list[tuple[float, float]]


def read_polygons(path: Path, *, name: str = "label file") -> list[Polygon]:
    """Read the polygons of a YOLO-seg label file, in file order.

    Raises
    ------
    ImageError
        If the file cannot be read or a line is no polygon; names the file and the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ImageError(f"Got {name} '{path}', unreadable as a label file ({error}).") from None
    return parse_polygons(text, f"{name} '{path}'")


def parse_polygons(text: str, place: str) -> list[Polygon]:
    """Read the polygons of a label file's text; errors name `place` and the line."""
    lines = enumerate(text.splitlines(), start=1)
    return [_polygon(n, line, place) for n, line in lines if line.strip()]


def draw_polygons(polygons: Iterable[Polygon], shape: tuple[int, int]) -> NDArray[np.int32]:
    """Draw polygons as instances 1, 2, … on 0, later ones over earlier, shape (height, width)."""
    height, width = shape
    canvas = Image.new("I", (width, height), 0)
    for number, polygon in enumerate(polygons, start=1):
        scaled = [(x * width - 0.5, y * height - 0.5) for x, y in polygon.corners]
        ImageDraw.Draw(canvas).polygon(scaled, fill=number)
    return np.asarray(canvas, dtype=np.int32)


def _polygon(line: int, text: str, place: str) -> Polygon:
    form, numbers, index = "'class x1 y1 x2 y2 x3 y3 …'", [], 0
    try:
        label, *values = text.split()
        index, numbers = int(label), [float(value) for value in values]
    except ValueError:
        form += " with numbers only."
    else:
        if len(numbers) == 4:
            form = f"a polygon, {form}, not a box. Export polygons instead."
        elif len(numbers) < 6 or len(numbers) % 2 or index < 0:
            form += ": a class index and pairs of x and y, at least three."
        elif not all(-0.01 <= v <= 1.01 for v in numbers):
            form += " with coordinates as fractions in [0, 1]."
        else:
            return Polygon(line, index, list(zip(numbers[::2], numbers[1::2], strict=True)))
    message = f"Got {place}, line {line}: '{text[:40]}', expected {form}"
    raise ImageError(message, "polygon", name=place, line=line, text=text[:40])


def mask_cell(text: str) -> str | tuple[str, int]:
    """Read ``labels.txt:3`` as class 3 of a YOLO label file."""
    path, colon, label = text.rpartition(":")
    return (
        (path, int(label)) if colon and path.lower().endswith(".txt") and label.isdigit() else text
    )
