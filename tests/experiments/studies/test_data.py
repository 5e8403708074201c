from __future__ import annotations

import hashlib
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.studies.data import stand_ins
from experiments.studies.data.pictures import cifar10, garbage, mnist
from experiments.studies.data.scenes import VOC_CLASSES, pet, voc
from experiments.studies.data.texts import LIBRARIES, docstrings, imdb
from experiments.studies.packages import MissingDataError
from experiments.studies.study import Examples, count
from experiments.studies.subsets import nested_order, part_sizes

RNG = np.random.default_rng(0)


def noise(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape, dtype=np.uint8)


def write_idx(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    path.write_bytes(head + values.tobytes())


def test_mnist_is_read_from_idx_files(tmp_path):
    images, labels = noise(12, 28, 28), np.arange(12, dtype=np.uint8) % 10
    for part, rows in (("train", slice(None)), ("t10k", slice(0, 5))):
        write_idx(tmp_path / f"MNIST/raw/{part}-images-idx3-ubyte", images[rows])
        write_idx(tmp_path / f"MNIST/raw/{part}-labels-idx1-ubyte", labels[rows])
    data = mnist(tmp_path)
    assert (count(data.train), count(data.test)) == (12, 5)
    pixels, label = data.train[3]
    assert label == 3
    assert np.allclose(pixels.numpy()[0], images[3] / 127.5 - 1, atol=1e-6)
    assert data.strata.tolist() == labels.tolist()


def write_cifar10(root: Path, n: int = 4) -> dict[str, str]:
    folder, checksums, images = root / "cifar-10-batches-py", {}, {}
    folder.mkdir(parents=True)
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        images[name] = noise(n, 3, 32, 32)
        rows = {"data": images[name].reshape(n, -1), "labels": [i % 10 for i in range(n)]}
        (folder / name).write_bytes(pickle.dumps(rows))
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship",
             "truck"]  # fmt: skip
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": names}))
    for path in folder.iterdir():
        checksums[path.name] = hashlib.md5(path.read_bytes()).hexdigest()
    return checksums


def test_cifar10_is_read_from_its_batches(tmp_path):
    checksums = write_cifar10(tmp_path)
    data = cifar10(tmp_path, checksums=checksums)
    assert (count(data.train), count(data.test)) == (20, 4)
    assert data.classes[2] == "bird"
    assert data.train[6][1] == data.strata[6] == 2
    assert data.test[0][0].shape == (3, 32, 32)
    assert -1 <= float(data.test[0][0].min()) < float(data.test[0][0].max()) <= 1


def test_batches_that_are_not_the_known_ones_are_not_opened(tmp_path):
    checksums = write_cifar10(tmp_path)
    with pytest.raises(MissingDataError, match="by their MD5"):
        cifar10(tmp_path)
    batch = tmp_path / "cifar-10-batches-py" / "data_batch_2"
    batch.write_bytes(batch.read_bytes() + b"x")
    with pytest.raises(MissingDataError, match="by their MD5"):
        cifar10(tmp_path, checksums=checksums)


def test_garbage_is_read_from_a_folder_a_class_with_a_fixed_test_split(tmp_path):
    for name in ("cardboard", "glass"):
        (tmp_path / name).mkdir()
        for i in range(10):
            Image.fromarray(noise(20, 30, 3)).save(tmp_path / name / f"{i}.jpg")
    data, again = garbage(tmp_path, side=32), garbage(tmp_path, side=32)
    assert data.classes == ("cardboard", "glass")
    assert np.bincount(data.strata).tolist() == [8, 8]
    assert sorted(data.test[i][1] for i in range(count(data.test))) == [0, 0, 1, 1]
    assert data.test[0][0].shape == (3, 32, 32)
    assert not set(data.train.indices) & set(data.test.indices)
    assert data.test.indices == again.test.indices


def test_pet_is_read_with_the_pet_and_its_border_inside(tmp_path):
    folder = tmp_path / "oxford-iiit-pet"
    (folder / "images").mkdir(parents=True)
    (folder / "annotations" / "trimaps").mkdir(parents=True)
    trimap = np.full((20, 24), 2, np.uint8)
    trimap[5:15, 6:18], trimap[8:12, 9:15] = 3, 1
    for split, names in (("trainval", ["Abyssinian_1", "beagle_2"]), ("test", ["pug_3"])):
        lines = []
        for name in names:
            Image.fromarray(noise(20, 24, 3)).save(folder / "images" / f"{name}.jpg")
            Image.fromarray(trimap).save(folder / "annotations" / "trimaps" / f"{name}.png")
            lines.append(f"{name} {5 if name[0] == 'b' else 1} 1 1\n")
        (folder / "annotations" / f"{split}.txt").write_text("".join(lines))
    data = pet(tmp_path, side=48)
    image, inside = data.train[1]
    assert image.shape == (3, 48, 48)
    assert inside.shape == (1, 48, 48)
    assert float(inside.mean()) == pytest.approx(10 * 12 / (20 * 24), abs=0.01)
    assert data.strata.tolist() == [0, 4]
    assert count(data.test) == 1


def voc_object(name: str, corners: tuple[int, ...], difficult: int = 0) -> str:
    sides = "".join(
        f"<{k}>{v}</{k}>" for k, v in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
    )
    return (
        f"<object><name>{name}</name><difficult>{difficult}</difficult>"
        f"<bndbox>{sides}</bndbox></object>"
    )


def test_voc_is_read_with_its_boxes_difficult_ones_left_out(tmp_path):
    root = tmp_path / "VOCdevkit" / "VOC2007"
    for name in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / name).mkdir(parents=True)
    objects = {
        "000001": [voc_object("dog", (2, 3, 20, 21)), voc_object("cat", (1, 1, 9, 9), 1)],
        "000002": [voc_object("car", (4, 5, 30, 16)), voc_object("car", (5, 5, 20, 20))],
        "000003": [],
    }
    for name, found in objects.items():
        Image.fromarray(noise(24, 32, 3)).save(root / "JPEGImages" / f"{name}.jpg")
        text = f"<annotation><filename>{name}.jpg</filename>{''.join(found)}</annotation>"
        (root / "Annotations" / f"{name}.xml").write_text(text)
    (root / "ImageSets/Main/trainval.txt").write_text("000001\n000002\n")
    (root / "ImageSets/Main/test.txt").write_text("000003\n")
    data = voc(tmp_path)
    image, target = data.train[0]
    assert image.shape == (3, 24, 32)
    assert 0 <= float(image.min()) <= float(image.max()) <= 1
    assert target["boxes"].tolist() == [[2, 3, 20, 21]]
    assert target["labels"].tolist() == [VOC_CLASSES.index("dog") + 1]
    assert data.train[1][1]["boxes"].shape == (2, 4)
    assert data.strata.tolist() == [VOC_CLASSES.index("dog"), VOC_CLASSES.index("car")]
    assert data.test[0][1]["boxes"].shape == (0, 4)


def test_imdb_is_read_from_its_tree(tmp_path):
    for part, n in (("train", 3), ("test", 2)):
        for sentiment in ("neg", "pos", "unsup"):
            folder = tmp_path / "aclImdb" / part / sentiment
            folder.mkdir(parents=True)
            for i in range(n):
                (folder / f"{i}_7.txt").write_text(f"A {sentiment} café {i}", encoding="utf-8")
    data = imdb(tmp_path)
    assert (count(data.train), count(data.test)) == (6, 4)
    assert data.classes == ("neg", "pos")
    for i in range(6):
        text, label = data.train[i]
        assert text.startswith(f"A {data.classes[label]} café")
        assert label == data.strata[i]


def test_digits_are_real_split_and_scaled():
    data = stand_ins.digits()
    assert (count(data.train), count(data.test)) == (1347, 450)
    assert data.train[0][0].shape == (1, 28, 28)
    values = data.train.inputs
    assert (float(values.min()), float(values.max())) == (-1, 1)
    assert np.bincount(data.strata).min() > 125


def test_pieces_of_photographs_share_no_pixel_between_train_and_test():
    ramp = np.arange(300 * 400, dtype=np.int64).reshape(300, 400)
    image = np.stack([ramp // 65536, ramp // 256 % 256, ramp % 256], -1).astype(np.uint8)
    seen = []
    for tested in (False, True):
        rng = np.random.default_rng(3)
        gain, stand_ins._GAIN = stand_ins._GAIN, (1.0, 1.0)
        try:
            pieces = stand_ins._pieces(image, 32, 200, tested, rng).astype(np.int64)
        finally:
            stand_ins._GAIN = gain
        seen.append(set(((pieces[..., 0] * 256 + pieces[..., 1]) * 256 + pieces[..., 2]).ravel()))
    assert seen[0]
    assert seen[1]
    assert not seen[0] & seen[1]


def test_docstrings_are_prose_that_does_not_name_its_library():
    data: Examples = docstrings(15)
    assert data.classes == tuple(LIBRARIES)
    sides = [part.inputs for part in (data.train, data.test)]
    assert sum(len(texts) for texts in sides) == 60
    assert not set(sides[0]) & set(sides[1])
    whole = " ".join(sides[0] + sides[1]).lower()
    assert not any(name in whole.split() for name in ("numpy", "scipy", "pandas", "sklearn"))
    assert "Parameters -" not in whole


def test_detection_boxes_hold_the_objects_of_their_scene():
    data = stand_ins.detection(6, 2)
    labels = set()
    for i in range(6):
        image, target = data.train[i]
        assert image.shape == (3, 64, 64)
        left, top, right, bottom = target["boxes"].T
        assert bool((left < right).all())
        assert bool((top < bottom).all())
        assert float(target["boxes"].max()) <= 64
        labels |= set(target["labels"].tolist())
    assert labels <= {1, 2}


def test_parts_are_stratified_and_nest():
    strata = np.random.default_rng(1).permutation(np.repeat([0, 1, 2], [100, 60, 40]))
    order = nested_order(strata, seed=4)
    assert sorted(order) == list(range(200))
    for size in (20, 50, 100):
        counts = np.bincount(strata[order[:size]], minlength=3)
        assert np.abs(counts - size * np.array([0.5, 0.3, 0.2])).max() <= 1
    assert not np.array_equal(order, nested_order(strata, seed=5))


def test_fractions_give_sizes_and_wrong_ones_are_refused():
    assert part_sizes(50, [1.0, 0.1, 0.5, 0.5]) == {0.1: 5, 0.5: 25, 1.0: 50}
    assert part_sizes(50, [0.001]) == {0.001: 2}
    with pytest.raises(ValueError, match=r"Got the fraction 1\.5"):
        part_sizes(50, [0.5, 1.5])


def test_examples_without_a_stratum_each_are_refused():
    data = stand_ins.digits()
    with pytest.raises(ValueError, match="Got 1347 training examples"):
        Examples("half", data.train, data.test, data.strata[:5], data.classes)
