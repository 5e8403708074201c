from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ptssp_sklearn.datasets import open_dataset
from ptssp_sklearn.exceptions import DatasetError
from tests.datasets.written import SIDE, save_image, save_text, voc_object, voc_xml

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(
        f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10}">'.replace("&lol0;", "&lol;")
        for n in range(1, 10)
    )
    + "]><{root}><object>&lol9;</object></{root}>"
)


def voc_folder(root, xml, name="a", images="JPEGImages"):
    save_image(root / images / f"{name}.png")
    save_text(root / "Annotations" / f"{name}.xml", xml)
    return root


def save_mask(path, values, mode="P"):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values.astype(np.uint8), mode="L" if mode == "P" else None)
    if mode == "P":
        image = image.copy()
        image.putpalette([v for k in range(256) for v in (k, 255 - k, 40)])
    image.save(path)


def test_voc_counts_pixels_from_1_and_the_last_belongs_to_the_box(tmp_path):
    dataset = open_dataset(voc_folder(tmp_path, voc_xml(voc_object())))
    np.testing.assert_allclose(dataset.boxes(0), [[4, 6, 20, 18]])
    assert dataset.class_names == ("bolt",)


def test_voc_splits_and_parts_of_objects(tmp_path):
    head = voc_object("head", (1, 1, 2, 2)).replace("object>", "part>")
    person = voc_object("person").replace("</object>", f"{head}</object>")
    voc_folder(tmp_path, voc_xml(person))
    voc_folder(tmp_path, voc_xml(voc_object("cat"), "b.png"), "b")
    save_text(tmp_path / "ImageSets" / "Main" / "train.txt", "a\n")
    save_text(tmp_path / "ImageSets" / "Main" / "val.txt", "b\n")
    save_text(tmp_path / "ImageSets" / "Main" / "cat_train.txt", "a -1\n")
    dataset = open_dataset(tmp_path)
    assert dataset.splits == [("train",), ("val",)]
    assert dataset.object_counts.tolist() == [1, 1]
    np.testing.assert_allclose(dataset.boxes(0), [[4, 6, 20, 18]])


def test_one_label_file_may_be_named_instead_of_its_folder(tmp_path, monkeypatch):
    voc_folder(tmp_path, voc_xml(voc_object()))
    assert len(open_dataset(tmp_path / "Annotations" / "a.xml")) == 1
    monkeypatch.chdir(tmp_path / "Annotations")
    assert len(open_dataset("a.xml")) == 1


@pytest.mark.parametrize("images", ["JPEGImages", "images", "."])
def test_voc_images_lie_in_any_folder_and_xml_may_name_another_file(tmp_path, images):
    xml = voc_xml(voc_object(), "C:\\work\\IMG_77.jpeg", (0, 0))
    dataset = open_dataset(voc_folder(tmp_path, xml, images=images))
    assert dataset.object_counts.tolist() == [1]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (voc_object(box=(20, 7, 5, 18)), "corners exchanged"),
        (voc_object(box=("x", 7, 5, 18)), "not four numbers"),
        ("<object><name>bolt</name></object>", "not four numbers"),
        (voc_object(name=""), "it has no name"),
        (voc_object(box=(100, 100, 120, 120)), "lies outside its image"),
    ],
)
def test_a_voc_object_that_is_none_is_left_out_with_its_place(tmp_path, found, why):
    dataset = open_dataset(voc_folder(tmp_path, voc_xml(voc_object() + found)))
    assert dataset.object_counts.tolist() == [1]
    (remark,) = dataset.remarks()
    assert why in remark
    assert remark.endswith("(Annotations/a.xml, object 2)")


def test_voc_masks_take_255_for_void_and_classes_from_the_xml(tmp_path):
    values = np.zeros(SIDE, dtype=int)
    values[5:15, 5:15], values[20:30, 20:40], values[4, 4:16] = 1, 2, 255
    voc_folder(tmp_path, voc_xml(voc_object("cat") + voc_object("dog", (21, 21, 40, 30))))
    voc_folder(tmp_path, voc_xml(voc_object("cat"), "b.png"), "b")
    save_mask(tmp_path / "SegmentationObject" / "a.png", values)
    save_mask(tmp_path / "SegmentationClass" / "a.png", np.where(values == 2, 12, values * 8))
    dataset = open_dataset(tmp_path)
    assert dataset.kind == "mixed"
    assert [dataset.class_names[k] for k in dataset.labels(0)] == ["cat", "dog"]
    np.testing.assert_array_equal(dataset.instances(0), np.where(values == 255, 0, values))
    np.testing.assert_allclose(dataset.boxes(0), [[5, 5, 15, 15], [20, 20, 40, 30]])


def test_voc_masks_without_xml_take_classes_from_the_class_masks(tmp_path):
    values = np.zeros(SIDE, dtype=int)
    values[5:15, 5:15], values[20:30, 20:40] = 1, 2
    save_image(tmp_path / "JPEGImages" / "a.jpg")
    save_mask(tmp_path / "SegmentationObject" / "a.png", values)
    save_mask(tmp_path / "SegmentationClass" / "a.png", np.where(values == 2, 12, values * 8))
    dataset = open_dataset(tmp_path)
    assert [dataset.class_names[k] for k in dataset.labels(0)] == ["cat", "dog"]


def test_cvats_coloured_masks_have_their_names_from_the_labelmap(tmp_path):
    objects, classes = np.zeros((*SIDE, 3), int), np.zeros((*SIDE, 3), int)
    objects[5:15, 5:15], objects[20:30, 20:40] = (0, 0, 255), (128, 0, 0)
    classes[objects.any(axis=2)] = (50, 50, 51)
    save_image(tmp_path / "JPEGImages" / "a.jpg")
    save_mask(tmp_path / "SegmentationObject" / "a.png", objects, "RGB")
    save_mask(tmp_path / "SegmentationClass" / "a.png", classes, "RGB")
    save_text(tmp_path / "labelmap.txt", "# label:color\nbackground:0,0,0::\nbolt:50,50,51::\n")
    dataset = open_dataset(tmp_path)
    assert dataset.class_names == ("bolt",)
    assert sorted(dataset.areas(0).tolist()) == [100.0, 200.0]


CVAT = """<annotations><version>1.1</version><meta><job><labels><label><name>nut</name></label>
<label><name>bolt</name></label></labels></job></meta>
<image id="0" name="sub/a.png" width="60" height="40" subset="Train">
{shapes}
</image></annotations>"""


def cvat_folder(root, shapes):
    save_image(root / "images" / "sub" / "a.png")
    save_text(root / "annotations.xml", CVAT.format(shapes=shapes))
    return root


def test_cvat_shapes_have_the_place_that_was_written(tmp_path):
    dataset = open_dataset(
        cvat_folder(
            tmp_path,
            '<box label="bolt" xtl="4" ytl="6" xbr="20" ybr="18">'
            '<attribute name="a">1</attribute></box>'
            '<polygon label="nut" points="30,10;52,10;52,34;30,34"/>'
            '<mask label="nut" rle="1, 2, 1, 4" left="2" top="30" width="4" height="2"/>'
            '<ellipse label="nut" cx="25" cy="30" rx="4" ry="3"/>'
            '<box label="bolt" xtl="40" ytl="36" xbr="50" ybr="38" rotation="90"/><tag label="x"/>',
        )
    )
    assert dataset.splits == [("train",)]
    assert [dataset.class_names[k] for k in dataset.labels(0)] == ["bolt", *["nut"] * 3, "bolt"]
    np.testing.assert_allclose(
        dataset.boxes(0),
        [[4, 6, 20, 18], [30, 10, 52, 34], [2, 30, 6, 32], [21, 27, 29, 33], [44, 32, 46, 40]],
        atol=0.05,
    )
    drawn = list(dataset.masks(0))[2]
    np.testing.assert_array_equal(drawn[30:32, 2:6], [[0, 1, 1, 0], [1, 1, 1, 1]])
    np.testing.assert_allclose(dataset.areas(0)[2:4], [6, np.pi * 12], rtol=0.02)
    np.testing.assert_allclose(dataset.areas(0)[4], 16, rtol=0.01)  # 20, cut at the border


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ('<polyline label="bolt" points="1,1;2,2"/>', "a polyline has no area"),
        ('<polygon label="bolt" points="1,1;2,2"/>', "fewer than three points"),
        ('<polygon label="bolt" points="1,1;2,2;3"/>', "its coordinates are no numbers"),
        ('<box label="bolt" xtl="4" ytl="6" xbr="20"/>', "its coordinates are no numbers"),
        ('<mask label="b" rle="9" left="2" top="1" width="4" height="2"/>', "do not add up"),
        ('<mask label="b" rle="0,8" left="58" top="1" width="4" height="2"/>', "beyond its image"),
    ],
)
def test_a_cvat_shape_that_is_no_object_is_left_out_with_its_place(tmp_path, shape, why):
    good = '<box label="bolt" xtl="4" ytl="6" xbr="20" ybr="18"/>'
    dataset = open_dataset(cvat_folder(tmp_path, good + shape))
    assert dataset.object_counts.tolist() == [1]
    (remark,) = dataset.remarks()
    assert why in remark
    assert remark.endswith("(annotations.xml, shape 2 of images/sub/a.png)")


def test_tracks_of_a_video_are_refused(tmp_path):
    cvat_folder(tmp_path, "")
    save_text(tmp_path / "annotations.xml", "<annotations><track id='0'/></annotations>")
    with pytest.raises(DatasetError, match="tracks of a video"):
        open_dataset(tmp_path)


@pytest.mark.parametrize("root", ["annotation", "annotations"])
def test_an_xml_bomb_is_refused_before_it_unfolds(tmp_path, root):
    voc_folder(tmp_path, BOMB.format(root=root))
    with pytest.raises(DatasetError, match=r"a\.xml', XML that declares entities"):
        open_dataset(tmp_path)


@pytest.mark.parametrize("root", ["annotation", "annotations"])
def test_a_cut_xml_file_is_named_with_its_line(tmp_path, root):
    voc_folder(tmp_path, f"<{root}>\n<object>")
    with pytest.raises(DatasetError, match=r"a\.xml', line 2, column \d+: no valid XML"):
        open_dataset(tmp_path)


def test_another_file_is_not_read_through_xml(tmp_path):
    save_text(tmp_path / "secret.txt", "secret")
    xml = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{tmp_path}/secret.txt">]>' + voc_xml(
        voc_object("&x;")
    )
    with pytest.raises(DatasetError, match="declares entities"):
        open_dataset(voc_folder(tmp_path / "set", xml))
