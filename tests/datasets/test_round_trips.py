"""What supervision, a library of the field, writes is read as it was meant."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from ptssp_sklearn.datasets import LabelledDataset, open_dataset, write_yolo
from tests.datasets.written import save_image

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    supervision = pytest.importorskip("supervision")

NAMES = ["bolt", "nut", "washer"]
SHAPE = (120, 160)


@pytest.fixture(scope="module")
def scenes() -> list[tuple[np.ndarray, np.ndarray]]:
    """Masks (n, height, width) and classes of three images."""
    rng, found = np.random.default_rng(0), []
    rows, columns = np.indices(SHAPE)
    for count in (3, 1, 5):
        masks = []
        for k in range(count):
            y, x, r = rng.integers(24, 96), 16 + 28 * k, rng.integers(11, 14)
            masks.append((rows - y) ** 2 + (columns - x) ** 2 <= r**2)
        found.append((np.array(masks), rng.integers(0, 3, count)))
    return found


def boxes_of(masks: np.ndarray) -> np.ndarray:
    found = []
    for mask in masks:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        found.append([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    return np.array(found, dtype=float)


def written(root: Path, scenes: list, form: str, *, masks: bool) -> LabelledDataset:
    images, detections = [], {}
    for number, (drawn, classes) in enumerate(scenes):
        path = str(save_image(root / "source" / f"img_{number}.png", number, SHAPE))
        images.append(path)
        detections[path] = supervision.Detections(
            xyxy=boxes_of(drawn), class_id=classes, mask=drawn if masks else None
        )
    dataset = supervision.DetectionDataset(NAMES, images, detections)
    out, places = root / "out", {"images_directory_path": str(root / "out" / "images")}
    if form == "yolo":
        places |= {
            "annotations_directory_path": str(out / "labels"),
            "data_yaml_path": str(out / "data.yaml"),
        }
        dataset.as_yolo(**places)
        yaml = out / "data.yaml"
        yaml.write_text("train: images\n" + yaml.read_text())
    elif form == "coco":
        dataset.as_coco(**places, annotations_path=str(out / "labels.json"))
    elif form == "pascal_voc":
        dataset.as_pascal_voc(**places, annotations_directory_path=str(out / "Annotations"))
    elif form == "labelme":
        dataset.as_labelme(str(out / "images"), str(out / "images"))
    else:
        dataset.as_createml(**places, annotations_path=str(out / "labels.json"))
    return open_dataset(out)


def classes_of(dataset: LabelledDataset, index: int) -> list[str]:
    return [dataset.class_names[k] for k in dataset.labels(index)]


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize("form", ["yolo", "coco", "pascal_voc", "labelme", "createml"])
def test_boxes_come_back(tmp_path, scenes, form):
    dataset = written(tmp_path, scenes, form, masks=False)
    assert [path.name for path in dataset.paths] == [f"img_{i}.png" for i in range(3)]
    assert dataset.kind == "boxes"
    for index, (masks, classes) in enumerate(scenes):
        np.testing.assert_allclose(dataset.boxes(index), boxes_of(masks), atol=0.02)
        assert classes_of(dataset, index) == [NAMES[k] for k in classes]
    assert dataset.remarks() == []


@pytest.mark.parametrize("form", ["yolo", "coco", "pascal_voc", "labelme"])
def test_masks_come_back(tmp_path, scenes, form):
    """Within a pixel's ring: supervision writes outlines through the centres of pixels."""
    dataset = written(tmp_path, scenes, form, masks=True)
    assert dataset.kind == "masks"
    for index, (masks, classes) in enumerate(scenes):
        assert classes_of(dataset, index) == [NAMES[k] for k in classes]
        for mask, drawn in zip(masks, dataset.masks(index), strict=True):
            assert overlap(mask, drawn) > 0.8
            rows, columns = np.nonzero(mask)
            middle = np.array([rows.mean(), columns.mean()])
            assert np.abs(np.argwhere(drawn).mean(axis=0) - middle).max() < 1.0


@pytest.mark.parametrize("form", ["yolo", "coco", "pascal_voc"])
def test_supervision_reads_what_is_written_as_yolo(tmp_path, scenes, form):
    dataset = written(tmp_path, scenes, form, masks=True)
    path = write_yolo(tmp_path / "again", {"train": dataset})
    found = supervision.DetectionDataset.from_yolo(
        str(tmp_path / "again" / "images" / "train"),
        str(tmp_path / "again" / "labels" / "train"),
        str(path),
        force_masks=True,
    )
    assert found.classes == list(dataset.class_names)
    for index, name in enumerate(sorted(found.image_paths)):
        read = found.annotations[name]
        assert read.class_id.tolist() == dataset.labels(index).tolist()
        for mask, drawn in zip(read.mask, dataset.masks(index), strict=True):
            assert overlap(mask, drawn) > 0.8
