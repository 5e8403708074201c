from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ptssp_sklearn.datasets.asked_images import BOXES_NOTE, asked_images
from ptssp_sklearn.exceptions import DatasetError
from ptssp_sklearn.images import check_image_table
from tests.datasets.written import save_text, yolo_folder, yolo_line

COINS = Path(__file__).parents[1] / "data" / "datasets" / "mispaired_masks"
IMAGES = [str(COINS / f"coin_{i}.png") for i in range(1, 5)]
MASKS = [str(COINS / f"coin_{i}_L.png") for i in range(1, 5)]
COUNTS = [7, 6, 7, 7]


def test_files_in_order_are_read_as_they_are_given():
    asked = asked_images(IMAGES, MASKS)
    assert asked.counts == COUNTS
    assert list(check_image_table(asked.table)[0].masks) == MASKS
    assert asked.sentence().startswith(f"{IMAGES[0]} (7 objects), ")
    assert asked_images(IMAGES).counts == [None] * 4


def test_masks_that_contradict_their_order_are_refused():
    order = [1, 0, 3, 2]
    with pytest.raises(DatasetError, match=r"coin_2_L\.png' as mask 1, .* says '.*coin_1_L\.png'"):
        asked_images(IMAGES, [MASKS[i] for i in order])


@pytest.mark.parametrize("masks", [str(COINS), str(COINS / "*_L.png"), str(COINS / "coin_?_L.*")])
@pytest.mark.parametrize("images", [IMAGES, IMAGES[::-1]])
def test_a_folder_or_a_pattern_of_masks_is_paired_by_name(images, masks):
    asked = asked_images(images, [masks])
    assert asked.counts == (COUNTS if images is IMAGES else COUNTS[::-1])
    assert [Path(name).name for name in asked.files] == [Path(name).name for name in images]


def test_a_folder_of_images_and_one_of_masks_are_paired_by_name(tmp_path):
    for kind, files in (("photos", IMAGES), ("gt", MASKS)):
        (tmp_path / kind).mkdir()
        for file in files:
            shutil.copy(file, tmp_path / kind)
    asked = asked_images([str(tmp_path / "photos")], [str(tmp_path / "gt")], n_images=3)
    assert len(asked.files) == 3
    assert set(asked.counts) <= {6, 7}
    (tmp_path / "gt" / "coin_2_L.png").unlink()
    with pytest.raises(DatasetError, match=r"no mask that is named like '.*coin_2\.png' among 3"):
        asked_images([str(tmp_path / "photos")], [str(tmp_path / "gt")])


def test_label_files_are_paired_by_name_too(tmp_path):
    for i in (1, 2):
        shutil.copy(IMAGES[i - 1], tmp_path)
        polygons = "\n".join(["0 .1 .1 .2 .1 .2 .2", "1 .5 .5 .6 .5 .6 .6"][:i])
        save_text(tmp_path / "labels" / f"coin_{i}.txt", polygons)
    files = [str(tmp_path / f"coin_{i}.png") for i in (2, 1)]
    asked = asked_images(files, [str(tmp_path / "labels")])
    assert asked.counts == [2, 1]
    assert asked_images(files[:1], [str(tmp_path / "labels" / "coin_2.txt:1")]).counts == [1]


def test_a_data_set_says_what_was_read_and_that_boxes_are_boxes(tmp_path):
    yaml = "train: images\nnames: [bolt, nut]"
    lines = {"a.png": yolo_line(0) + "\n9 .5 .5 .1 .1", "b.png": yolo_line(0)}
    root = yolo_folder(tmp_path, yaml, lines)
    for given in (root, root / "data.yaml"):
        asked = asked_images([str(given)], class_name="bolt")
        assert asked.sentence() == "images/a.png (1 object), images/b.png (1 object)"
        assert asked.notes[0] == BOXES_NOTE
        assert "its class 9 is not among the named ones" in asked.notes[1]
    assert len(asked_images([str(root)], n_images=1).files) == 1


@pytest.mark.parametrize(
    ("images", "masks", "options", "message"),
    [
        (IMAGES, MASKS[:1], {}, "Got 1 mask for 4 images"),
        (IMAGES, ["no/*.png"], {}, "a pattern that no file has"),
        (IMAGES, [], {"class_name": "bolt"}, "for single files, expected a data set"),
        (["no.yaml"], [], {}, "there is no such file or folder"),
        ([], [], {}, "Got no image"),
    ],
)
def test_what_cannot_be_understood_is_refused(images, masks, options, message):
    with pytest.raises(ValueError, match=message):
        asked_images(images, masks, **options)
