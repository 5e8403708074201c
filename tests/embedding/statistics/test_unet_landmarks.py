from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from ptssp_sklearn.embedding.statistics._unet_landmarks import UNET_LANDMARK_NAMES, unet_landmarks
from ptssp_sklearn.embedding.statistics.unet import StackedUNet, seeded
from tests.scenes import task


def scores(**options) -> dict[str, float]:
    return dict(zip(UNET_LANDMARK_NAMES, unet_landmarks(*task(1, 4, **options)), strict=True))


def test_clear_tasks_are_learnt_better_than_camouflaged_ones():
    clear, hidden = scores(contrast=120), scores(contrast=6)
    assert clear["unseen_roc_auc"] > 0.9
    for name in UNET_LANDMARK_NAMES:
        if name.endswith("loss"):
            assert clear[name] < hidden[name]
        else:
            assert clear[name] >= hidden[name], name


def test_same_seed_same_scores():
    images, masks = task(2, 3)
    first = unet_landmarks(images, masks, random_state=5)
    assert np.array_equal(first, unet_landmarks(images, masks, random_state=5))
    assert not np.array_equal(first, unet_landmarks(images, masks, random_state=6))


def test_global_random_state_and_threads_stay_as_they_were():
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    unet_landmarks(*task(2, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_tasks_in_threads_give_what_they_give_alone():
    """Whatever else changes torch's random state or threads meanwhile."""
    tasks = [task(7, 2), task(8, 3)]
    alone = [unet_landmarks(*one) for one in tasks]
    threads = torch.get_num_threads()
    try:
        for repeat in range(6):
            torch.manual_seed(repeat)
            torch.set_num_threads(1 + repeat % 2)
            with ThreadPoolExecutor(2) as pool:
                together = list(pool.map(lambda one: unet_landmarks(*one), tasks))
            assert all(map(np.array_equal, together, alone))
    finally:
        torch.set_num_threads(threads)


def test_networks_start_as_if_torch_had_been_seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        expected = StackedUNet(2, 4, 3).state_dict()
    found = seeded(lambda: StackedUNet(2, 4, 3), 3).state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)


def test_two_usable_images_are_needed():
    images, masks = task(3, 3)
    masks[0], masks[1] = 0, 1
    assert unet_landmarks(images, masks) is None
    masks[1] = masks[2]
    assert np.isfinite(unet_landmarks(images, masks)).all()


def test_order_of_images_does_not_matter():
    images, masks = task(4, 4)
    assert np.array_equal(unet_landmarks(images, masks), unet_landmarks(images[::-1], masks[::-1]))


@pytest.mark.parametrize("shapes", [((8, 8), (8, 8)), ((40, 23), (16, 40), (8, 31))])
def test_very_small_images_and_different_shapes_work(shapes):
    images, masks = task(5, len(shapes))
    images = [image[:h, :w] for image, (h, w) in zip(images, shapes, strict=True)]
    masks = [np.zeros(shape, np.int32) for shape in shapes]
    for mask in masks:
        mask[2:5, 2:5] = 1
    assert np.isfinite(unet_landmarks(images, masks)).all()


def test_more_than_four_images_share_four_networks():
    assert np.isfinite(unet_landmarks(*task(6, 7))).all()
