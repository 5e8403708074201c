from __future__ import annotations

import zlib

import numpy as np
import pytest
from PIL import Image

from ptssp_sklearn.datasets import open_dataset
from ptssp_sklearn.datasets._files import Folder, image_shape, read_text
from ptssp_sklearn.exceptions import DatasetError, ImageError
from tests.datasets.written import save_image, save_text, yolo_folder, yolo_line

YAML = "train: images\nnames: [bolt, nut]\n"


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"gone', but there is no such folder"):
        Folder(tmp_path / "gone")


def test_folders_linked_in_a_ring_are_entered_once(tmp_path):
    save_image(tmp_path / "images" / "a.png")
    (tmp_path / "images" / "again").symlink_to(tmp_path)
    assert Folder(tmp_path).files == ["images/a.png"]


@pytest.mark.parametrize("written", ["", "  ", "''"])
def test_an_empty_path_is_no_file(tmp_path, written):
    save_image(tmp_path / "a.png")
    assert Folder(tmp_path).locate(written) is None


def test_text_of_another_code_and_a_missing_file_are_named(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"caf\xe9")
    with pytest.raises(DatasetError, match=r"a\.txt', which is no UTF-8 text \(byte 3\)"):
        read_text(path)
    with pytest.raises(DatasetError, match=r"cannot be read \(No such file or directory\)"):
        read_text(tmp_path / "gone.txt")


def test_the_size_of_an_image_is_read_or_the_reason_given(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "turned.bmp")
    Image.new("RGB", (30, 20)).save(tmp_path / "turned.jpg", exif=exif)
    assert image_shape(tmp_path / "turned.bmp") == (20, 30)
    assert image_shape(tmp_path / "turned.jpg") == (30, 20)
    bomb = bytearray(save_image(tmp_path / "bomb.png").read_bytes())
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    (tmp_path / "bomb.png").write_bytes(bomb)
    cut = save_image(tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(cut[: len(cut) // 2])
    reasons = {"gone.png": "no such file", "bomb.png": "too many pixels", "cut.png": "is damaged"}
    for name, reason in reasons.items():
        with pytest.raises(ImageError, match=reason):
            image_shape(tmp_path / name)


def test_files_that_describe_no_data_set_are_refused(tmp_path):
    save_text(tmp_path / "a.zip", "PK")
    save_text(tmp_path / "a.csv", "a,b")
    save_text(tmp_path / "a.xml", "<html></html>")
    save_text(tmp_path / "a.yaml", "task: detect")
    save_text(tmp_path / "cut.xml", "<")
    for name, reason in {
        "a.zip": "Unpack it and name the folder",
        "a.csv": "expected a folder, or a YOLO yaml",
        "a.xml": "expected a folder, or a YOLO yaml",
        "cut.xml": "expected a folder, or a YOLO yaml",
        "a.yaml": "expected a YOLO data set's yaml with `names` and `train`",
    }.items():
        with pytest.raises(DatasetError, match=reason):
            open_dataset(tmp_path / name)


def test_labels_in_two_formats_are_said(tmp_path):
    yolo_folder(tmp_path, YAML, {"a.png": yolo_line(0)})
    save_text(tmp_path / "obj.data", "train = train.txt\n")
    assert any("also holds YOLO labels" in line for line in open_dataset(tmp_path).remarks())
    save_text(tmp_path / "train.txt", "images/a.png\nimages/gone.png\n")
    dataset = open_dataset(tmp_path / "obj.data")
    assert dataset.class_names == ("class 0",)
    assert "1 image left out: there is no such file (images/gone.png)" in dataset.remarks()


def test_a_yaml_that_is_broken_is_passed_over_beside_one_that_is_not(tmp_path):
    yolo_folder(tmp_path, YAML, {"a.png": yolo_line(0)})
    save_text(tmp_path / "other.yaml", "a: [b")
    assert open_dataset(tmp_path).class_names == ("bolt", "nut")


def test_a_text_file_of_another_code_is_no_label_file(tmp_path):
    save_image(tmp_path / "b.png")
    save_text(tmp_path / "b.txt", yolo_line(0))
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\xff")
    assert open_dataset(tmp_path).object_counts.tolist() == [1]


def test_several_coco_files_of_a_split_and_an_empty_one_are_told_apart(tmp_path):
    save_image(tmp_path / "a.png")
    for name in ("a.json", "b.json"):
        save_text(tmp_path / name, '{"images": [], "annotations": []}')
    save_text(tmp_path / "empty.json", "")
    with pytest.raises(DatasetError, match=r"several COCO files \(a.json, b.json\)"):
        open_dataset(tmp_path)


def test_images_without_any_label_file_are_refused(tmp_path):
    yolo_folder(tmp_path, YAML, {"a.png": ""})
    (tmp_path / "labels" / "a.txt").unlink()
    with pytest.raises(DatasetError, match=r"1 images, but no label file: none such as 'labels/a"):
        open_dataset(tmp_path)


def test_a_count_of_classes_names_them_or_is_compared_with_their_names(tmp_path):
    yolo_folder(tmp_path, "train: images\nnc: 3\n", {"a.png": f"{yolo_line(1)} 0.9"})
    dataset = open_dataset(tmp_path)
    assert dataset.class_names == ("class 0", "class 1", "class 2")
    assert dataset.is_box(0).tolist() == [True]
    assert any("Sixth numbers of boxes" in line for line in dataset.remarks())
    save_text(tmp_path / "data.yaml", YAML + "nc: 3\n")
    assert any("says nc: 3, but names 2 classes" in x for x in open_dataset(tmp_path).remarks())


def test_names_may_be_a_file_or_one_class(tmp_path):
    yolo_folder(tmp_path, "train: images\nnames: bolts.txt\n", {"a.png": yolo_line(0)})
    assert open_dataset(tmp_path).class_names == ("bolts.txt",)
    save_text(tmp_path / "bolts.txt", "bolt\nnut\n")
    assert open_dataset(tmp_path).class_names == ("bolt", "nut")
    save_text(tmp_path / "data.yaml", "train: images\nnames: []\n")
    (tmp_path / "bolts.txt").unlink()
    assert open_dataset(tmp_path).class_names == ("class 0",)


def test_an_image_that_is_named_twice_is_read_once(tmp_path):
    yolo_folder(tmp_path, "train: list.txt\nnames: [bolt]\n", {"a.png": yolo_line(0)})
    save_text(tmp_path / "images" / "b.png", "no image")
    save_text(tmp_path / "list.txt", "images/a.png\nimages/a.png\nimages/b.png\nimages/b.png\n")
    dataset = open_dataset(tmp_path)
    assert len(dataset) == 1
    assert "1 image named more than once and read once (images/a.png)" in dataset.remarks()
    assert repr(dataset) == f"LabelledDataset({str(tmp_path)!r}, 1 images, YOLO)"
    np.testing.assert_array_equal(dataset.labels(0), [0])
