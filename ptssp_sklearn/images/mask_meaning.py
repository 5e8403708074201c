"""What the values of the masks of one data set mean, found out from all of them together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.images.mask_values import (
    VOID,
    compact,
    components,
    distinct,
    ids_of,
    is_two_valued,
    pieces_of,
    threshold,
)

INSTANCES, BINARY, CLASSES = "instances", "binary", "classes"
_SPLIT_SHARE = 0.25
"""Share of ids in several pieces from which an id is a class."""
_MANY_PIECES = 2.5
"""Mean number of pieces of an id from which it is a class, whatever lies between them."""
_FULL = 0.95
"""Share of pixels that belong to something, from which objects cannot lie apart."""
_NUMBERINGS = 3
"""Different counts of ids, without a gap, that numbered objects have and classes seldom do."""
_SPECK_SHARE, _SPECK_PIXELS = 0.005, 16


@dataclass(frozen=True)
class Evidence:
    """What one mask tells of the meaning of values.

    Attributes
    ----------
    values : int
        How many there are; 1 where the mask is empty or full.
    low, high : int
        The lowest and the highest of them.
    highest_id : int
        The highest but for 255.
    has_void : bool
        Whether a pixel has 255.
    two_valued : bool
        See `is_two_valued`.
    pieces, void_pieces : tuple of int
        Pieces of each id, 255 left out, and of 255.
    apart : tuple of int
        Pieces of each id, 255 left out, that have background between them: what is only cut by
        another object counts as one.
    counted : bool
        Whether the ids are 1, 2, … without a gap, as objects are numbered.
    full : bool
        Whether nearly every pixel belongs to something.
    """

    values: int
    low: int
    high: int
    highest_id: int
    has_void: bool
    two_valued: bool
    pieces: tuple[int, ...]
    void_pieces: tuple[int, ...]
    apart: tuple[int, ...]
    counted: bool
    full: bool

    def pack(self) -> bytes:
        """Give the evidence as bytes."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def unpack(cls, data: bytes) -> Evidence:
        """Give back what was packed."""
        found: dict[str, Any] = json.loads(data)
        found |= {name: tuple(found[name]) for name in ("pieces", "void_pieces", "apart")}
        return cls(**found)


def evidence_of(values: NDArray[np.int64]) -> Evidence:
    """Look at the values of one mask."""
    found = distinct(values)
    ids = ids_of(values, True)
    has_void = VOID in found
    two_valued = is_two_valued(values)
    pieces, apart = ([], []) if two_valued else pieces_of(values, True)
    void = np.where(values == VOID, 1, 0) if has_void and not two_valued else None
    return Evidence(
        values=len(found),
        low=int(found[0]),
        high=int(found[-1]),
        highest_id=ids[-1] if ids else 0,
        has_void=has_void,
        two_valued=two_valued,
        pieces=tuple(pieces),
        void_pieces=() if void is None else tuple(pieces_of(void, False)[0]),
        apart=tuple(apart),
        counted=ids == list(range(1, len(ids) + 1)),
        full=bool((values > 0).mean() >= _FULL),
    )


@dataclass(frozen=True)
class Numbered:
    """The objects of a mask.

    Attributes
    ----------
    ids : ndarray of shape (height, width), int32
        1, 2, …; 0 is background.
    owners : list of int
        The value that each object had in the file.
    specks : int
        Pieces of a few pixels that were left out.
    """

    ids: NDArray[np.int32]
    owners: list[int]
    specks: int = 0


@dataclass(frozen=True)
class Meaning:
    """What the values of some masks mean.

    Attributes
    ----------
    kind : {"instances", "binary", "classes"}
        What an id is: an object, object or not, or a class whose pieces are objects.
    void : bool
        Whether 255 is no object.
    why : str
        A sentence that says so.
    """

    kind: str = INSTANCES
    void: bool = False
    why: str = ""

    def number(self, values: NDArray[np.int64]) -> Numbered:
        """Give the numbered objects of a mask."""
        if self.kind == BINARY:
            return without_specks(*components(threshold(values).astype(np.int64), [1]))
        ids = ids_of(values, self.void)
        if self.kind == CLASSES:
            return without_specks(*components(values, ids))
        return Numbered(compact(values, ids), ids)


def meaning_of(masks: Sequence[Evidence]) -> Meaning:
    """Find out what the ids of masks mean; a mask of one value tells nothing."""
    telling = [mask for mask in masks if mask.values > 1]
    if not telling or all(mask.two_valued for mask in telling):
        why = "Masks are taken as object or background: each piece is an object"
        return Meaning(BINARY, False, why)
    highest = max(mask.highest_id for mask in telling)
    void = 0 < highest < VOID // 2 and any(mask.has_void for mask in telling)
    pieces = _pieces(telling, void)
    more = "; 255 is taken as void" if void else ""
    if _are_classes(telling, void):
        split = sum(count > 1 for count in pieces)
        why = (
            f"Masks are taken as class masks, since {split} of {len(pieces)} ids lie in several "
            f"pieces ({sum(pieces)} in all): each piece is an object{more}"
        )
        return Meaning(CLASSES, void, why)
    why = f"Masks are taken as instance masks: each id is an object{more}"
    return Meaning(INSTANCES, void, why)


def _pieces(masks: Sequence[Evidence], void: bool, *, apart: bool = False) -> list[int]:
    """List the pieces of all ids."""
    pieces: list[int] = []
    for mask in masks:
        pieces += mask.apart if apart and not mask.full else mask.pieces
        pieces += () if void else mask.void_pieces
    return pieces


def _are_classes(masks: Sequence[Evidence], void: bool) -> bool:
    """Tell ids that are classes from ids that are objects, some of which others cut in pieces.

    Objects are numbered 1, 2, … in each mask, as many as there are; classes leave gaps where a
    mask shows none of one.
    """
    told = [mask for mask in masks if mask.pieces]
    pieces = np.array(_pieces(masks, void) or [1])
    apart = np.array(_pieces(masks, void, apart=True) or [1])
    if all(mask.counted for mask in told):
        if len({len(mask.pieces) for mask in told}) >= _NUMBERINGS:
            return bool(apart.mean() > _MANY_PIECES)
    elif np.mean(pieces > 1) > _SPLIT_SHARE:
        return True
    return bool(np.mean(apart > 1) > _SPLIT_SHARE or pieces.mean() > _MANY_PIECES)


def without_specks(numbered: NDArray[np.int32], owners: list[int]) -> Numbered:
    """Drop pieces of a few pixels beside objects that are hundreds of times as large."""
    sizes = np.bincount(numbered.ravel(), minlength=len(owners) + 1)[1:]
    if not len(sizes):
        return Numbered(numbered, owners)
    kept = sizes >= min(_SPECK_PIXELS, _SPECK_SHARE * sizes.max())
    renumbered = np.concatenate([[0], np.where(kept, np.cumsum(kept), 0)]).astype(np.int32)
    left = [own for own, keep in zip(owners, kept, strict=True) if keep]
    return Numbered(renumbered[numbered], left, int((~kept).sum()))
