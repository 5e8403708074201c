"""Oxford-IIIT Pet (segmentation) and VOC (detection), read by torchvision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from experiments.studies.data.arrays import Mapped
from experiments.studies.packages import need, need_files
from experiments.studies.study import Examples

PET_SOURCE = "https://www.robots.ox.ac.uk/~vgg/data/pets/"
VOC_SOURCE = "http://host.robots.ox.ac.uk/pascal/VOC/voc2007/"
VOC_CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa",
    "train", "tvmonitor",
)  # fmt: skip
_BACKGROUND = 2
"""Value of a trimap where there is no pet; 1 is the pet, 3 its border."""


def pet(root: Path, *, side: int = 256) -> Examples:
    """Read ``root/oxford-iiit-pet``: squares of `side` pixels, mask of the pet and its border."""
    folder = Path(root) / "oxford-iiit-pet"
    lists = [folder / "annotations" / f"{split}.txt" for split in ("trainval", "test")]
    need_files("Oxford-IIIT Pet", PET_SOURCE, folder / "images", *lists)

    def change(pair: tuple[Image.Image, Image.Image]) -> tuple[Tensor, Tensor]:
        image, trimap = pair
        small = image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
        values = np.array(trimap.resize((side, side), Image.Resampling.NEAREST))
        return pixels(np.array(small)), torch.from_numpy(values != _BACKGROUND).float()[None]

    reader = need("torchvision.datasets").OxfordIIITPet
    train, test = (
        Mapped(reader(root, split=split, target_types="segmentation"), change)
        for split in ("trainval", "test")
    )
    breeds = np.array([int(line.split()[1]) - 1 for line in lists[0].read_text().splitlines()])
    return Examples("Oxford-IIIT Pet", train, test, breeds, ("pet",))


def voc(root: Path) -> Examples:
    """Read ``root/VOCdevkit/VOC2007``: images, boxes and labels; difficult objects left out."""
    lists = Path(root) / "VOCdevkit" / "VOC2007" / "ImageSets" / "Main"
    need_files("VOC 2007", VOC_SOURCE, lists / "trainval.txt", lists / "test.txt")
    reader = need("torchvision.datasets").VOCDetection
    raw = [reader(root, year="2007", image_set=part) for part in ("trainval", "test")]
    strata = np.array([_commonest(_objects(raw[0].parse_voc_xml(_xml(path))))
                       for path in raw[0].annotations])  # fmt: skip
    train, test = (Mapped(part, _detection) for part in raw)
    return Examples("VOC 2007", train, test, strata, VOC_CLASSES)


def pixels(image: np.ndarray) -> Tensor:
    """Turn an image of shape (height, width, 3) into (3, height, width), values in [-1, 1]."""
    return torch.from_numpy(image.copy()).permute(2, 0, 1).float().div_(127.5).sub_(1.0)


def boxes(corners: list[list[float]], labels: list[int]) -> dict[str, Tensor]:
    """Give a target of torchvision's detectors; labels count from 1, 0 is the background."""
    return {
        "boxes": torch.tensor(corners, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(labels, dtype=torch.int64),
    }


def _detection(pair: tuple[Image.Image, dict[str, Any]]) -> tuple[Tensor, dict[str, Tensor]]:
    image, annotation = pair
    found = _objects(annotation)
    corners = [
        [float(item["bndbox"][side]) for side in ("xmin", "ymin", "xmax", "ymax")] for item in found
    ]
    inside = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).float() / 255
    return inside, boxes(corners, [VOC_CLASSES.index(item["name"]) + 1 for item in found])


def _objects(annotation: dict[str, Any]) -> list[dict[str, Any]]:
    found = annotation["annotation"].get("object", [])
    return [item for item in found if item.get("difficult", "0") != "1"]


def _commonest(found: list[dict[str, Any]]) -> int:
    """Give the class most objects of an image have; -1 where there is none."""
    labels = [VOC_CLASSES.index(item["name"]) for item in found]
    return max(set(labels), key=lambda k: (labels.count(k), -k)) if labels else -1


def _xml(path: str) -> Any:
    return need("torchvision.datasets.voc").ET_parse(path).getroot()
