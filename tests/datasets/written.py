"""Small labelled data sets, written as the tools of the field write them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 40, 60
"""Height and width of the images, pixels."""
BOXES = np.array([[4.0, 6.0, 20.0, 18.0], [30.0, 10.0, 52.0, 34.0]])
"""Left, top, right, bottom, pixels."""
POLYGON = [4.0, 6.0, 20.0, 6.0, 20.0, 18.0, 4.0, 18.0]


def save_image(path: Path, seed: int = 0, shape: tuple[int, int] = SIDE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*shape, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def save_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def yolo_line(label: int | str, box: np.ndarray = BOXES[0]) -> str:
    height, width = SIDE
    left, top, right, bottom = box / np.array([width, height] * 2)
    values = (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
    return " ".join([str(label), *(f"{value:.6f}" for value in values)])


def yolo_polygon(label: int | str, corners: list[float] = POLYGON) -> str:
    height, width = SIDE
    values = np.array(corners) / np.array([width, height] * (len(corners) // 2))
    return " ".join([str(label), *(f"{value:.6f}" for value in values)])


def yolo_folder(root: Path, yaml: str, lines: dict[str, str], images: str = "images") -> Path:
    """Write images and label files, `lines` by the path of the image below `images`."""
    save_text(root / "data.yaml", yaml)
    for seed, (name, text) in enumerate(lines.items()):
        save_image(root / images / name, seed)
        labels = images.replace("images", "labels")
        save_text((root / labels / name).with_suffix(".txt"), text)
    return root


def coco(annotations: list[dict], *, images: list[dict] | None = None, **more: object) -> dict:
    height, width = SIDE
    if images is None:
        images = [{"id": 1, "file_name": "a.png", "height": height, "width": width}]
    categories = [{"id": 7, "name": "nut"}, {"id": 3, "name": "bolt"}]
    return {"images": images, "annotations": annotations, "categories": categories, **more}


def annotation(**values: object) -> dict:
    left, top, right, bottom = BOXES[0].tolist()
    found = {"id": 1, "image_id": 1, "category_id": 3, "iscrowd": 0}
    found |= {"bbox": [left, top, right - left, bottom - top], "segmentation": [POLYGON]}
    return found | values


def coco_folder(root: Path, content: dict, name: str = "annotations.json") -> Path:
    for seed, image in enumerate(content["images"]):
        save_image(root / Path(image["file_name"]).name, seed)
    save_text(root / name, json.dumps(content))
    return root


def voc_xml(objects: str, name: str = "a.png", size: tuple[int, int] = SIDE) -> str:
    return (
        f"<annotation><filename>{name}</filename><size><width>{size[1]}</width>"
        f"<height>{size[0]}</height><depth>3</depth></size>{objects}</annotation>"
    )


def voc_object(name: str = "bolt", box: tuple[float, ...] = (5, 7, 20, 18)) -> str:
    tags = "".join(
        f"<{tag}>{value}</{tag}>"
        for tag, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    )
    return f"<object><name>{name}</name><bndbox>{tags}</bndbox></object>"
