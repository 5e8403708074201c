"""What an answer says in English: numbers of images, chances, the sentence and its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ptssp_sklearn.bayes.metric_relation import METRIC_LABELS

if TYPE_CHECKING:
    from ptssp_sklearn.serving.answer import Answer
    from ptssp_sklearn.serving.forecast import Forecast

MANY = 1e7
"""Beyond so many images no number is said."""


def count(size: float) -> str:
    """Say a number of images without the noun.

    Examples
    --------
    >>> from ptssp_sklearn.serving.wording import count
    >>> count(1234), count(52663633), count(float("inf"))
    ('1,234', 'more than 10 million', 'out of reach')
    """
    if np.isinf(size):
        return "out of reach"
    return "more than 10 million" if size > MANY else f"{size:,.0f}"


def plural(number: float, noun: str) -> str:
    """Say a number with its noun.

    Examples
    --------
    >>> from ptssp_sklearn.serving.wording import plural
    >>> plural(1, "image"), plural(2, "measured point")
    ('1 image', '2 measured points')
    """
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def sentence(answer: Answer) -> str:
    """Say the numbers at each certainty, or that the target is out of reach."""
    goal = f"{METRIC_LABELS[answer.forecast.metric]} {answer.target_map:g}"
    first, *others = answer.sizes.items()
    if np.isinf(first[1]):
        within = _within(answer)
        return f"{goal} is likely out of reach: {_chances(answer)}. {within}"
    text = f"{goal} takes about {plural(first[1], 'training image')} with {first[0]:.0%} certainty"
    found = [f"{count(size)} with {level:.0%}" for level, size in others if np.isfinite(size)]
    lost = [f"{level:.0%}" for level, size in others if np.isinf(size)]
    text += "".join(f", {one}" for one in found)
    if lost:
        text += f"; with {' and '.join(lost)} it is out of reach"
    return f"{text}."


def lines(answer: Answer) -> list[str]:
    """Say what stands under the sentence, in the order in which it matters."""
    said = [f"{answer.coverage:.0%} interval: {_ends(*answer.interval)}."]
    if np.isfinite(answer.sizes[0.5]):
        said.append(f"{_chances(answer).capitalize()}.")
        if np.isinf(answer.sizes[0.8]):
            said.append(_within(answer))
    return [*said, subject(answer.forecast), evidence(answer.forecast)]


def score_name(forecast: Forecast) -> str:
    """Say which score it is."""
    name = METRIC_LABELS[forecast.metric]
    return f"{name} of {forecast.shape}" if forecast.shape else name


def subject(forecast: Forecast) -> str:
    """Say which score it is, over which classes, of whom."""
    one = forecast.seen.classes
    classes = "all classes" if one is None else f"the class {one}"
    return f"Score: {score_name(forecast)}, over {classes}, of {forecast.learner}."


def evidence(forecast: Forecast) -> str:
    """Say what the answer rests on."""
    found, n_images, n_masks = [], forecast.seen.n_images, forecast.seen.n_masks
    if n_images:
        masks = "" if not n_masks else f" and {plural(n_masks, 'mask')}"
        found.append(plural(n_images, "image") + masks)
    if forecast.pilot:
        found.append(plural(len(forecast.pilot), "measured point"))
    return f"Evidence: {', '.join(found) or 'nothing of this task, only curves of others'}."


def _ends(low: float, high: float) -> str:
    """Say the ends of an interval, images."""
    if np.isinf(low):
        return "out of reach at both ends"
    if np.isinf(high):
        return f"from {plural(low, 'training image')} to out of reach"
    return f"{count(low)} to {plural(high, 'training image')}"


def _chances(answer: Answer) -> str:
    parts = [f"{chance:.0%} with {size:,.0f}" for size, chance in answer.reach.items()
             if np.isfinite(size)]  # fmt: skip
    parts[0] += " images"
    return f"the chance to reach it is {', '.join(parts)} and {answer.reach[np.inf]:.0%} at all"


def _within(answer: Answer) -> str:
    found = [
        f"{score:g} with {level:.0%}"
        for level, score in answer.forecast.best_reachable.items()
        if score is not None
    ]
    if not found:
        return "No score is within reach with 50% certainty: add a measured point."
    return (
        f"Within reach is {METRIC_LABELS[answer.forecast.metric]} {' and '.join(found)} certainty."
    )
