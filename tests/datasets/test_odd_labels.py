from __future__ import annotations

import base64
import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from ptssp_sklearn.datasets import open_dataset, write_yolo
from ptssp_sklearn.datasets.asked_images import asked_images
from ptssp_sklearn.exceptions import DatasetError
from tests.datasets.test_json_formats import SQUARE, labelme, shape
from tests.datasets.test_mask_folder import folder, two_discs
from tests.datasets.test_xml import save_mask, voc_folder
from tests.datasets.written import SIDE, save_image, save_text, voc_object, voc_xml

VALUES = two_discs().astype(np.uint8)
TRIANGLE = "<x1>5</x1><y1>7</y1><x2>20</x2><y2>7</y2><x3>20</x3><y3>18</y3>"


def with_polygon(points):
    return f"<object><name>bolt</name><polygon>{points}</polygon></object>"


@pytest.mark.parametrize(
    ("points", "why"),
    [
        (TRIANGLE.replace("20", "x"), "has not x1, y1, x2, y2, … as numbers"),
        (TRIANGLE.replace("x3", "x9"), "has not x1, y1, x2, y2, … as numbers"),
        ("<x1>5</x1><y1>7</y1><x2>20</x2><y2>7</y2>", "fewer than three points"),
    ],
)
def test_a_voc_polygon_that_is_none_is_left_out(tmp_path, points, why):
    xml = voc_xml(with_polygon(TRIANGLE) + with_polygon(points))
    dataset = open_dataset(voc_folder(tmp_path, xml))
    assert dataset.areas(0).tolist() == [15 * 11 / 2]
    (remark,) = dataset.remarks()
    assert why in remark


def test_two_xml_files_of_one_image_are_read_once(tmp_path):
    voc_folder(tmp_path, voc_xml(voc_object()))
    save_text(tmp_path / "Annotations" / "z.xml", voc_xml(voc_object("nut")))
    dataset = open_dataset(tmp_path)
    assert dataset.class_names == ("bolt",)
    said = "1 XML file left out: its image is that of Annotations/a.xml (Annotations/z.xml)"
    assert said in dataset.remarks()


def test_xml_of_an_unknown_code_is_refused(tmp_path):
    save_text(tmp_path / "a.xml", '<?xml version="1.0" encoding="klingon"?><annotation/>')
    with pytest.raises(DatasetError, match="expected a folder, or a YOLO yaml"):
        open_dataset(tmp_path / "a.xml")
    voc_folder(tmp_path / "set", voc_xml(voc_object()))
    shutil.copy(tmp_path / "a.xml", tmp_path / "set" / "Annotations" / "b.xml")
    with pytest.raises(DatasetError, match=r"b\.xml', which cannot be read as XML \(.*klingon"):
        open_dataset(tmp_path / "set")


def test_voc_masks_that_cannot_be_used_are_left_out_for_the_boxes(tmp_path):
    for name in "abc":
        voc_folder(tmp_path, voc_xml(voc_object("cat"), f"{name}.png"), name)
    masks = tmp_path / "SegmentationObject"
    save_text(masks / "a.png", "no image")
    save_mask(masks / "b.png", VALUES[:20])
    save_mask(masks / "c.png", VALUES)
    dataset = open_dataset(tmp_path)
    assert [dataset.is_box(i).tolist() for i in range(3)] == [[True], [True], [False, False]]
    assert [dataset.class_names[k] for k in dataset.labels(2)] == ["object", "object"]
    said = "\n".join(dataset.remarks())
    assert "is damaged or no image" in said
    assert "it has another size than its image (SegmentationObject/b.png)" in said


def test_two_labelme_files_of_one_image_are_read_once(tmp_path):
    labelme(tmp_path, [shape("polygon", SQUARE)])
    shutil.copy(tmp_path / "a.json", tmp_path / "b.json")
    dataset = open_dataset(tmp_path)
    assert dataset.object_counts.tolist() == [1]
    assert "1 JSON file left out: its image is that of a.json (b.json)" in dataset.remarks()


def test_labelme_without_a_list_of_shapes_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"a\.json', which has no list of `shapes`"):
        open_dataset(labelme(tmp_path, {}))


def test_a_labelme_mask_larger_than_its_image_is_left_out(tmp_path):
    buffer = io.BytesIO()
    Image.new("L", (SIDE[1] + 1, 3), 255).save(buffer, "PNG")
    code = base64.b64encode(buffer.getvalue()).decode()
    shapes = [shape("polygon", SQUARE), shape("mask", SQUARE[:1], mask=code)]
    dataset = open_dataset(labelme(tmp_path, shapes))
    assert dataset.object_counts.tolist() == [1]
    assert "its mask is larger than its image (a.json, shape 2)" in dataset.remarks()[0]


def test_createml_that_is_no_list_of_images_is_refused(tmp_path):
    save_text(tmp_path / "a.json", json.dumps([1, {"annotations": 1, "coordinates": 2}]))
    with pytest.raises(DatasetError, match=r"a\.json', which is no list of images"):
        open_dataset(tmp_path)


def test_a_damaged_mask_beside_whole_ones_is_left_out(tmp_path):
    folder(tmp_path, {"masks/a.png": VALUES}, ["images/a.png", "images/b.png"])
    save_text(tmp_path / "masks" / "b.png", "no image")
    dataset = open_dataset(tmp_path)
    assert dataset.object_counts.tolist() == [2, 0]
    assert any("damaged or no image" in line for line in dataset.remarks())


def test_masks_of_single_objects_must_have_one_size(tmp_path):
    one = np.uint8(255) * (VALUES == 1)
    masks = {f"{k}/masks/{n}.png": one for k in "ab" for n in "12"} | {"b/masks/3.png": one[:20]}
    dataset = open_dataset(folder(tmp_path, masks, ["a/images/a.png", "b/images/b.png"]))
    assert any("another size than the masks beside it" in line for line in dataset.remarks())


def test_a_written_folder_holds_images_of_other_formats_as_png(tmp_path):
    folder(tmp_path / "set", {"masks/a.png": VALUES}, ["images/a.ppm"])
    dataset = open_dataset(tmp_path / "set")
    again = open_dataset(write_yolo(tmp_path / "out", {"train": dataset}))
    assert [path.suffix for path in again.paths] == [".png"]
    assert Image.open(again.paths[0]).tobytes() == Image.open(dataset.paths[0]).tobytes()
    np.testing.assert_allclose(again.areas(0), dataset.areas(0), rtol=0.05)


def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path):
    folder(tmp_path / "set", {"masks/a.png": VALUES}, ["images/a.png", "images/b.png"])
    dataset = open_dataset(tmp_path / "set")
    with pytest.raises(DatasetError, match=r"kind='dots', expected 'boxes' or 'masks'"):
        write_yolo(tmp_path / "out", {"train": dataset}, kind="dots")
    with pytest.raises(DatasetError, match="0 lists of classes"):
        write_yolo(tmp_path / "out", {})
    odd = open_dataset(folder(tmp_path / "p", {"masks/a.png": VALUES}, ["images/a.ppm"]))
    odd.paths[0].unlink()
    with pytest.raises(ValueError, match="no such file"):
        write_yolo(tmp_path / "out", {"train": odd})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p", "set"]


def test_masks_may_be_a_folder_and_a_file_but_no_folder_of_label_files(tmp_path):
    images = [str(save_image(tmp_path / "photos" / f"{name}.png")) for name in "ab"]
    folder(tmp_path, {"gt/a_mask.png": VALUES, "more/b_mask.png": VALUES}, [])
    masks = [str(tmp_path / "gt"), str(tmp_path / "more" / "b_mask.png")]
    assert asked_images(images, masks).counts == [2, 2]
    for name in "ab":
        save_text(tmp_path / "labels" / f"{name}.txt", "0 .1 .1 .2 .1 .2 .2")
    with pytest.raises(DatasetError, match="a folder of images and one of label files"):
        asked_images([str(tmp_path / "photos")], [str(tmp_path / "labels")])
