from __future__ import annotations

import numpy as np
import pytest

from ptssp_sklearn.embedding.statistics._image_statistics import (
    image_statistics,
    otsu,
    saliency_map,
    salient_objects,
)
from ptssp_sklearn.embedding.statistics._object_statistics import mask_statistics
from tests.scenes import scene


def test_contrast_features_grow_with_contrast():
    low, high = (mask_statistics(*scene(0, contrast=c)) for c in (20, 120))
    for name in ("background_distance", "ring_distance", "fisher_contrast", "boundary_ratio"):
        assert high[name] > low[name] > 0
    assert high["colour_overlap"] < low["colour_overlap"]


def test_names_and_their_order_never_change():
    names = list(mask_statistics(*scene(0)))
    empty = np.zeros((40, 40), np.int32)
    assert list(mask_statistics(scene(0)[0], empty)) == names
    flat = np.full((40, 40, 3), 7, np.uint8)
    assert list(image_statistics(flat)) == list(image_statistics(scene(0)[0]))


def test_without_objects_only_share_and_count_are_defined():
    described = mask_statistics(scene(0)[0], np.zeros((40, 40), np.int32))
    assert described.pop("object_share") == 0.0
    assert described.pop("object_count") == 0.0
    assert np.isnan(list(described.values())).all()


def test_shapes_count_touching_and_filling():
    mask = np.zeros((40, 40), np.int32)
    mask[5:15, 5:15], mask[5:15, 15:25] = 1, 2
    described = mask_statistics(scene(0)[0], mask)
    assert described["object_count"] == pytest.approx(np.log(3))
    assert described["box_filling"] == 1.0
    assert described["touching"] > 0.2
    mask[:, 15:] = 0
    assert mask_statistics(scene(0)[0], mask)["touching"] == 0.0


def test_spectrum_slope_tells_noise_from_smooth_scenes():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    ramp = np.broadcast_to(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], (64, 64, 3))
    assert image_statistics(noise)["spectrum_slope"] > image_statistics(ramp)["spectrum_slope"] + 1


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 9, 3), (300, 3, 3)])
def test_odd_sizes_give_finite_numbers(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    mask = np.zeros(shape[:2], np.int32)
    mask[0, 0] = 1
    own = {k: v for k, v in image_statistics(image).items() if not k.startswith("salient_")}
    assert np.isfinite(list(own.values())).all()
    mask_statistics(image, mask)


def test_salient_objects_are_the_blobs():
    image, mask = scene(5, contrast=120)
    found = salient_objects(saliency_map(image / 255.0))
    overlap = ((found > 0) & (mask > 0)).sum() / ((found > 0) | (mask > 0)).sum()
    assert overlap > 0.6


def test_otsu_splits_two_levels():
    values = np.r_[np.full(50, 0.1), np.full(50, 0.9)]
    threshold, separability = otsu(values)
    assert 0.1 < threshold < 0.9
    assert separability == pytest.approx(1.0, abs=0.05)
