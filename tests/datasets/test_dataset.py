from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from ptssp_sklearn.datasets import open_dataset, write_yolo
from ptssp_sklearn.exceptions import DatasetError
from tests.datasets.written import (
    BOXES,
    SIDE,
    annotation,
    coco,
    coco_folder,
    save_image,
    yolo_folder,
    yolo_line,
)

DATA = Path(__file__).parents[1] / "data" / "datasets"


@pytest.fixture
def dataset(tmp_path):
    """Five images with 0 to 4 boxes of two classes; image 2 has one of each."""
    lines = {
        f"train/{k}.png": "\n".join(
            yolo_line(j % 2, np.array([5.0 + 10 * j, 5, 12 + 10 * j, 20])) for j in range(k)
        )
        for k in range(5)
    }
    yaml = "train: images/train\nnames: [bolt, nut]"
    return open_dataset(yolo_folder(tmp_path / "set", yaml, lines))


def test_parts_of_a_data_set_hold_their_own_objects_in_their_order(dataset):
    part = dataset.subset([4, 0, 2])
    assert part.object_counts.tolist() == [4, 0, 2]
    assert [path.stem for path in part.paths] == ["4", "0", "2"]
    np.testing.assert_array_equal(part.boxes(2), dataset.boxes(2))
    assert part.class_counts.tolist() == [3, 3]
    assert part.subset([1]).kind == ""
    np.testing.assert_allclose(part.relative_areas, 7 * 15 / (40 * 60), rtol=1e-4)
    assert len(part.subset([])) == 0


def test_one_class_is_drawn_alone_and_unknown_ones_are_named(dataset):
    assert np.unique(dataset.instances(3)).tolist() == [0, 1, 2, 3]
    assert np.unique(dataset.instances(3, "nut")).tolist() == [0, 1]
    assert len(dataset.boxes(3, "bolt")) == 2
    assert [path.stem for path in dataset.with_class("nut").paths] == ["2", "3", "4"]
    with pytest.raises(DatasetError, match=r"has the classes bolt, nut. Did you mean 'bolt'"):
        dataset.instances(3, "bolts")
    with pytest.raises(DatasetError, match=r"Got split='val', but .* has the splits: train"):
        dataset.split("val")


def test_small_objects_lie_over_large_ones(tmp_path):
    small = annotation(segmentation=[[8, 8, 12, 8, 12, 12, 8, 12]])
    for order in ([small, annotation()], [annotation(), small]):
        found = open_dataset(coco_folder(tmp_path / str(order[0] is small), coco(order)))
        drawn = found.instances(0)
        assert drawn[10, 10] == order.index(small) + 1
        assert np.unique(drawn).tolist() == [0, 1, 2]


def test_masks_polygons_and_boxes_of_an_object_agree(dataset):
    for source in (
        dataset,
        open_dataset(DATA / "mispaired_masks"),
        open_dataset(DATA / "cvat_yolo"),
    ):
        index = len(source) - 1
        masks = list(source.masks(index))
        for mask, box, outline in zip(
            masks, source.boxes(index), source.polygons(index), strict=True
        ):
            rows, columns = np.nonzero(mask)
            tight = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            np.testing.assert_allclose(box, tight, atol=1.0)
            low = np.min([part.min(axis=0) for part in outline], axis=0)
            np.testing.assert_allclose(low, box[:2], atol=1.0)


def test_the_summary_tells_what_there_is(dataset):
    text = dataset.summary()
    for part in (
        "5 images (YOLO): 5 train",
        "10 objects, outlined by boxes",
        "objects an image: 2 (90%: 0.2 to 3.8), 1 image without any",
        "area of an object: 4.38% of its image",
        "2 classes: bolt 6, nut 4",
    ):
        assert part in text


def test_groups_are_given_by_name_and_every_image_needs_one(dataset):
    groups = {f"{k}.png": k % 2 for k in range(5)}
    grouped = dataset.with_groups(groups)
    assert grouped.subset([1, 2]).groups == ["1", "0"]
    assert "2 groups" in grouped.summary()
    assert dataset.groups is None
    with pytest.raises(DatasetError, match=r"without one for the image 'images/train/4\.png'"):
        dataset.with_groups({f"{k}.png": "a" for k in range(4)})


def test_an_image_turned_by_exif_has_the_size_that_is_seen(tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    save_image(tmp_path / "images" / "a.jpg")
    with Image.open(tmp_path / "images" / "a.jpg") as image:
        image.load()
    image.save(tmp_path / "images" / "a.jpg", exif=exif)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("0 0.5 0.5 1 0.5")
    dataset = open_dataset(tmp_path)
    assert dataset.shapes.tolist() == [[SIDE[1], SIDE[0]]]
    assert dataset.instances(0).shape == (SIDE[1], SIDE[0])


def test_a_written_yolo_folder_links_images_and_reads_alike(tmp_path, dataset):
    parts = {"train": dataset.subset([4, 1]), "val": dataset.subset([3])}
    path = write_yolo(tmp_path / "out", parts)
    again = open_dataset(path)
    assert again.object_counts.tolist() == [4, 1, 3]
    np.testing.assert_allclose(again.boxes(0), dataset.boxes(4), atol=1e-3)
    assert again.class_names == dataset.class_names
    assert os.path.samefile(again.paths[0], dataset.paths[4])
    with pytest.raises(DatasetError, match="which is not empty"):
        write_yolo(tmp_path / "out", parts)
    with pytest.raises(DatasetError, match="kind='mask', expected 'boxes' or 'masks'"):
        write_yolo(tmp_path / "other", parts, kind="mask")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "set"]


def test_masks_are_written_as_polygons_and_boxes_where_that_is_asked(tmp_path):
    dataset = open_dataset(DATA / "mispaired_masks")
    again = open_dataset(write_yolo(tmp_path / "masks", {"train": dataset}))
    assert again.kind == "masks"
    for index in range(4):
        alike = (again.instances(index) == dataset.instances(index)).mean()
        assert alike > 0.995
    boxes = open_dataset(write_yolo(tmp_path / "boxes", {"train": dataset}, kind="boxes"))
    assert boxes.kind == "boxes"
    np.testing.assert_allclose(boxes.boxes(1), dataset.boxes(1), atol=1e-2)


READ = """
import json, sys
from ultralytics.data.dataset import YOLODataset
from ultralytics.data.utils import check_det_dataset
data = check_det_dataset(sys.argv[1], autodownload=False)
found = YOLODataset(img_path=data["train"], data=data, task="segment", augment=False)
json.dump([label["bboxes"].tolist() for label in found.labels], open(sys.argv[2], "w"))
"""


def test_ultralytics_takes_what_is_written(tmp_path):
    """In a process of its own, since ultralytics puts another function for `Image.open`."""
    assert find_spec("ultralytics")
    dataset = open_dataset(DATA / "mispaired_masks")
    path = write_yolo(tmp_path / "out", {"train": dataset, "val": dataset.subset([0])})
    command = [sys.executable, "-c", READ, str(path), str(tmp_path / "boxes.json")]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    found = json.loads((tmp_path / "boxes.json").read_text())
    assert [len(boxes) for boxes in found] == dataset.object_counts.tolist()
    for index, boxes in enumerate(found):
        height, width = dataset.shapes[index]
        middles, own = np.array(boxes)[:, :2] * [width, height], dataset.boxes(index)
        np.testing.assert_allclose(middles, (own[:, :2] + own[:, 2:]) / 2, atol=1.0)


def test_boxes_have_four_corners_as_polygons(dataset):
    (outline,) = dataset.subset([1]).polygons(0)
    np.testing.assert_allclose(outline[0], [[5, 5], [12, 5], [12, 20], [5, 20]], atol=1e-3)
    assert BOXES.shape[1] == len(outline[0])
