"""Sizes and repeats of a pilot, in the order in which they tell most."""

from __future__ import annotations

from collections.abc import Sequence

SMALLEST = 4
_SMALL = 16
"""Sizes up to this are repeated: which few images were drawn matters most there."""

_NEAR = 1.35
"""The largest size stands beside the power of two before it only where it is so much larger."""


def log_sizes(largest: int) -> list[int]:
    """List sizes from 4 images up, each about twice the one before, the largest among them.

    Parameters
    ----------
    largest : int
        Images that can train.

    Examples
    --------
    >>> log_sizes(32), log_sizes(100), log_sizes(70), log_sizes(6)
    ([4, 8, 16, 32], [4, 8, 16, 32, 64, 100], [4, 8, 16, 32, 70], [4, 6])
    """
    sizes = [SMALLEST]
    while 2 * sizes[-1] <= largest:
        sizes.append(2 * sizes[-1])
    if largest >= _NEAR * sizes[-1]:
        sizes.append(largest)
    elif largest > sizes[-1] and len(sizes) > 1:
        sizes[-1] = largest
    return sizes


def coarse_to_fine(sizes: Sequence[int]) -> list[int]:
    """Order sizes so that any first few of them are spread out: ends, middle, quarters.

    Examples
    --------
    >>> coarse_to_fine([4, 8, 16, 32, 64])
    [4, 64, 16, 8, 32]
    """
    ordered = list(dict.fromkeys([sizes[0], sizes[-1]]))
    gaps = [(0, len(sizes) - 1)]
    while gaps:
        low, high = gaps.pop(0)
        middle = (low + high) // 2
        if low < middle < high:
            ordered.append(sizes[middle])
            gaps += [(low, middle), (middle, high)]
    return ordered


def automatic_trainings(sizes: Sequence[int], n_folds: int, n_images: int) -> list[tuple[int, int]]:
    """List sizes with repeats as the time is to be spent, the most telling first.

    Every size once, spread out; then a repeat of the small ones with other images; under
    cross-validation then the folds of the large ones, until every image was tested; then a
    third training of the small ones.

    Parameters
    ----------
    sizes : sequence of int
        Ascending, images.
    n_folds : int
        Repeats that test every image; 1 with a given test split.
    n_images : int
        Images that train or are tested in turn.

    Returns
    -------
    trainings : list of (size, repeat)
    """
    small = [size for size in sizes if size <= _SMALL]
    found = [(size, 0) for size in coarse_to_fine(sizes)]
    found += [(size, 1) for size in small]
    for repeat in range(1, n_folds):
        found += [(size, repeat) for size in reversed(sizes) if 2 * size > n_images]
        found += [(size, 1) for size in sizes if repeat == 1]
    found += [(size, 2) for size in small]
    return list(dict.fromkeys(found))


def read_sizes(sizes: str | Sequence[int], largest: int) -> list[int]:
    """Read sizes as asked for: ``auto``, ``4,16,64`` or numbers.

    Raises
    ------
    ValueError
        If a size is no number of images that can train.
    """
    if sizes == "auto":
        return log_sizes(largest)
    parts = sizes.split(",") if isinstance(sizes, str) else list(sizes)
    try:
        found = sorted({int(part) for part in parts})
    except (TypeError, ValueError):
        raise ValueError(f"Got sizes={sizes!r}, expected auto or such as 4,16,64.") from None
    if not found or found[0] < 1 or found[-1] > largest:
        raise ValueError(
            f"Got sizes={sizes!r}, expected numbers from 1 to {largest}: so many images can train."
        )
    return found
