"""What is odd of measured points: scores that fall or jump, and predictions below them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FALL = 0.08
"""A score that is lower by this with more images fell by more than chance."""
_RISE, _RISE_A_DOUBLING = 0.25, 0.4
_SPREAD = 0.2


def odd_points(points: Sequence[Sequence[Any]]) -> list[str]:
    """Say which measured points can hardly belong to one learning curve.

    Parameters
    ----------
    points : sequence of (size, score, …)
        Images, fractions; those of each learner are compared among themselves.

    Returns
    -------
    remarks : list of str
        Sentences; none where nothing is odd.

    Examples
    --------
    >>> from ptssp_sklearn.curves import odd_points
    >>> odd_points([(50, 0.89), (100, 0.60)])[0][:46]
    'The score falls from 0.89 with 50 images to 0.'
    """
    named = dict.fromkeys(map(_learner, points))
    return [
        sentence
        for name in named
        for sentence in _odd([point for point in points if _learner(point) == name])
    ]


def _odd(points: Sequence[Sequence[Any]]) -> list[str]:
    """Say what is odd of the points of one learner."""
    sizes, means, spreads = _by_size(points)
    remarks = []
    for size, spread in zip(sizes, spreads, strict=True):
        if spread > _SPREAD:
            remarks.append(
                f"The scores with {_images(size)} differ by {spread:.2f}: were they measured on "
                "the same test images?"
            )
    for i in range(1, len(sizes)):
        best = int(np.argmax(means[:i]))
        fall, rise = means[best] - means[i], means[i] - means[i - 1]
        doublings = float(np.log2(sizes[i] / sizes[i - 1]))
        if fall > _FALL:
            remarks.append(
                f"The score falls from {means[best]:.2f} with {_images(sizes[best])} to "
                f"{means[i]:.2f} with {sizes[i]:,g}: were the test images or labels changed?"
            )
        elif rise > _RISE and rise > _RISE_A_DOUBLING * doublings:
            remarks.append(
                f"The score jumps from {means[i - 1]:.2f} with {_images(sizes[i - 1])} to "
                f"{means[i]:.2f} with {sizes[i]:,g}: were the test images, labels or training "
                "changed?"
            )
    return remarks


def below_measured(
    points: Sequence[Sequence[Any]],
    curve: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    least: float = 0.03,
) -> list[str]:
    """Say where a predicted curve lies clearly below what was measured.

    Parameters
    ----------
    points : sequence of (size, score, …)
    curve : callable
        Gives the predicted score at sizes, images.
    least : float, default=0.03
        Distance from which it is said.

    Returns
    -------
    remarks : list of str
        At most one sentence, of the point that lies farthest above; those of other learners
        are passed over.
    """
    sizes, means, _ = _by_size([point for point in points if _learner(point) is None])
    if not len(sizes):
        return []
    predicted = np.asarray(curve(sizes)).ravel()
    worst = int(np.argmax(means - predicted))
    if means[worst] - predicted[worst] <= least:
        return []
    return [
        f"The prediction has {predicted[worst]:.2f} with {_images(sizes[worst])}, where "
        f"{means[worst]:.2f} was measured: single measurements vary, and the others and the "
        "curves the model knows lie lower."
    ]


def _learner(point: Sequence[Any]) -> str | None:
    """Give who measured a point; None for the learner that is asked about."""
    return point[-1] if isinstance(point[-1], str) else None


def _by_size(
    points: Sequence[Sequence[Any]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[float]]:
    """Give the sizes, and the mean and range of the scores of each."""
    pairs = np.array([(float(point[0]), float(point[1])) for point in points]).reshape(-1, 2)
    sizes = np.unique(pairs[:, 0])
    each = [pairs[pairs[:, 0] == size, 1] for size in sizes]
    means = np.array([own.mean() for own in each])
    return sizes, means, [float(np.ptp(own)) for own in each]


def _images(size: float) -> str:
    return "1 image" if size == 1 else f"{size:,g} images"
