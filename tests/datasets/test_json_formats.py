from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from ptssp_sklearn.datasets import open_dataset
from ptssp_sklearn.exceptions import DatasetError
from tests.datasets.written import SIDE, save_image, save_text


def shape(kind: str, points: list, label: str = "bolt", **more: object) -> dict:
    return {"label": label, "shape_type": kind, "points": points, "group_id": None, **more}


SQUARE = [[4, 6], [20, 6], [20, 18], [4, 18]]


def labelme(root, shapes, **more):
    save_image(root / "a.png")
    content = {"version": "5.4", "shapes": shapes, "imagePath": "a.png", "imageData": "x" * 100}
    content |= {"imageHeight": SIDE[0], "imageWidth": SIDE[1]} | more
    save_text(root / "a.json", json.dumps(content))
    return root


def test_labelme_shapes_have_the_place_that_was_written(tmp_path):
    inner = Image.fromarray(np.array([[0, 255, 0], [255, 255, 255]], np.uint8))
    buffer = io.BytesIO()
    inner.save(buffer, "PNG")
    code = base64.b64encode(buffer.getvalue()).decode()
    shapes = [
        shape("polygon", SQUARE),
        shape("rectangle", [[52, 34], [30, 10]], "nut"),
        shape("circle", [[25, 30], [28, 34]]),
        shape("mask", [[2, 30], [4, 31]], mask=code),
        shape("polygon", SQUARE, "__ignore__"),
    ]
    dataset = open_dataset(labelme(tmp_path, shapes))
    found = {tuple(np.round(box).astype(int).tolist()) for box in dataset.boxes(0)}
    assert found == {(4, 6, 20, 18), (30, 10, 52, 34), (20, 25, 30, 35), (2, 30, 5, 32)}
    assert dataset.class_names == ("bolt", "nut")
    masks = {int(m.sum()): m for m in dataset.masks(0)}
    np.testing.assert_array_equal(masks[4][30:32, 2:5], [[0, 1, 0], [1, 1, 1]])
    assert dataset.remarks() == []


def test_labelme_shapes_of_one_group_are_one_object(tmp_path):
    other = [[30, 20], [40, 20], [40, 30], [30, 30]]
    shapes = [shape("polygon", SQUARE, group_id=1), shape("polygon", other, group_id=1)]
    dataset = open_dataset(
        labelme(tmp_path, [*shapes, shape("polygon", SQUARE, "nut", group_id=1)])
    )
    assert dataset.object_counts.tolist() == [2]
    assert sorted(dataset.areas(0).tolist()) == [192.0, 292.0]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (shape("line", SQUARE[:2]), "a line has no area"),
        (shape("polygon", SQUARE[:2]), "fewer than three points"),
        (shape("rectangle", SQUARE[:3]), "neither two nor four points"),
        ({"label": "bolt"}, "no label or no points"),
        (shape("mask", SQUARE[:2], mask="no PNG"), "no label or no points"),
    ],
)
def test_a_labelme_shape_that_is_no_object_is_left_out_with_its_place(tmp_path, found, why):
    dataset = open_dataset(labelme(tmp_path, [shape("polygon", SQUARE), found]))
    assert dataset.object_counts.tolist() == [1]
    (remark,) = dataset.remarks()
    assert why in remark
    assert remark.endswith("(a.json, shape 2)")


def test_a_labelme_file_names_its_image_by_another_systems_path(tmp_path):
    labelme(tmp_path / "labels", [shape("polygon", SQUARE)], imagePath="..\\images\\a.png")
    (tmp_path / "images").mkdir()
    (tmp_path / "labels" / "a.png").rename(tmp_path / "images" / "a.png")
    assert open_dataset(tmp_path).paths == [tmp_path / "images" / "a.png"]


def test_a_cut_labelme_file_is_named(tmp_path):
    labelme(tmp_path, [shape("polygon", SQUARE)])
    text = (tmp_path / "a.json").read_text()
    (tmp_path / "a.json").write_text(text[:-4])
    with pytest.raises(DatasetError, match=r"a\.json', line 1, column \d+: no valid JSON"):
        open_dataset(tmp_path)


def createml(root, annotations):
    save_image(root / "a.png")
    content = [{"image": "a.png", "annotations": annotations}]
    save_text(root / "_annotations.createml.json", json.dumps(content))
    return root


def test_createml_boxes_are_given_by_their_centre(tmp_path):
    where = {"x": 12, "y": 12, "width": 16, "height": 12}
    good = {"label": "bolt", "coordinates": where}
    dataset = open_dataset(createml(tmp_path, [good, {"label": "bolt", "coordinates": {"x": 1}}]))
    np.testing.assert_allclose(dataset.boxes(0), [[4, 6, 20, 18]])
    (remark,) = dataset.remarks()
    assert remark.endswith("(_annotations.createml.json, a.png, annotation 2)")


def test_what_is_no_data_set_is_refused_and_what_it_holds_is_said(tmp_path):
    save_image(tmp_path / "a.png")
    save_text(tmp_path / "notes.json", '{"a": 1}')
    held = r"no labels are recognised \(it holds: 1 image, 1 \.json file\)"
    with pytest.raises(DatasetError, match=held):
        open_dataset(tmp_path)
    with pytest.raises(DatasetError, match="neither COCO, LabelMe nor CreateML"):
        open_dataset(tmp_path / "notes.json")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="an empty folder"):
        open_dataset(tmp_path / "empty")
    with pytest.raises(DatasetError, match="there is no such file or folder"):
        open_dataset(tmp_path / "no")
