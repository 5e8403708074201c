"""Landmarks of very small U-Nets, trained for a few dozen steps on the annotated images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ptssp_sklearn._typing import Array
from ptssp_sklearn.embedding.statistics._pixel_landmarks import (
    LANDMARK_NAMES,
    match_objects,
    pixel_scores,
    usable_places,
)
from ptssp_sklearn.embedding.statistics.watershed import distance_map, split_instances

UNET_LANDMARK_NAMES = (
    *(f"unseen_{name}" for name in LANDMARK_NAMES),
    *(f"trained_{name}" for name in LANDMARK_NAMES),
    "last_loss",
    "mean_loss",
)

_STEPS = 50
_BATCH = 4
_WIDTH = 8
_PEAK_RATE = 1e-2
_MOST_FOLDS = 4
_DEPTH_WEIGHT = 2.0
_MULTIPLE = 8
_LEAST_SIDE = 16


def unet_landmarks(
    images: Sequence[NDArray[np.uint8]],
    masks: Sequence[NDArray[np.int32]],
    *,
    random_state: int = 0,
) -> Array | None:
    """Train very small U-Nets on the annotated images and score what they find.

    Up to four networks, each blind to its share of the images, are trained side by side as
    one grouped network. What a network finds in images that it was trained on says how
    fast the task is learnt, what it finds in the others how far that carries. The images
    are sorted first, so that their order makes no difference.

    Parameters
    ----------
    images : sequence of ndarray of shape (height, width, 3), uint8
    masks : sequence of ndarray of shape (height, width)
        Instance ids, 0 is background; one mask an image.
    random_state : int, default=0

    Returns
    -------
    scores : ndarray of shape (16,) or None
        Means over the images, as `UNET_LANDMARK_NAMES` says: the scores of `landmark_scores`
        in unseen and in trained images, the loss of the last fifth of the steps and of all.
        None where fewer than two images have objects and background.
    """
    usable = usable_places(masks)
    if len(usable) < 2:
        return None
    usable.sort(key=lambda i: (images[i].tobytes(), masks[i].tobytes()))
    images, masks = [images[i] for i in usable], [masks[i] for i in usable]
    n_folds = min(len(usable), _MOST_FOLDS)
    with ThreadPoolExecutor(1, initializer=_take_one_core) as apart:
        sure, depth, losses = apart.submit(_train, images, masks, n_folds, random_state).result()
    scores = [
        [
            _score(mask, sure[i, network], depth[i, network])
            for network in (i % n_folds, (i + 1) % n_folds)
        ]
        for i, mask in enumerate(masks)
    ]
    last = losses[-len(losses) // 5 :].mean()
    return np.concatenate([np.mean(scores, axis=0).ravel(), [last, losses.mean()]])


def _take_one_core() -> None:
    """Make torch's operations in this thread, and no other, run on one core.

    `torch.set_num_threads` would count for threads that start later too, and sums in another
    order give other features. torch asks OpenMP, whose limit is each thread's own, but sets
    it when a thread first asks for its threads.
    """
    import torch

    torch.get_num_threads()
    threadpool_limits(1, user_api="openmp")


def _train(
    images: Sequence[NDArray[np.uint8]],
    masks: Sequence[NDArray[np.int32]],
    n_folds: int,
    seed: int,
) -> tuple[Array, Array, Array]:
    """Train the networks of all folds; give their maps of all images, and the losses."""
    import torch

    from ptssp_sklearn.embedding.statistics.unet import StackedUNet, seeded, turned

    pixels, inside, depth = _tensors(images, masks)
    network = seeded(lambda: StackedUNet(2, _WIDTH, n_folds), seed)
    network = network.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(
        network.parameters(), _PEAK_RATE, betas=(0.9, 0.95), weight_decay=0.01
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, _PEAK_RATE, total_steps=_STEPS + 1, pct_start=0.2
    )
    losses = []
    for picks, turn in _batches(len(images), n_folds, seed):
        drawn = [turned(part[picks], turn) for part in (pixels, inside, depth)]
        maps = _maps(network, drawn[0].flatten(1, 2))
        loss = _losses(maps, *drawn[1:])
        optimizer.zero_grad(set_to_none=True)
        loss.sum().backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.detach().mean().item())
    network.eval()
    with torch.inference_mode():
        maps = _maps(network, pixels.repeat(1, n_folds, 1, 1))
    sure, depth = maps[:, :, 0].sigmoid().numpy(), maps[:, :, 1].numpy()
    return sure, depth, np.array(losses)


def _tensors(
    images: Sequence[NDArray[np.uint8]], masks: Sequence[NDArray[np.int32]]
) -> tuple[Any, Any, Any]:
    """Give standardised pixels, foreground and depth, filled up to common sides."""
    import torch

    sides = np.max([mask.shape for mask in masks], axis=0)
    sides = np.maximum(-(-sides // _MULTIPLE) * _MULTIPLE, _LEAST_SIDE)
    known = np.concatenate([image.reshape(-1, 3) for image in images]) / 255.0
    centre, spread = known.mean(axis=0), known.std(axis=0) + 0.025
    pixels = np.zeros((len(images), *sides, 3), np.float32)
    inside, depth = np.zeros((2, len(images), *sides), np.float32)
    for i, (image, mask) in enumerate(zip(images, masks, strict=True)):
        place = i, slice(mask.shape[0]), slice(mask.shape[1])
        pixels[place] = (image / 255.0 - centre) / spread
        inside[place], depth[place] = mask > 0, distance_map(mask)
    tensors = [torch.from_numpy(part) for part in (pixels, inside, depth)]
    return tensors[0].permute(0, 3, 1, 2), tensors[1], tensors[2]


def _batches(n_images: int, n_folds: int, seed: int) -> Iterator[tuple[NDArray, int]]:
    """Draw images for every network, shape (batch, n_folds), and a symmetry for all."""
    rng = np.random.default_rng(seed)
    folds = [[i for i in range(n_images) if i % n_folds != fold] for fold in range(n_folds)]
    size = min(_BATCH, *(len(fold) for fold in folds))
    for _ in range(_STEPS):
        picks = [rng.permutation(fold)[:size] for fold in folds]
        yield np.stack(picks, axis=1), int(rng.integers(8))


def _maps(network: Any, pixels: Any) -> Any:
    """Give foreground logits and depth, shape (batch, n_networks, 2, height, width)."""
    import torch

    maps = network(pixels.contiguous(memory_format=torch.channels_last))
    return maps.unflatten(1, (network.n_networks, 2))


def _losses(maps: Any, inside: Any, depth: Any) -> Any:
    """Give each network's cross-entropy, Dice and squared depth error."""
    from torch.nn import functional

    logits, found = maps[:, :, 0], maps[:, :, 1]
    sure, axes = logits.sigmoid(), (0, 2, 3)
    entropy = functional.binary_cross_entropy_with_logits(logits, inside, reduction="none")
    dice = 1 - (2 * (sure * inside).sum(axes) + 1) / ((sure + inside).sum(axes) + 1)
    return entropy.mean(axes) + dice + _DEPTH_WEIGHT * ((found - depth) ** 2).mean(axes)


def _score(mask: NDArray[np.int32], sure: Array, depth: Array) -> list[float]:
    """Score a network's maps of one image, the filling cut off."""
    height, width = mask.shape
    sure, depth = sure[:height, :width], depth[:height, :width]
    ids = split_instances(sure, depth)
    return pixel_scores((mask > 0).ravel(), sure.ravel()) + match_objects(mask, ids, sure)
