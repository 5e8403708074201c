from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from pycocotools import mask as coco_masks

from ptssp_sklearn.datasets import open_dataset
from ptssp_sklearn.exceptions import DatasetError
from tests.datasets.written import (
    BOXES,
    POLYGON,
    SIDE,
    annotation,
    coco,
    coco_folder,
    save_image,
    save_text,
)


def blob(seed: int = 0) -> np.ndarray:
    """A mask of several pieces and holes."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(SIDE, dtype=bool)
    mask[5:30, 7:40] = rng.random((25, 33)) < 0.7
    return mask


def compressed(mask: np.ndarray) -> dict:
    found = coco_masks.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": found["size"], "counts": found["counts"].decode()}


def plain(mask: np.ndarray) -> dict:
    flat = mask.T.ravel()
    starts = np.flatnonzero(np.diff(np.concatenate([[False], flat]).astype(int))).tolist()
    counts = np.diff([0, *starts, len(flat)]).tolist()
    return {"size": list(SIDE), "counts": counts}


def test_polygons_have_the_place_that_was_written(tmp_path):
    dataset = open_dataset(coco_folder(tmp_path, coco([annotation()])))
    assert dataset.class_names == ("bolt", "nut")
    assert dataset.labels(0).tolist() == [0]
    np.testing.assert_allclose(dataset.boxes(0), BOXES[:1])
    expected = np.zeros(SIDE, dtype=int)
    expected[6:18, 4:20] = 1
    np.testing.assert_array_equal(dataset.instances(0), expected)
    np.testing.assert_allclose(dataset.areas(0), [expected.sum()])


@pytest.mark.parametrize("write", [compressed, plain])
@pytest.mark.parametrize("seed", range(3))
def test_run_lengths_give_the_mask_that_pycocotools_wrote(tmp_path, write, seed):
    mask = blob(seed)
    left, top, width, height = coco_masks.toBbox(
        coco_masks.encode(np.asfortranarray(mask, np.uint8))
    )
    dataset = open_dataset(coco_folder(tmp_path, coco([annotation(segmentation=write(mask))])))
    np.testing.assert_array_equal(dataset.instances(0), mask.astype(int))
    np.testing.assert_array_equal(next(iter(dataset.masks(0))), mask)
    np.testing.assert_allclose(dataset.boxes(0), [[left, top, left + width, top + height]])
    np.testing.assert_allclose(dataset.areas(0), [mask.sum()])


def test_parts_of_a_polygon_are_one_object(tmp_path):
    other = [30.0, 20.0, 40.0, 20.0, 40.0, 30.0, 30.0, 30.0]
    dataset = open_dataset(coco_folder(tmp_path, coco([annotation(segmentation=[POLYGON, other])])))
    assert dataset.object_counts.tolist() == [1]
    assert (dataset.instances(0) == 1).sum() == 16 * 12 + 100
    np.testing.assert_allclose(dataset.boxes(0), [[4, 6, 40, 30]])


@pytest.mark.parametrize("outline", [None, [], {}, [[]]])
def test_an_empty_segmentation_is_a_box(tmp_path, outline):
    dataset = open_dataset(coco_folder(tmp_path, coco([annotation(segmentation=outline)])))
    assert dataset.kind == "boxes"
    np.testing.assert_allclose(dataset.boxes(0), BOXES[:1])


def test_ids_may_be_sparse_begin_at_0_or_be_text(tmp_path):
    images = [{"id": 0, "file_name": "a.png"}, {"id": "9000", "file_name": "b.png"}]
    found = [annotation(image_id=9000.0), annotation(image_id="0", category_id="7")]
    dataset = open_dataset(coco_folder(tmp_path, coco(found, images=images)))
    assert dataset.object_counts.tolist() == [1, 1]
    assert [dataset.labels(i).tolist() for i in (0, 1)] == [[1], [0]]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iscrowd": 1}, "it is a crowd"),
        ({"image_id": 5}, "its image is not among `images`"),
        ({"category_id": 5}, "its category is not among `categories`"),
        ({"segmentation": [[1, 2, 3, 4]]}, "fewer than three points"),
        ({"segmentation": [[1, 2, 3, 4, 5, 6, 7]]}, "an x without a y"),
        ({"segmentation": [["a", 2, 3, 4, 5, 6]]}, "cannot be understood"),
        ({"segmentation": {"size": [4, 4], "counts": [16]}}, "another size than its image"),
        ({"segmentation": {"size": [40, 60], "counts": [7]}}, "do not add up to its size"),
        ({"segmentation": {"size": [40, 60], "counts": "~~~"}}, "no compressed run lengths"),
        ({"segmentation": {"size": [40, 60]}}, "cannot be understood"),
        ({"segmentation": None, "bbox": None}, "neither an outline nor a bbox"),
        ({"segmentation": None, "bbox": [1, 2, -3, 4]}, "it has no area"),
        ({"segmentation": None, "bbox": [1, 2, float("nan"), 4]}, "it has no area"),
        ({"segmentation": [[100, 100, 120, 100, 120, 120]]}, "it lies outside its image"),
    ],
)
def test_an_annotation_that_is_no_object_is_left_out_with_its_place(tmp_path, changed, why):
    dataset = open_dataset(
        coco_folder(tmp_path, coco([annotation(), annotation(id=17, **changed)]))
    )
    assert dataset.object_counts.tolist() == [1]
    (remark,) = dataset.remarks()
    assert why in remark
    assert remark.endswith("(annotations.json, annotation 17)")


@pytest.mark.parametrize(
    ("json_at", "image_at", "written"),
    [
        ("annotations.json", "a.png", "a.png"),
        ("annotations.json", "images/a.png", "a.png"),
        ("annotations/instances_train2017.json", "train2017/a.png", "a.png"),
        ("annotations/instances_train2017.json", "images/train2017/a.png", "a.png"),
        ("annotations/instances_default.json", "images/default/a.png", "a.png"),
        ("train/_annotations.coco.json", "train/a.png", "a.png"),
        ("result.json", "images/a.png", "..\\images\\a.png"),
        ("result.json", "images/a.png", "/home/me/project/images/a.png"),
        ("a/labels.json", "b/deep/A.PNG", "a.png"),
    ],
)
def test_images_are_found_where_tools_put_them(tmp_path, json_at, image_at, written):
    content = coco([annotation()])
    content["images"][0]["file_name"] = written
    save_text(tmp_path / json_at, json.dumps(content))
    save_image(tmp_path / image_at)
    dataset = open_dataset(tmp_path)
    assert dataset.paths == [tmp_path / image_at]
    assert dataset.splits == [("train",) if "train" in json_at else ()]


def test_splits_of_several_files_share_classes_by_name_and_keep_images_of_one_name_apart(tmp_path):
    for number, split in enumerate(("train", "valid")):
        content = coco([annotation(category_id=number)])
        content["categories"] = [
            {"id": number, "name": "bolt", "supercategory": "things"},
            {"id": 5, "name": "things", "supercategory": "none"},
        ]
        save_text(tmp_path / split / "_annotations.coco.json", json.dumps(content))
        save_image(tmp_path / split / "a.png", number)
    dataset = open_dataset(tmp_path)
    assert dataset.splits == [("train",), ("val",)]
    assert [path.parent.name for path in dataset.paths] == ["train", "valid"]
    assert [dataset.labels(i).tolist() for i in (0, 1)] == [[0], [0]]


def test_roboflows_supercategory_is_no_class(tmp_path):
    content = coco([annotation(category_id=1)])
    content["categories"] = [
        {"id": 0, "name": "coins", "supercategory": "none"},
        {"id": 1, "name": "dime", "supercategory": "coins"},
    ]
    dataset = open_dataset(coco_folder(tmp_path, content))
    assert dataset.class_names == ("dime",)
    assert dataset.labels(0).tolist() == [0]


def test_a_name_in_two_folders_is_left_out_and_both_are_named(tmp_path):
    images = [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}]
    content = coco([annotation(), annotation(image_id=2)], images=images)
    save_text(tmp_path / "labels.json", json.dumps(content))
    for name in ("x/a.png", "y/a.png", "x/b.png"):
        save_image(tmp_path / name)
    dataset = open_dataset(tmp_path)
    assert [path.name for path in dataset.paths] == ["b.png"]
    assert "its name stands in several folders (x/a.png and y/a.png)" in dataset.summary()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"images": [], "annotations": [', r"annotations.json', line 1, column 32: no valid JSON"),
        ('{"images": 3, "annotations": []}', "no list of `images`"),
        ('{"images": [{"id": 1}], "annotations": []}', r"`images`, entry 0, has no id or no"),
        ('{"images": [], "categories": [{"id": 1}]}', "`categories` are no list"),
        ('{"images": [], "annotations": [], "categories": []}', "no image that can be used"),
        ("[" * 100_000 + '"images" "annotations" "coordinates"', "nested too deeply|no valid JSON"),
    ],
)
def test_a_file_that_is_no_coco_is_named(tmp_path, text, message):
    save_text(tmp_path / "annotations.json", text)
    with pytest.raises(DatasetError, match=message) as caught:
        open_dataset(tmp_path / "annotations.json")
    assert "annotations.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_truncated_and_resized_images_are_left_out_with_the_reason(tmp_path):
    images = [{"id": i, "file_name": f"{i}.png", "height": 40, "width": 60} for i in range(5)]
    found = [annotation(image_id=i) for i in range(5)]
    coco_folder(tmp_path, coco(found, images=images))
    (tmp_path / "1.png").unlink()
    whole = (tmp_path / "2.png").read_bytes()
    (tmp_path / "2.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "3.png").write_bytes(b"")
    save_image(tmp_path / "4.png", shape=(20, 30))
    dataset = open_dataset(tmp_path)
    assert [path.name for path in dataset.paths] == ["0.png"]
    text = dataset.summary()
    assert "1 image left out: there is no such file (1.png)" in text
    assert "1 image left out: is damaged" in text
    assert "1 image left out: is empty (0 bytes) (3.png)" in text
    assert "4.png is 30 x 20, its labels say 60 x 40" in text


def test_a_million_annotations_take_little_memory(tmp_path):
    """Twenty thousand of them here: arrays hold them, the parser frees each."""
    count = 5_000
    save_image(tmp_path / "a.png")
    one = json.dumps(annotation())
    content = json.dumps(coco([])).replace(
        '"annotations": []', f'"annotations": [{",".join([one] * count)}]'
    )
    save_text(tmp_path / "labels.json", content)
    del content
    tracemalloc.start()
    dataset = open_dataset(tmp_path)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert dataset.object_counts.tolist() == [count]
    assert kept < 120 * count
    assert peak < 200 * count + 3 * len(one) * count
