from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ptssp_sklearn import load_pretrained
from ptssp_sklearn.datasets import image_table, open_dataset, typical_images
from ptssp_sklearn.exceptions import DatasetError
from ptssp_sklearn.images import check_image_table
from tests.datasets.written import annotation, coco, coco_folder, yolo_folder, yolo_line

DATA = Path(__file__).parents[1] / "data" / "datasets"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Forty images of 0 to 9 boxes; the last of an image is a nut; sides grow with the number."""
    lines = {
        f"{'train' if k < 36 else 'val'}/{k:02d}.png": "\n".join(
            yolo_line(int(j == k % 10 - 1), np.array([6.0 * j, 5, 6 * j + 5, 7 + k / 2]))
            for j in range(k % 10)
        )
        for k in range(40)
    }
    yaml = "train: images/train\nval: images/val\nnames: [bolt, nut, washer]"
    return open_dataset(yolo_folder(tmp_path_factory.mktemp("set"), yaml, lines))


def test_the_choice_is_spread_over_number_and_size_of_objects(dataset):
    for seed in range(5):
        chosen = typical_images(dataset, 8, seed=seed)
        assert len(set(chosen.tolist())) == 8
        counts = np.sort(dataset.object_counts[chosen])
        everywhere = dataset.object_counts[:36][dataset.object_counts[:36] > 0]
        levels = np.quantile(everywhere, np.arange(1, 17, 2) / 16)
        assert np.abs(counts - levels).max() <= 1.0
        sizes = np.sort([np.median(dataset.areas(i)) for i in chosen])
        known = [np.median(dataset.areas(i)) for i in range(36) if dataset.object_counts[i]]
        assert sizes[0] < np.quantile(known, 0.35)
        assert sizes[-1] > np.quantile(known, 0.65)


def test_the_choice_is_of_training_images_with_objects_and_the_seeds_own(dataset):
    chosen = [typical_images(dataset, 6, seed=seed).tolist() for seed in (0, 0, 1)]
    assert chosen[0] == chosen[1] != chosen[2]
    assert all(dataset.object_counts[i] and "train" in dataset.splits[i] for i in chosen[0])
    assert len(typical_images(dataset, 100)) == 32
    assert len(typical_images(dataset.split("val"), 8)) == 4


def test_groups_are_spread(dataset):
    grouped = dataset.with_groups({p.name: str(int(p.stem) % 10) for p in dataset.paths})
    chosen = typical_images(grouped, 8)
    assert len({grouped.groups[i] for i in chosen}) == 8


def test_one_class_is_chosen_and_drawn_alone(dataset):
    X = image_table(dataset, 4, class_name="nut")
    row = check_image_table(X)[0]
    assert [int(np.count_nonzero(np.unique(mask))) for mask in row.masks] == [1] * 4
    with pytest.raises(DatasetError, match="no image shows an object of the class 'washer'"):
        typical_images(dataset, 4, class_name="washer")
    with pytest.raises(DatasetError, match="Did you mean 'bolt'"):
        image_table(dataset, class_name="bold")
    with pytest.raises(DatasetError, match="Got 0 images"):
        typical_images(dataset, 0)


def test_the_row_knows_what_its_masks_were_drawn_from(dataset):
    X = image_table(dataset)
    assert X.shape == (1, 17)
    assert X["labels"].tolist() == ["boxes"]
    assert check_image_table(X)[0].labels == "boxes"
    assert image_table(DATA / "cvat_yolo")["labels"].tolist() == ["masks"]
    assert X.index.tolist() == [dataset.root.name]


def test_an_object_in_two_pieces_is_one_object_in_the_row(tmp_path):
    parts = [[4, 6, 20, 6, 20, 18, 4, 18], [30, 20, 40, 20, 40, 30, 30, 30]]
    X = image_table(coco_folder(tmp_path, coco([annotation(segmentation=parts)])))
    ((_, mask),) = check_image_table(X)[0].decode()
    assert np.unique(mask).tolist() == [0, 1]


def test_a_pipeline_is_asked_with_a_data_set_or_its_path(tmp_path):
    model, path = load_pretrained(), DATA / "cvat_yolo"
    model.set_params(embed__cache_dir=tmp_path)
    X = image_table(path)
    expected = model.required_size(X, 0.4)
    for given in (path, str(path), open_dataset(path)):
        np.testing.assert_array_equal(model.required_size(given, 0.4), expected)
    np.testing.assert_array_equal(model.predict(path), model.predict(X))
    pilot = [(16, 0.3)]
    assert model.required_size(path, 0.4, pilot=pilot, interval=0.9).index.tolist() == ["cvat_yolo"]
    assert model.out_of_domain(path).shape == (1,)
    assert model.plan(path, 0.4, pilot=pilot)[0].sentence()
