"""Small labelled folders in YOLO's layout, for the tests of measuring."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.scenes import scene


def write_folder(root: Path, n_images: int = 12, *, n_test: int = 0, boxes: bool = False) -> Path:
    """Write drawn squares of one class, the last `n_test` images as test split."""
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for number in range(n_images):
        image, mask = scene(number, side=64, n_objects=2)
        Image.fromarray(image).save(root / "images" / f"{number:03d}.png")
        lines = [_line(mask == i, boxes) for i in np.unique(mask[mask > 0])]
        (root / "labels" / f"{number:03d}.txt").write_text("\n".join(lines))
    names = [f"./images/{number:03d}.png" for number in range(n_images)]
    first = n_images - n_test
    (root / "train.txt").write_text("\n".join(names[:first]))
    text = "path: .\ntrain: train.txt\n"
    if n_test:
        (root / "test.txt").write_text("\n".join(names[first:]))
        text += "val: test.txt\ntest: test.txt\n"
    (root / "data.yaml").write_text(text + "names: [square]\n")
    return root


def _line(mask: np.ndarray, boxes: bool) -> str:
    rows, columns = np.nonzero(mask)
    left, right = columns.min() / 64, (columns.max() + 1) / 64
    top, bottom = rows.min() / 64, (rows.max() + 1) / 64
    if boxes:
        numbers = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
    else:
        numbers = [left, top, right, top, right, bottom, left, bottom]
    return " ".join(["0", *(f"{value:.6f}" for value in numbers)])
