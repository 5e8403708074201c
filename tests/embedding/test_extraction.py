"""Nothing is embedded twice: counted at the extractor and at the decoder."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from ptssp_sklearn import ImageEmbedder
from ptssp_sklearn.embedding.backbone import Backbone
from ptssp_sklearn.embedding.registry import register_backbone
from ptssp_sklearn.images import cell_bytes, lazy_image, row_masks
from ptssp_sklearn.images.decoding import ImageError, decode_image
from tests.scenes import scene, table

CALLS = {"image": 0, "mask": 0, "row": 0, "batches": 0, "decoded": 0}


class Counting(Backbone):
    """Means of images and objects, each call counted."""

    version = 1
    image_names, mask_names, row_names = ("mean",), ("inside",), ()

    def __init__(self, *, batch_size=32):
        self.batch_size = batch_size

    def image_features(self, images):
        CALLS["image"] += len(images)
        CALLS["batches"] += 1
        return np.array([[image.mean()] for image in images])

    def mask_features(self, images, masks):
        CALLS["mask"] += len(images)
        return np.array([[i[m > 0].mean()] for i, m in zip(images, masks, strict=True)])


class CountingRows(Counting):
    version = 1
    row_names = ("n_objects",)

    def row_features(self, images, masks):
        CALLS["row"] += 1
        return np.array([float(sum(mask.max() for mask in masks))])


class Unnamed(Counting):
    """Of no version of its own: what it computes is not known beyond a call."""


@pytest.fixture(autouse=True)
def counted(monkeypatch):
    CALLS.update(dict.fromkeys(CALLS, 0))
    for name, factory in (("counting", Counting), ("rows", CountingRows), ("unnamed", Unnamed)):
        register_backbone(name, factory)

    def counting_load(*args, **options):
        CALLS["decoded"] += 1
        return decode_image(*args, **options)

    monkeypatch.setattr(lazy_image, "decode_image", counting_load)
    return CALLS


def slowed(load):
    random = np.random.default_rng(0)

    def load_slowly(*args, **options):
        time.sleep(random.uniform(0, 0.003))
        return load(*args, **options)

    return load_slowly


@pytest.fixture
def files(tmp_path) -> pd.DataFrame:
    """Lay twelve datasets of two images with masks on the disk."""
    cells = []
    for row in range(12):
        cells.append({})
        for number in (1, 2):
            image, mask = scene(row * 10 + number)
            for kind, pixels in (("image", image), ("mask", mask.astype(np.uint8))):
                path = tmp_path / f"{kind}_{row}_{number}.png"
                Image.fromarray(pixels).save(path)
                cells[-1][f"{kind}_{number}"] = path
    return pd.DataFrame(cells)


def test_a_second_call_and_a_clone_compute_and_decode_nothing(files, counted, tmp_path):
    first = ImageEmbedder("counting", cache_dir=tmp_path / "c").fit_transform(files)
    assert counted["image"] == counted["mask"] == counted["decoded"] == 24
    again = ImageEmbedder("counting", cache_dir=str(tmp_path / "c")).fit_transform(files[::-1])
    assert np.array_equal(first[::-1], again)
    assert counted["image"] == counted["mask"] == counted["decoded"] == 24
    uncached = ImageEmbedder("counting", cache_dir=False).fit_transform(files)
    assert np.array_equal(first, uncached)
    assert counted["image"] == 48


def test_cross_validation_embeds_every_image_once(files, counted):
    pipeline = make_pipeline(ImageEmbedder("counting", cache_size="3MB"), Ridge())
    cross_val_score(pipeline, files, np.arange(12.0), cv=5)
    assert counted["image"] == counted["decoded"] == 24


def test_images_and_masks_are_known_apart(counted):
    X = table(2, 2)
    embedder = ImageEmbedder("counting", cache_size="4MB").fit(X)
    embedder.transform(X[["image_1", "image_2"]])
    assert (counted["image"], counted["mask"]) == (4, 0)
    embedder.transform(X)
    assert (counted["image"], counted["mask"]) == (4, 4)
    other = X.assign(mask_1=[mask.T for mask in X.mask_1])
    embedder.transform(other)
    assert (counted["image"], counted["mask"]) == (4, 6)


def test_an_image_of_many_rows_is_decoded_and_embedded_once(files, counted, monkeypatch):
    """Whichever thread is slow: one that finds the pixels known takes what another decoded."""
    for module, name in ((lazy_image, "decode_image"), (row_masks, "read_raw")):
        monkeypatch.setattr(module, name, slowed(getattr(module, name)))
    X = pd.concat([files.iloc[:1]] * 6, ignore_index=True)
    for repeat in range(1, 21):
        vectors = ImageEmbedder("counting", cache_dir=False).fit_transform(X)
        assert counted["image"] == counted["mask"] == counted["decoded"] == 2 * repeat
        assert (vectors == vectors[0]).all()


def test_an_unchanged_file_is_read_once_and_a_changed_one_again(counted, tmp_path, monkeypatch):
    monkeypatch.setattr(cell_bytes, "_SETTLED", 0)
    path = tmp_path / "image.bmp"
    first, second = (Image.fromarray(scene(seed)[0]) for seed in (1, 2))
    embedder = ImageEmbedder("counting", cache_dir=tmp_path / "c").fit([[path]])
    first.save(path)
    size = path.stat().st_size
    time.sleep(0.05)
    old = embedder.transform([[path]])
    with monkeypatch.context() as closed:
        closed.setattr(cell_bytes, "open", None, raising=False)
        assert np.array_equal(embedder.transform([[path]]), old)
    second.save(path)
    assert path.stat().st_size == size
    assert not np.array_equal(embedder.transform([[path]]), old)


def test_a_file_that_just_changed_is_read_again(counted, tmp_path):
    path = tmp_path / "image.bmp"
    embedder = ImageEmbedder("counting", cache_dir=tmp_path / "c").fit([[path]])
    answers = []
    for seed in (1, 2):
        Image.fromarray(scene(seed)[0]).save(path)
        os.utime(path, ns=(0, 0))
        answers.append(embedder.transform([[path]]))
    assert not np.array_equal(*answers)


def test_batches_run_across_rows_and_are_full(files, counted):
    ImageEmbedder("counting", batch_size=8, cache_dir=False).fit_transform(files)
    assert counted["batches"] == 3


def test_features_of_a_row_have_their_own_key(counted):
    X = table(3, 3)
    embedder = ImageEmbedder("rows", cache_size="5MB").fit(X)
    first = embedder.transform(X)
    embedder.transform(X)
    assert counted["row"] == 3
    turned = X[["image_2", "image_1", "mask_2", "mask_1"]].copy()
    turned.columns = ["image_1", "image_2", "mask_1", "mask_2"]
    embedder.transform(turned)
    assert (counted["row"], counted["image"]) == (6, 9)
    assert np.array_equal(embedder.transform(X), first)


def test_rows_computed_in_processes_reach_the_memory_of_this_one(counted):
    X = table(3, 2, side=24)
    options = {"random_state": 77, "cache_size": "6MB"}
    first = ImageEmbedder(n_jobs=2, **options).fit_transform(X)
    embedder = ImageEmbedder(**options).fit(X)
    embedder.backbone_.row_features = None
    embedder.backbone_.image_features = None
    assert np.array_equal(embedder.transform(X), first)


def test_another_process_finds_what_this_one_stored(files, tmp_path):
    first = ImageEmbedder(cache_dir=tmp_path / "c").fit_transform(files.iloc[:1])
    code = f"""
import numpy as np, pandas as pd
from ptssp_sklearn import ImageEmbedder
from ptssp_sklearn.embedding.statistics import statistics_backbone
from ptssp_sklearn.images import lazy_image
X = pd.DataFrame({files.iloc[:1].astype(str).to_dict("list")})
embedder = ImageEmbedder(cache_dir={str(tmp_path / "c")!r}).fit(X)
statistics_backbone.landmark_scores = statistics_backbone.image_statistics = None
lazy_image.decode_image = None
print(embedder.transform(X).tobytes().hex())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == first.tobytes().hex()


def test_damaged_entries_are_computed_again(files, counted, tmp_path):
    embedder = ImageEmbedder("counting", cache_dir=tmp_path / "c").fit(files)
    first = embedder.transform(files)
    for number, path in enumerate(sorted((tmp_path / "c").glob("??/*"))):
        data = bytearray(path.read_bytes())
        data[number % len(data)] ^= 1
        path.write_bytes(data)
    assert np.array_equal(embedder.transform(files), first)
    assert counted["image"] == 48


def test_what_was_computed_before_a_bad_image_is_kept(files, counted, tmp_path):
    embedder = ImageEmbedder("counting", batch_size=8, cache_dir=tmp_path / "c").fit(files)
    files.image_2.iloc[-1].write_bytes(b"no image")
    with pytest.raises(ImageError, match="row 11"):
        embedder.transform(files)
    assert counted["image"] == 16
    embedder.transform(files[:8])
    assert counted["image"] == 16


def test_a_changed_file_is_another_image(files, counted, tmp_path):
    embedder = ImageEmbedder("counting", cache_dir=tmp_path / "c").fit(files)
    first = embedder.transform(files)
    Image.fromarray(scene(999)[0]).save(files.image_1[0])
    second = embedder.transform(files)
    assert np.array_equal(first[1:], second[1:])
    assert not np.array_equal(first[0], second[0])


def test_the_limit_on_pixels_holds_for_known_images_too(files, counted, tmp_path):
    ImageEmbedder("counting", cache_dir=tmp_path / "c").fit_transform(files)
    small = ImageEmbedder("counting", cache_dir=tmp_path / "c", max_pixels=100)
    with pytest.raises(ImageError, match="at most 100 pixels"):
        small.fit_transform(files)


def test_a_class_without_a_version_is_not_kept(files, counted):
    for _ in range(2):
        ImageEmbedder("unnamed", cache_size="7MB").fit_transform(files)
    assert counted["image"] == 48
    assert counted["decoded"] == 48


@pytest.mark.parametrize("change", [{"random_state": 1}, {"missing": "nan", "random_state": 2}])
def test_the_seed_is_part_of_the_key(change):
    X = table(1, 2)
    kept = ImageEmbedder(**change, cache_size="8MB").fit(X)
    names = kept.get_feature_names_out()
    drawn = np.array([n.startswith("landmark") for n in names])
    base = ImageEmbedder(cache_size="8MB").fit_transform(X)
    assert not np.array_equal(kept.transform(X)[:, drawn], base[:, drawn])


def test_label_files_are_known_by_their_content_and_class(tmp_path, counted):
    image, _ = scene(1)
    Image.fromarray(image).save(tmp_path / "a.png")
    square = "0.1 0.1 0.6 0.1 0.6 0.6 0.1 0.6"
    labels = tmp_path / "a.txt"
    labels.write_text(f"0 {square}\n1 0.7 0.7 0.9 0.7 0.9 0.9\n")
    cells = [str(labels), (labels, 0), (labels, 1), (labels, 0)]
    embedder = ImageEmbedder("counting", cache_size="9MB")
    vectors = [
        embedder.fit_transform(
            pd.DataFrame({"image_1": [tmp_path / "a.png"], "mask_1": pd.Series([c], dtype=object)})
        )
        for c in cells
    ]
    assert counted["mask"] == 3
    assert np.array_equal(vectors[1], vectors[3])
    assert len({v.tobytes() for v in vectors}) == 3
