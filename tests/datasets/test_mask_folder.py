from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ptssp_sklearn.datasets import open_dataset
from ptssp_sklearn.exceptions import DatasetError
from tests.datasets.written import SIDE, save_image

DATA = Path(__file__).parents[1] / "data" / "datasets"
COINS = [7, 6, 7, 7]
"""Coins on each of the four images."""


def save_values(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


def two_discs() -> np.ndarray:
    rows, columns = np.indices(SIDE)
    first = (rows - 12) ** 2 + (columns - 14) ** 2 <= 64
    second = (rows - 25) ** 2 + (columns - 42) ** 2 <= 100
    return first + 2 * second


def folder(root: Path, masks: dict[str, np.ndarray], images: list[str]) -> Path:
    for seed, name in enumerate(images):
        save_image(root / name, seed)
    for name, values in masks.items():
        save_values(root / name, values)
    return root


def test_masks_named_after_their_images_are_paired_by_name():
    dataset = open_dataset(DATA / "mispaired_masks")
    assert [path.name for path in dataset.paths] == [f"coin_{i}.png" for i in range(1, 5)]
    assert dataset.object_counts.tolist() == COINS
    assert "each id is an object" in dataset.summary()
    shapes = [dataset.instances(i).shape for i in range(4)]
    assert shapes == [tuple(shape) for shape in dataset.shapes.tolist()]


@pytest.mark.parametrize(
    ("source", "taken", "classes"),
    [
        ("antialiased_masks/aa_{}.png", "object or background", 1),
        ("semantic_two_classes/sem2_{}.png", "class masks", 2),
        ("mispaired_masks/coin_{}_L.png", "instance masks", 1),
    ],
)
@pytest.mark.parametrize(
    "name", ["{}_mask.png", "{}.png.png", "masks/{}.png", "labels/seg-{}.png", "gt/{}.png"]
)
def test_objects_are_counted_whatever_kind_the_masks_are(tmp_path, source, taken, classes, name):
    for i in range(1, 5):
        shutil.copy(DATA / "mispaired_masks" / f"coin_{i}.png", tmp_path)
        place = tmp_path / name.format(f"coin_{i}")
        place.parent.mkdir(exist_ok=True)
        shutil.copy(DATA / source.format(i), place)
    dataset = open_dataset(tmp_path)
    assert dataset.object_counts.tolist() == COINS
    assert [int(dataset.instances(i).max()) for i in range(4)] == COINS
    assert taken in dataset.summary()
    assert len(dataset.class_names) == classes


def test_jpeg_masks_are_thresholded(tmp_path):
    for i in range(4):
        save_image(tmp_path / "images" / f"{i}.png", i)
        place = tmp_path / "masks" / f"{i}.jpg"
        place.parent.mkdir(exist_ok=True)
        Image.fromarray(np.uint8(255) * (two_discs() > 0)).save(place, quality=70)
    dataset = open_dataset(tmp_path)
    assert dataset.object_counts.tolist() == [2] * 4
    sizes = [(two_discs() == k).sum() for k in (1, 2)]
    np.testing.assert_allclose(sorted(dataset.areas(0)), sizes, rtol=0.06)


def test_255_beside_small_ids_is_void(tmp_path):
    values = two_discs().astype(np.uint8)
    values[5, 5:25] = 255
    dataset = open_dataset(folder(tmp_path, {"masks/a.png": values}, ["images/a.png"]))
    assert dataset.object_counts.tolist() == [2]
    assert "255 is taken as void" in dataset.summary()


@pytest.mark.parametrize(
    "values",
    [
        two_discs().astype(np.uint16) * 300,
        np.array([[0, 0, 0], [0, 0, 255], [200, 30, 0]], np.uint8)[two_discs()],
        np.array([[9, 9, 9, 0], [9, 9, 9, 255], [9, 9, 9, 255]], np.uint8)[two_discs()],
        two_discs() > 0,
    ],
    ids=["16 bits", "colours", "alpha", "1 bit"],
)
def test_ids_may_be_deep_coloured_or_drawn_in_the_opacity(tmp_path, values):
    dataset = open_dataset(folder(tmp_path, {"a_mask.png": values}, ["a.png"]))
    assert dataset.object_counts.tolist() == [2]
    np.testing.assert_array_equal(dataset.instances(0) > 0, two_discs() > 0)


def test_an_object_in_two_pieces_stays_one_beside_others_that_are_whole(tmp_path):
    values = np.zeros((8, *SIDE), np.uint8)
    for k in range(8):
        for number in range(4):
            values[k, 5:15, 3 + 14 * number : 13 + 14 * number] = number + 1
    values[0, 25:30, 5:10] = 1
    masks = {f"masks/{k}.png": values[k] for k in range(8)}
    dataset = open_dataset(folder(tmp_path, masks, [f"images/{k}.png" for k in range(8)]))
    assert dataset.object_counts.tolist() == [4] * 8
    np.testing.assert_array_equal(dataset.instances(0), values[0])


def test_one_file_an_object_as_the_data_science_bowl_has(tmp_path):
    masks = {
        f"{k}/masks/m{number}.png": np.uint8(255) * (two_discs() == number + 1)
        for k in "ab"
        for number in range(2)
    }
    dataset = open_dataset(folder(tmp_path, masks, ["a/images/a.png", "b/images/b.png"]))
    assert dataset.object_counts.tolist() == [2, 2]
    assert "Each mask file is taken as one object" in dataset.summary()
    np.testing.assert_array_equal(dataset.instances(1) > 0, two_discs() > 0)


def test_images_of_one_name_in_two_folders_keep_their_own_masks(tmp_path):
    values = two_discs().astype(np.uint8)
    masks = {"train_labels/a.png": values, "val_labels/a.png": (values == 2).astype(np.uint8)}
    dataset = open_dataset(folder(tmp_path, masks, ["train/a.png", "val/a.png"]))
    assert dataset.splits == [("train",), ("val",)]
    assert dataset.object_counts.tolist() == [2, 1]


def test_what_has_no_partner_or_another_size_is_left_out_and_counted(tmp_path):
    values = two_discs().astype(np.uint8)
    masks = {"masks/a.png": values, "masks/b.png": values[:20], "masks/z.png": values}
    images = ["images/a.png", "images/b.png", "images/c.png"]
    dataset = open_dataset(folder(tmp_path, masks, images))
    text = dataset.summary()
    assert dataset.object_counts.tolist() == [2, 0]
    assert "1 mask left out: it has another size than its image" in text
    assert "1 image left out: no mask has its name (images/c.png)" in text
    assert "1 mask left out: no image has its name (masks/z.png)" in text


def test_empty_masks_and_photographs_are_refused(tmp_path):
    empty = np.zeros(SIDE, np.uint8)
    with pytest.raises(DatasetError, match="with no object"):
        open_dataset(folder(tmp_path / "a", {"masks/a.png": empty}, ["images/a.png"]))
    photo = np.random.default_rng(0).integers(0, 256, (80, 90, 3)).astype(np.uint8)
    with pytest.raises(DatasetError, match="thousands of values"):
        open_dataset(folder(tmp_path / "b", {"masks/a.png": photo}, ["images/a.png"]))
