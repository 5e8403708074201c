from __future__ import annotations

import numpy as np
import pytest

from ptssp_sklearn.images.mask_meaning import CLASSES, INSTANCES, evidence_of, meaning_of

SIDE = 48


def beams(*ids: int) -> np.ndarray:
    """Lay one upright beam over the others: it cuts each of them in two."""
    mask = np.zeros((SIDE, SIDE), np.int64)
    for place, own in enumerate(ids[:-1]):
        mask[4 + 8 * place : 9 + 8 * place, 2:-2] = own
    mask[:, 20:28] = ids[-1]
    return mask


def scattered(*ids: int) -> np.ndarray:
    """Put two squares of each id far from each other."""
    mask = np.zeros((SIDE, SIDE), np.int64)
    for place, own in enumerate(ids):
        mask[1 + 12 * place : 9 + 12 * place, 2:10] = own
        mask[1 + 12 * place : 9 + 12 * place, 30:38] = own
    return mask


def full(*ids: int) -> np.ndarray:
    """Fill an image with squares, two or more of each id."""
    rng = np.random.default_rng(0)
    squares = np.concatenate([ids, ids, rng.choice(ids, 16 - 2 * len(ids))])
    return np.kron(rng.permutation(squares).reshape(4, 4), np.ones((12, 12), np.int64))


@pytest.mark.parametrize(
    ("masks", "kind"),
    [
        ([beams(1, 2, 3, 4, 5)], INSTANCES),
        ([scattered(1, 2, 3)], CLASSES),
        ([scattered(1, 2), scattered(1, 3), scattered(2)], CLASSES),
        ([beams(1, 2, 5), beams(2, 3, 5)], CLASSES),
        ([full(1, 2, 3, 4)], CLASSES),
        ([scattered(1, 2), beams(1, 2, 3), scattered(1), beams(1, 2, 3, 4)], INSTANCES),
    ],
    ids=["cut by another", "apart", "with gaps", "gaps and cuts", "full", "numbered in each"],
)
def test_ids_are_objects_or_classes(masks, kind):
    assert meaning_of([evidence_of(mask) for mask in masks]).kind == kind


def test_what_is_cut_by_another_lies_in_one_heap():
    found = evidence_of(beams(1, 2, 3))
    assert (found.pieces, found.apart) == ((2, 2, 1), (1, 1, 1))
    assert found == type(found).unpack(found.pack())
