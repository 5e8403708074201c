from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ptssp_sklearn.datasets import open_dataset
from ptssp_sklearn.exceptions import DatasetError
from tests.datasets.written import (
    BOXES,
    SIDE,
    save_image,
    save_text,
    yolo_folder,
    yolo_line,
    yolo_polygon,
)

DATA = Path(__file__).parents[1] / "data" / "datasets"
YAML = "path: .\ntrain: images/train\nval: images/val\nnames: [bolt, nut]\n"
LINES = {"train/a.png": yolo_line(0) + "\n" + yolo_line(1, BOXES[1]), "val/b.png": yolo_line(1)}


def test_cvat_list_files_name_the_images():
    dataset = open_dataset(DATA / "cvat_yolo")
    assert [path.name for path in dataset.split("train").paths] == [
        "image1.jpg",
        "image2.jpg",
        "image3.jpg",
    ]
    assert dataset.object_counts.tolist() == [7, 6, 7, 7]
    assert dataset.class_names == ("penny", "dime")
    assert dataset.kind == "masks"
    assert [int(dataset.instances(i).max()) for i in range(4)] == [7, 6, 7, 7]


def test_boxes_have_the_place_that_was_written(tmp_path):
    dataset = open_dataset(yolo_folder(tmp_path, YAML, LINES))
    assert len(dataset) == 2
    np.testing.assert_allclose(dataset.boxes(0), BOXES, atol=1e-3)
    assert dataset.labels(0).tolist() == [0, 1]
    assert dataset.kind == "boxes"
    assert dataset.shapes.tolist() == [list(SIDE)] * 2
    assert dataset.splits == [("train",), ("val",)]


@pytest.mark.parametrize(
    "yaml",
    [
        "train: images/train\nval: images/val\nnames: {0: bolt, 1: nut}",
        "train: ../images/train\nval: ../images/val\nnames: {'0': bolt, '1': nut}\nnc: 2",
        "train: images\\train\nval: .\\images\\val\nnames: [bolt, nut]",
        "path: /content/datasets/bolts\ntrain: images/train\nval: images/val\nnames: [bolt, nut]",
        "train: /kaggle/input/x/images/train\nval: C:\\me\\x\\images\\val\nnames: [bolt, nut]",
        "train: [images/train]\nval: [images/val]\ntest:\nnames:\n- bolt\n- nut",
        "train: train.txt\nval: [lists/val.txt]\nnames: [bolt, nut]",
    ],
)
def test_a_split_is_found_however_it_is_named(tmp_path, yaml):
    yolo_folder(tmp_path, yaml, LINES)
    save_text(tmp_path / "train.txt", "./images/train/a.png\n")
    save_text(tmp_path / "lists" / "val.txt", "/data/elsewhere/images/val/b.png\n")
    (tmp_path / "data.yaml").rename(tmp_path / "any name.yml")
    for path in (tmp_path, tmp_path / "any name.yml"):
        dataset = open_dataset(path)
        assert [len(dataset.split(name)) for name in ("train", "val")] == [1, 1]
        assert dataset.class_names == ("bolt", "nut")
        assert dataset.object_counts.tolist() == [2, 1]


def test_roboflow_writes_a_folder_a_split(tmp_path):
    yaml = "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n"
    yaml += "names: ['0', '1']\nnc: 2"
    save_text(tmp_path / "data.yaml", yaml)
    for split, hashes in (("train", "abcd1234 ef567890"), ("valid", "11112222")):
        for seed, code in enumerate(hashes.split()):
            name = f"coin_jpg.rf.{code}"
            save_image(tmp_path / split / "images" / f"{name}.jpg", seed)
            save_text(tmp_path / split / "labels" / f"{name}.txt", yolo_line("0.0"))
    dataset = open_dataset(tmp_path)
    assert dataset.splits == [("train",), ("train",), ("val",)]
    assert len(open_dataset(tmp_path, split="valid")) == 1
    assert dataset.groups == ["coin_jpg"] * 3
    assert dataset.class_names == ("0", "1")
    assert any("names '../test/images' for test" in line for line in dataset.remarks())


def test_boxes_and_polygons_may_be_mixed(tmp_path):
    lines = {"train/a.png": yolo_line(0, BOXES[1]) + "\n" + yolo_polygon(1), "val/b.png": ""}
    dataset = open_dataset(yolo_folder(tmp_path, YAML, lines))
    assert dataset.kind == "mixed"
    assert dataset.is_box(0).tolist() == [True, False]
    drawn = dataset.instances(0)
    np.testing.assert_array_equal(drawn[6:18, 4:20], 2)
    np.testing.assert_array_equal(drawn[10:34, 30:52], 1)
    assert (drawn > 0).sum() == 12 * 16 + 24 * 22


def test_an_image_without_a_label_file_has_no_objects(tmp_path):
    yolo_folder(tmp_path, YAML, LINES)
    save_image(tmp_path / "images" / "train" / "c.png")
    dataset = open_dataset(tmp_path)
    assert dataset.object_counts.tolist() == [2, 0, 1]
    assert "1 image without a label file, taken as without objects" in dataset.summary()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("5 0.5 0.5 0.1 0.1", "its class 5 is not among the named ones (0, 1)"),
        ("0 320 240 50 60", "its coordinates are no fractions"),
        ("0 0.1 0.2 0.3", "too few numbers for a box"),
        ("0 0.5 0.5 nan 0.1", "a coordinate is no finite number"),
        ("bolt 0.5 0.5 0.1 0.1", "something else than numbers"),
        ("0.5 0.5 0.5 0.1 0.1", "its class is no whole number"),
        ("-1 0.5 0.5 0.1 0.1", "its class is no whole number"),
        ("0 0.5 0.5 0 0.1", "it has no area"),
        ("0 1.3 0.5 0.1 0.1", "it lies outside its image"),
        ("0 0.1 0.1 0.2 0.2 0.3 0.1 0.4", "an x without a y"),
        ("0 0.1 0.1 0.1 0.1 0.1 0.1", "it has no area"),
    ],
)
def test_a_line_that_is_no_object_is_left_out_and_counted_with_its_place(tmp_path, line, why):
    yolo_folder(tmp_path, YAML, {**LINES, "train/a.png": f"{yolo_line(0)}\n\n{line}"})
    dataset = open_dataset(tmp_path)
    assert dataset.object_counts.tolist() == [1, 1]
    (remark,) = dataset.remarks()
    assert remark.startswith("1 object left out: ")
    assert why in remark
    assert remark.endswith("(labels/train/a.txt, line 3)")


def test_what_reaches_beyond_the_image_is_cut_and_counted(tmp_path):
    box = np.array([50.0, 10.0, 70.0, 20.0])
    dataset = open_dataset(yolo_folder(tmp_path, YAML, {**LINES, "val/b.png": yolo_line(0, box)}))
    np.testing.assert_allclose(dataset.boxes(1), [[50, 10, 60, 20]], atol=1e-3)
    np.testing.assert_allclose(dataset.areas(1), [100.0], atol=1e-2)
    assert "1 object reached beyond its image and was cut at the border" in dataset.summary()


def test_repeated_lines_are_read_once(tmp_path):
    yolo_folder(tmp_path, YAML, {**LINES, "val/b.png": f"{yolo_line(0)}\n{yolo_line(0)}\n"})
    dataset = open_dataset(tmp_path)
    assert dataset.object_counts.tolist() == [2, 1]
    assert "1 line repeated in its label file" in dataset.summary()


def test_an_image_of_two_splits_belongs_to_both_and_leaks_are_said(tmp_path):
    yaml = "train: images/train\nval: images/val\ntest: images/val\nnames: [bolt, nut]"
    dataset = open_dataset(yolo_folder(tmp_path / "a", yaml, LINES))
    assert len(dataset) == 2
    assert dataset.split("test").paths == dataset.split("val").paths
    assert dataset.remarks() == []
    dataset = open_dataset(yolo_folder(tmp_path / "b", yaml.replace("/val", "/train"), LINES))
    assert any("1 image in train and in val at once" in line for line in dataset.remarks())


def test_label_files_without_a_yaml_are_recognised(tmp_path):
    root = yolo_folder(tmp_path, "", {"a.png": yolo_line(0), "b.png": yolo_line(1)})
    (root / "data.yaml").unlink()
    assert open_dataset(root).class_names == ("class 0", "class 1")
    save_text(root / "classes.txt", "bolt\nnut\nwasher\n")
    assert open_dataset(root).class_names == ("bolt", "nut", "washer")


def test_darknets_settings_are_read(tmp_path):
    save_text(
        tmp_path / "obj.data", "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\n"
    )
    save_text(tmp_path / "obj.names", "bolt\nnut\n")
    save_text(tmp_path / "train.txt", "data/obj_train_data/a.png\n")
    save_image(tmp_path / "obj_train_data" / "a.png")
    save_text(tmp_path / "obj_train_data" / "a.txt", yolo_line(1))
    dataset = open_dataset(tmp_path)
    assert dataset.class_names == ("bolt", "nut")
    assert dataset.labels(0).tolist() == [1]
    assert dataset.splits == [("train",)]


def test_images_of_one_name_in_two_folders_never_share_labels(tmp_path):
    yolo_folder(tmp_path, YAML, {"train/a.png": yolo_line(0), "val/a.png": yolo_line(1)})
    assert [open_dataset(tmp_path).labels(i).tolist() for i in (0, 1)] == [[0], [1]]
    for split in ("train", "val"):
        (tmp_path / "labels" / split / "a.txt").unlink()
    save_text(tmp_path / "labels" / "a.txt", yolo_line(0))
    dataset = open_dataset(tmp_path)
    assert len(dataset) == 1
    assert "its label file is also that of images/train/a.png" in dataset.summary()


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("train: [images\nnames: [a]", r"data.yaml', line 2, column \d+: no valid yaml"),
        ("train: images/no\nnames: [a]", r"names 'images/no' for train, which is not there"),
        ("train: images/train\nnames: {bolt: 0}", r"data.yaml', whose `names` are"),
        ("train: {a: b}\nnames: [a]", r"data.yaml', whose `train` is"),
        ("train: images/train\nnames: [[a]]", r"data.yaml', whose `names` are"),
    ],
)
def test_a_yaml_that_cannot_be_understood_is_named(tmp_path, yaml, message):
    yolo_folder(tmp_path, yaml, LINES)
    for path in (tmp_path, tmp_path / "data.yaml"):
        with pytest.raises(DatasetError, match=message) as caught:
            open_dataset(path)
        assert "\n" not in str(caught.value)


def test_a_yaml_runs_no_code_and_unfolds_no_bomb(tmp_path):
    code = f"!!python/object/apply:pathlib.Path.touch [{tmp_path / 'touched'}]"
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    yolo_folder(tmp_path, f"{bomb}evil: {code}\n{YAML}", LINES)
    assert len(open_dataset(tmp_path)) == 2
    assert not (tmp_path / "touched").exists()


def test_keypoints_after_a_box_are_passed_over(tmp_path):
    lines = {"train/a.png": f"{yolo_line(0)} 0.1 0.1 2 0.3 0.3 2", "val/b.png": ""}
    dataset = open_dataset(yolo_folder(tmp_path, YAML + "kpt_shape: [2, 3]\n", lines))
    np.testing.assert_allclose(dataset.boxes(0), BOXES[:1], atol=1e-3)
    assert dataset.kind == "boxes"


def test_no_object_at_all_is_refused_with_the_reason(tmp_path):
    yolo_folder(tmp_path, YAML, {"train/a.png": "9 .5 .5 .1 .1", "val/b.png": "9 .5 .5 .1 .1"})
    with pytest.raises(DatasetError, match=r"with no object\. 2 objects left out: its class 9"):
        open_dataset(tmp_path)


def test_two_yamls_ask_for_one(tmp_path):
    yolo_folder(tmp_path, YAML, LINES)
    (tmp_path / "data.yaml").rename(tmp_path / "a.yaml")
    save_text(tmp_path / "b.yaml", YAML)
    with pytest.raises(DatasetError, match=r"several YOLO data sets \(a.yaml, b.yaml\)"):
        open_dataset(tmp_path)
    assert len(open_dataset(tmp_path / "a.yaml")) == 2


@pytest.mark.parametrize("absolute", [False, True])
def test_a_yaml_may_name_images_outside_its_folder(tmp_path, absolute):
    yolo_folder(tmp_path / "data", YAML, LINES)
    where = tmp_path / "data" / "images" if absolute else "../data/images"
    save_text(tmp_path / "runs" / "set.yaml", f"train: {where}/train\nnames: [bolt, nut]")
    dataset = open_dataset(tmp_path / "runs" / "set.yaml")
    assert dataset.object_counts.tolist() == [2]
    assert dataset.paths[0].samefile(tmp_path / "data" / "images" / "train" / "a.png")


def test_what_other_tools_leave_in_a_folder_is_passed_over(tmp_path):
    yolo_folder(tmp_path, YAML, LINES)
    save_text(tmp_path / "__MACOSX" / "data.yaml", YAML)
    save_text(tmp_path / "images" / "train" / "._a.png", "no image")
    save_text(tmp_path / "images" / "train" / "Thumbs.db", "x")
    save_text(tmp_path / "runs" / "args.yaml", "task: detect\ndata: x.yaml")
    save_text(tmp_path / "notes.json", '{"categories": [], "info": {}}')
    dataset = open_dataset(tmp_path)
    assert len(dataset) == 2
    assert dataset.remarks() == []
