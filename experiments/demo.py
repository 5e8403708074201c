"""The demo: four real photographs with masks in, the required training-set size out.

Run as ``python -m experiments.demo``. The photographs are quarters of the coins picture
of scikit-image (Greek coins from Pompeii, Brooklyn Museum, no known copyright
restrictions). Their masks are made by Otsu's threshold on the picture less its uneven
light, a morphological closing, and a watershed of the distance to the background.
"""

from __future__ import annotations

import shlex
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from experiments.bench.server_process import PTSSP


def coin_tiles() -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Cut the coins picture into four tiles of (image, instance ids)."""
    from skimage.data import coins

    picture = coins()
    ids = instance_masks(picture)
    height, width = picture.shape
    rows, columns = (0, height // 2, height), (0, width // 2, width)
    tiles = []
    for top, bottom in pairwise(rows):
        for left, right in pairwise(columns):
            tiles.append((picture[top:bottom, left:right], ids[top:bottom, left:right]))
    return tiles


def instance_masks(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Find the objects of a grey picture: Otsu's threshold, closing, watershed."""
    from skimage.filters import gaussian, threshold_otsu
    from skimage.morphology import remove_small_objects
    from skimage.segmentation import watershed

    flat = gaussian(picture, 1.0) - gaussian(picture, 60.0)
    inside = ndimage.binary_fill_holes(
        ndimage.binary_closing(flat > threshold_otsu(flat), iterations=3)
    )
    inside = remove_small_objects(inside, max_size=400)
    depth = gaussian(ndimage.distance_transform_edt(inside), 3.0)
    seeds, _ = ndimage.label(depth > 0.6 * ndimage.maximum_filter(depth, 41))
    return watershed(-depth, seeds, mask=inside).astype(np.uint8)


def run(
    target: Annotated[float, typer.Option(help="Target mAP50-95, a fraction.")] = 0.6,
    learner: Annotated[str, typer.Option(help="Learner that is asked about.")] = "yolo11n",
    out: Annotated[Path, typer.Option(help="Folder of images, masks and plot.")] = Path("demo"),
) -> None:
    """Write the four photographs and masks, then run `ptssp predict` on them."""
    out.mkdir(parents=True, exist_ok=True)
    images, masks = [], []
    for number, (image, mask) in enumerate(coin_tiles(), 1):
        images.append(out / f"coins_{number}.png")
        masks.append(out / f"coins_{number}_mask.png")
        Image.fromarray(image).save(images[-1])
        Image.fromarray(mask).save(masks[-1])
    options = [part for path in masks for part in ("--mask", str(path))]
    plot = out / "curve.png"
    arguments = ["predict", *map(str, images), *options, "--target", f"{target:g}"]
    arguments += ["--learner", learner, "--plot", str(plot)]
    print(f"$ ptssp {shlex.join(arguments)}", flush=True)
    raise typer.Exit(subprocess.run([*PTSSP, *arguments], check=False).returncode)


if __name__ == "__main__":
    typer.run(run)
