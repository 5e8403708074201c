from __future__ import annotations

import io
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from ptssp_sklearn import ImageEmbedder
from ptssp_sklearn.embedding.registry import register_backbone
from ptssp_sklearn.embedding.statistics.statistics_backbone import StatisticsBackbone
from ptssp_sklearn.images.decoding import ImageError
from tests.scenes import scene, table


@parametrize_with_checks([ImageEmbedder("precomputed")])
def test_follows_scikit_learn(estimator, check):
    """Estimator checks feed numbers, which only precomputed vectors are."""
    check(estimator)


def images_only(X: pd.DataFrame) -> pd.DataFrame:
    return X[[name for name in X.columns if name.startswith("image")]]


def test_width_is_the_same_with_all_some_or_no_masks():
    X = table(3)
    X.loc[1, "mask_2"] = None
    X.loc[2, ["mask_1", "mask_2", "mask_3"]] = None
    embedder = ImageEmbedder().fit(X)
    vectors = embedder.transform(X)
    assert vectors.shape == (3, len(embedder.get_feature_names_out()))
    assert np.isfinite(vectors).all()
    assert embedder.transform(images_only(X)).shape == vectors.shape


def test_missing_features_can_stay_nan():
    X = table(2)
    X.loc[1, ["mask_1", "mask_2", "mask_3"]] = None
    embedder = ImageEmbedder(missing="nan").fit(X)
    names = embedder.get_feature_names_out()
    of_masks = np.array(["_mask_" in n or n.startswith("landmark") for n in names])
    vectors = embedder.transform(X)
    assert np.isfinite(vectors[0, of_masks]).all()
    assert np.isnan(vectors[1, of_masks]).all()
    assert np.isfinite(vectors[1, ~of_masks]).all()


def test_order_of_images_does_not_matter_without_landmarks_randomness():
    X = table(1)
    turned = X[["image_3", "image_1", "image_2", "mask_3", "mask_1", "mask_2"]].copy()
    turned.columns = X.columns
    embedder = ImageEmbedder().fit(X)
    names = embedder.get_feature_names_out()
    drawn = [n.startswith("landmark") and "rehearsal" not in n for n in names]
    fixed = ~np.array(drawn)
    first, second = embedder.transform(X), embedder.transform(turned)
    assert first[:, fixed] == pytest.approx(second[:, fixed], abs=1e-9)
    assert first[:, ~fixed] == pytest.approx(second[:, ~fixed], abs=0.15)


def test_rows_do_not_depend_on_each_other_and_processes():
    X = table(3, 2, side=24)
    embedder = ImageEmbedder(cache_dir=False).fit(X)
    whole = embedder.transform(X)
    assert np.array_equal(whole[2:], embedder.transform(X.iloc[2:]))
    assert np.array_equal(whole, ImageEmbedder(n_jobs=2, cache_dir=False).fit_transform(X))


def test_concat_puts_images_side_by_side():
    X = table(2)
    X.loc[1, ["image_3", "mask_3"]] = None
    embedder = ImageEmbedder(pooling="concat", missing="nan").fit(X)
    vectors, names = embedder.transform(X), embedder.get_feature_names_out()
    assert vectors.shape == (2, len(names))
    third = np.array([name.startswith("3_") for name in names])
    assert np.isnan(vectors[1, third]).all()
    with pytest.raises(ImageError, match="fitted on at most 3"):
        embedder.transform(table(1, 4))


def test_every_kind_of_cell_gives_the_same_vector(tmp_path):
    image, mask = scene(1)
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    path, mask_path = tmp_path / "a.png", tmp_path / "mask.png"
    path.write_bytes(buffer.getvalue())
    Image.fromarray(mask.astype(np.uint8)).save(mask_path)
    cells = [image, path, str(path), buffer.getvalue(), Image.fromarray(image)]
    frames = [
        pd.DataFrame({"image_1": pd.Series([c], dtype=object), "mask_1": [m]})
        for c, m in zip(cells, [str(mask_path)] * 5, strict=True)
    ]
    vectors = [ImageEmbedder(cache_dir=False).fit_transform(frame) for frame in frames]
    assert all(np.array_equal(vectors[0], other) for other in vectors[1:])


def test_large_images_are_reduced_first():
    image, mask = scene(2)
    big = np.kron(image, np.ones((6, 6, 1), np.uint8))
    big_mask = np.kron(mask, np.ones((6, 6), np.int32))
    X = [table(1, 1).assign(image_1=[i], mask_1=[m]) for i, m in ((image, mask), (big, big_mask))]
    names = ImageEmbedder().fit(X[0]).get_feature_names_out()
    small, large = (ImageEmbedder().fit_transform(x)[0] for x in X)
    for name in ("mean_mask_object_share", "mean_mask_background_distance"):
        at = list(names).index(name)
        assert small[at] == pytest.approx(large[at], abs=0.03)


def test_feature_names_are_unique_and_set_output_works():
    X = table(2)
    frame = ImageEmbedder().set_output(transform="pandas").fit_transform(X)
    assert frame.columns.is_unique
    assert "landmark_mean_roc_auc" in frame.columns


def test_clone_and_pickle_agree():
    X = table(1, 2)
    embedder = ImageEmbedder(random_state=4, cache_dir=False).fit(X)
    expected = embedder.transform(X)
    assert np.array_equal(pickle.loads(pickle.dumps(embedder)).transform(X), expected)
    assert np.array_equal(clone(embedder).fit_transform(X), expected)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"backbone": "clipp"}, "Did you mean 'clip'"),
        ({"pooling": "max"}, "pooling='max', expected 'mean_std' or 'concat'"),
        ({"missing": "mean"}, "missing='mean'"),
        ({"precision": "int8"}, "precision='int8', expected 'auto'"),
        ({"engine": "tf"}, "engine='tf', expected 'torch' or 'openvino'"),
        ({"cache_dir": True}, "cache_dir=True, expected a folder"),
        ({"cache_size": "much"}, "cache_size='much', expected a positive number of bytes"),
    ],
)
def test_unknown_choices_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        ImageEmbedder(**params).fit(table(1, 1))


def test_nan_in_place_of_images_is_refused():
    with pytest.raises(ImageError, match="expected an image"):
        ImageEmbedder().fit(np.array([[np.nan, 1.0]], dtype=object))


def test_too_many_pixels_are_refused():
    X = table(1, 1)
    with pytest.raises(ImageError, match="at most 100 pixels"):
        ImageEmbedder(max_pixels=100).fit(X).transform(X)


def test_not_fitted():
    with pytest.raises(NotFittedError):
        ImageEmbedder().transform(table(1, 1))


def test_a_backbone_of_ones_own_can_be_registered():
    class Brightness(StatisticsBackbone):
        def __init__(self) -> None:
            super().__init__()
            self.image_names, self.mask_names, self.row_names = ("mean",), (), ()

        def image_features(self, images):
            return np.array([[image.mean()] for image in images])

        def mask_features(self, images, masks):
            return np.zeros((len(images), 0))

        def row_features(self, images, masks):
            return None

    register_backbone("brightness", Brightness)
    X = table(2, 2)
    vectors = ImageEmbedder("brightness").fit_transform(X)
    assert vectors.shape == (2, 4)
    assert vectors[0, 0] == pytest.approx(np.mean([X.image_1[0].mean(), X.image_2[0].mean()]))


def test_features_of_two_tasks_in_two_threads_are_those_computed_alone():
    tasks = [table(1, 2, side=32), table(2, 2, side=32).iloc[1:]]
    embedder = ImageEmbedder(cache_dir=False).fit(tasks[0])
    alone = [embedder.transform(task) for task in tasks]
    for _ in range(3):
        with ThreadPoolExecutor(2) as pool:
            together = list(pool.map(embedder.transform, tasks))
        assert all(
            np.array_equal(a, b, equal_nan=True) for a, b in zip(alone, together, strict=True)
        )
