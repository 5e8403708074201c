"""YOLO-seg folders drawn on disk: layouts, splits, single classes, and every refusal."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

from experiments.datasets import make_dataset
from experiments.datasets.yolo import YoloDataset, list_datasets
from tests.scenes import scene

SQUARE = "{} 0.1 0.2 0.6 0.2 0.6 0.7 0.1 0.7\n"
TRIANGLE = "{} 0.7 0.7 0.95 0.7 0.8 0.95\n"


def put(folder, name, text, *, side=40, suffix=".png"):
    """Write one image with its label file; text None means no label file."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    image, _ = scene(len(name) + side, side=side)
    Image.fromarray(image[:, : side - 10]).save(folder / "images" / f"{name}{suffix}")
    if text is not None:
        (folder / "labels" / f"{name}.txt").write_text(text)


def yaml_of(root, text="names: [bolt, nut]\nnc: 2\n", splits=("train", "val", "test")):
    paths = {"train": "train", "val": "valid", "test": "test"}
    (root / "data.yaml").write_text(
        text + "".join(f"{split}: ../{paths[split]}/images\n" for split in splits)
    )


@pytest.fixture
def root(tmp_path):
    """Six training images, two for validation, three for the test."""
    root = tmp_path / "bolts"
    for index in range(6):
        put(root / "train", f"t{index}", SQUARE.format(0) + TRIANGLE.format(1) * (index < 3))
    for index in range(2):
        put(root / "valid", f"v{index}", SQUARE.format(1))
    put(root / "test", "a", SQUARE.format(0), suffix=".jpg")
    put(root / "test", "b", TRIANGLE.format(1))
    put(root / "test", "c", None)
    yaml_of(root)
    return root


def only(root, **options):
    (record,) = list_datasets(root, **options)
    return make_dataset(json.loads(json.dumps(record)))


def test_whole_dataset_is_split_as_given(root):
    data = only(root)
    assert (data.name, data.group, data.class_names) == ("bolts", "bolts", ("bolt", "nut"))
    assert data.n_train == 6
    test = data.test()
    assert [len(sample.classes) for sample in test] == [1, 1, 0]
    assert test[0].image.shape == (40, 30, 3)
    assert test[0].mask.shape == (40, 30)
    assert test[0].mask[20, 10] == 1
    assert not test[2].mask.any()


def test_instances_keep_their_classes(root):
    sample = next(s for s in only(root).train(6) if len(s.classes) == 2)
    assert sample.classes.tolist() == [0, 1]
    assert sample.mask[10, 8] == 1
    assert sample.mask[30, 24] == 2


def test_validation_images_stand_in_for_absent_test_images(root):
    yaml_of(root, splits=("train", "val"))
    assert len(only(root).test()) == 2
    yaml_of(root)
    shutil.rmtree(root / "test")
    assert len(only(root).test()) == 2


def test_subsets_nest_and_come_back(root):
    data = only(root)
    four, six = data.train(4, repeat=1), data.train(6, repeat=1)
    assert all(np.array_equal(a.image, b.image) for a, b in zip(four, six, strict=False))
    again = only(root).train(4, repeat=1)
    assert all(np.array_equal(a.image, b.image) for a, b in zip(four, again, strict=True))
    orders = {tuple(len(s.classes) for s in data.train(6, repeat=r)) for r in range(5)}
    assert len(orders) > 1


def test_one_class_trains_on_its_images_and_tests_on_all(root):
    bolt, nut = (YoloDataset(record) for record in list_datasets(root, by_class=True))
    assert (bolt.name, nut.name, nut.group) == ("bolts-bolt", "bolts-nut", "bolts")
    assert (bolt.n_train, nut.n_train) == (6, 3)
    assert nut.class_names == ("nut",)
    assert all(s.classes.tolist() == [0] and s.mask.max() == 1 for s in nut.train(3))
    assert [len(s.classes) for s in nut.test()] == [0, 1, 0]
    assert [r["name"] for r in list_datasets(root, by_class=["nut"])] == ["bolts-nut"]


def test_images_can_be_split_anew(root):
    data = only(root, fractions=(0.5, 0.4), seed=3)
    assert (data.n_train, len(data.test())) == (6, 4)
    same = only(root, fractions=(0.5, 0.4), seed=3)
    pairs = zip(data.test(), same.test(), strict=True)
    assert all(np.array_equal(a.image, b.image) for a, b in pairs)


def test_images_are_scaled_to_their_longest_side(root):
    sample = only(root, side=20).test()[0]
    assert sample.image.shape == (20, 15, 3)
    assert sample.mask[10, 5] == 1
    assert sample.mask.mean() == pytest.approx(only(root).test()[0].mask.mean(), abs=0.05)


def test_other_forms_of_data_yaml_are_read(root):
    (root / "data.yaml").write_text(
        "path: .\nnames: {0: bolt, 1: nut}\ntrain: [train/images, valid/images]\ntest: test\n"
    )
    data = only(root)
    assert (data.n_train, len(data.test())) == (8, 3)


def test_folder_of_folders_gives_each(root):
    shutil.copytree(root, root.parent / "nuts")
    (root.parent / ".part").mkdir()
    assert [r["name"] for r in list_datasets(root.parent)] == ["bolts", "nuts"]
    (root.parent / "nuts" / "data.yaml").unlink()
    with pytest.raises(ValueError, match=r"nuts' without a data\.yaml"):
        list_datasets(root.parent)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.5 0.5 0.2 0.2", r"t1\.txt', line 2.*expected a polygon.*not a box"),
        ("0 0.5 0.5 0.2 0.2 5 0.3", r"t1\.txt', line 2.*fractions in \[0, 1\]"),
        ("0 0.5 0.5 0.2 0.2 nan 0.3", r"t1\.txt', line 2.*fractions in \[0, 1\]"),
        ("0 0.5 0.5 0.2 0.2 0.3", r"t1\.txt', line 2.*at least three"),
        ("bolt 0.5 0.5 0.2 0.2 0.3 0.3", r"t1\.txt', line 2.*numbers only"),
        ("7 0.5 0.5 0.2 0.2 0.3 0.3", r"t1\.txt', line 2: class 7, but data\.yaml names 2"),
    ],
)
def test_bad_label_line_is_named_when_opened(root, line, message):
    (root / "train" / "labels" / "t1.txt").write_text(SQUARE.format(0) + line)
    with pytest.raises(ValueError, match=message) as caught:
        list_datasets(root)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names: [bolt, nut\n", "no YAML file"),
        ("nut\n", "without keys"),
        ("nc: 2\n", "with names None"),
        ("names: [bolt, bolt]\n", "each name once"),
        ("names: {0: bolt, 2: nut}\n", "expected 0, 1, 2"),
        ("names: [bolt]\nnc: 2\n", "nc: 2 but 1 names"),
        ("names: [bolt, nut]\ntrain: gone/images\n", "no such folder of images"),
        ("names: [bolt, nut]\ntrain: train/images\n", "without val images"),
        ("names: [bolt, nut]\nval: valid/images\n", "without train images"),
    ],
)
def test_bad_data_yaml_is_refused(root, text, message):
    (root / "data.yaml").write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        list_datasets(root)
    assert "\n" not in str(caught.value)


def test_missing_parts_are_named(root, tmp_path):
    with pytest.raises(ValueError, match="nowhere', but there is no such folder"):
        list_datasets(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"has a data\.yaml"):
        list_datasets(root / "train")
    (root / "train" / "images" / "t4.png").unlink()
    with pytest.raises(ValueError, match=r"t4\.txt' without an image"):
        list_datasets(root)
    shutil.rmtree(root / "train" / "labels")
    with pytest.raises(ValueError, match=r"labels' is missing"):
        list_datasets(root)
    shutil.rmtree(root / "train" / "images")
    (root / "train" / "images").mkdir()
    with pytest.raises(ValueError, match="without images"):
        list_datasets(root)


def test_empty_classes_and_datasets_are_refused(root):
    yaml_of(root, "names: [bolt, nut, rivet]\n")
    with pytest.raises(ValueError, match=r"bolts-rivet' with no 'rivet' in its training"):
        list_datasets(root, by_class=True)
    with pytest.raises(ValueError, match="class 'screw', expected one of bolt, nut, rivet"):
        list_datasets(root, by_class=["screw"])
    for label in (root / "test" / "labels").glob("*.txt"):
        label.write_text("")
    with pytest.raises(ValueError, match="no object in its test images"):
        list_datasets(root)


def test_too_large_a_size_is_refused(root):
    with pytest.raises(ValueError, match=r"size=7 for the dataset 'bolts', which has 6"):
        only(root).train(7)


@pytest.mark.parametrize("options", [{"side": 0}, {"fractions": (0.8, 0.3)}, {"fractions": (1, 0)}])
def test_bad_settings_are_refused(root, options):
    with pytest.raises(ValueError, match="expected"):
        list_datasets(root, **options)


def test_unreadable_image_is_named_when_decoded(root):
    (root / "test" / "images" / "b.png").write_bytes(b"no image")
    data = only(root)
    with pytest.raises(ValueError, match=r"b\.png'"):
        data.test()


def test_missing_yaml_package_names_its_install_line(root, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ValueError, match="pip install pyyaml"):
        list_datasets(root)
