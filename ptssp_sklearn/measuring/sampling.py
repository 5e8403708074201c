"""Which labelled images train and which test, for each size and repeat of a pilot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_TEST = 30
"""Images a given test split needs to be used as it is."""

FOLDS = 5
LEAST_IMAGES = 8
_HELD_OUT = ("test", "val")

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Sampling:
    """Orders of training images, and what each training is tested on.

    With a given test split every training is tested on it. Without one the images are parted
    into folds, groups together: repeat r trains on images outside fold r (modulo their
    number), and is tested on all images, that fold among them, of which it saw neither the
    image nor another of its group. So the repeats of the largest size test every image once,
    and small sizes are tested on nearly all.

    Attributes
    ----------
    pool : ndarray of int
        Images that may train.
    held_out : ndarray of int, or None
        The images of the given test split.
    folds : ndarray of shape (n_images,), int
        Fold of each image of the pool, by its number in the data set; -1 of others.
    groups : ndarray of shape (n_images,), int
    seed : int
    split : str
        Name of the given split; empty for cross-validation.
    """

    pool: Indices
    held_out: Indices | None
    folds: Indices
    groups: Indices
    seed: int
    split: str = ""

    @classmethod
    def of(
        cls,
        splits: Sequence[tuple[str, ...]],
        groups: Sequence[str | None] | None,
        n_objects: Sequence[int] | NDArray[np.integer],
        *,
        seed: int = 0,
    ) -> Sampling:
        """Choose.

        Parameters
        ----------
        splits : sequence of tuple of str
            Splits of each image: train, val, test, or other names; empty where unknown. An image
            that is in train, too, is no test image.
        groups : sequence of str or None, optional
            Images of one group never stand on both sides.
        n_objects : sequence of int
            Objects in each image.
        seed : int

        Raises
        ------
        ValueError
            If there are too few images.
        """
        codes, counts = _codes(groups, len(splits)), np.asarray(n_objects)
        for split in _HELD_OUT:
            inside = np.array([split in n and "train" not in n for n in splits], dtype=bool)
            held_out = np.flatnonzero(inside)
            if len(held_out) >= LEAST_TEST and counts[held_out].any():
                rest = np.flatnonzero(~inside & ~np.isin(codes, codes[held_out]))
                _check(len(rest), f"beside its {split} split of {len(held_out)}")
                return cls(rest, held_out, np.full(len(splits), -1), codes, seed, split)
        _check(len(splits), "")
        pool = np.arange(len(splits))
        return cls(pool, None, _folds(codes, seed), codes, seed)

    @property
    def n_folds(self) -> int:
        """Number of repeats that test every image; 1 with a given test split."""
        return 1 if self.held_out is not None else int(self.folds.max()) + 1

    @property
    def n_train(self) -> int:
        """Images that the largest training can have in every repeat."""
        if self.held_out is not None:
            return len(self.pool)
        return len(self.pool) - int(np.bincount(self.folds).max())

    def train(self, size: int, repeat: int) -> Indices:
        """Give the first `size` images of the order of `repeat`: subsets nest."""
        usable = self.pool
        if self.held_out is None:
            usable = usable[self.folds[usable] != repeat % self.n_folds]
        if not 1 <= size <= len(usable):
            raise ValueError(f"Got size={size}, but {len(usable)} images may train.")
        return np.random.default_rng([self.seed, repeat]).permutation(usable)[:size]

    def test(self, size: int, repeat: int) -> Indices:
        """Give the images that the training of `size` and `repeat` is tested on."""
        if self.held_out is not None:
            return self.held_out
        seen = self.groups[self.train(size, repeat)]
        return self.pool[~np.isin(self.groups[self.pool], seen)]

    def sentence(self) -> str:
        """Say how scores are measured."""
        if self.held_out is not None:
            return f"tested on the {self.split} split of {len(self.held_out)} images"
        return (
            f"cross-validated in {self.n_folds} folds over {len(self.pool)} labelled images, each "
            "tested by trainings that did not see it"
        )


def _check(n_images: int, where: str) -> None:
    if n_images < LEAST_IMAGES:
        words = f"{n_images} labelled image" + ("s" if n_images != 1 else "")
        raise ValueError(
            f"Got {words} to train on{' ' + where if where else ''}, expected at least "
            f"{LEAST_IMAGES}. Label a few more, or ask without a pilot."
        )


def _codes(groups: Sequence[str | None] | None, n_images: int) -> Indices:
    """Give each image the number of its group; one without a group is its own."""
    if groups is None:
        return np.arange(n_images)
    names = [f"image {i}" if group is None else f"group {group}" for i, group in enumerate(groups)]
    codes: Indices = np.unique(names, return_inverse=True)[1].astype(np.int64)
    return codes


def _folds(codes: Indices, seed: int) -> Indices:
    """Part images into folds of about one size, groups together, the largest groups first."""
    sizes = np.bincount(codes)
    order = np.random.default_rng([seed, 17]).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    n_folds = min(FOLDS, len(sizes))
    if n_folds < 2:
        raise ValueError(
            "Got labelled images that are all of one group, expected at least two groups: no "
            "image would be left to test on. Give a test split."
        )
    load = np.zeros(n_folds, dtype=np.int64)
    fold_of = np.zeros(len(sizes), dtype=np.int64)
    for group in order:
        fold_of[group] = load.argmin()
        load[fold_of[group]] += sizes[group]
    return fold_of[codes]
