"""What an answer says in English: numbers of images, chances, the sentence and its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ptssp_sklearn.serving.answer import Answer

MANY = 1e7
"""Beyond so many images no number is said."""

METRICS = {"map50_95": "mAP50-95", "map50": "mAP50"}


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
    goal = f"{METRICS[answer.metric]} {answer.target_map:g}"
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
    low, high = answer.interval
    end = "no limit" if np.isinf(high) else count(high)
    said = [f"{answer.coverage:.0%} interval: {count(low)} to {end} training images."]
    if np.isinf(low):
        said = [f"{answer.coverage:.0%} interval: out of reach at both ends."]
    if np.isfinite(answer.sizes[0.5]):
        said.append(f"{_chances(answer).capitalize()}.")
        if np.isinf(answer.sizes[0.8]):
            said.append(_within(answer))
    return [*said, subject(answer), evidence(answer)]


def subject(answer: Answer) -> str:
    """Say which score it is, over which classes, of whom."""
    score = METRICS[answer.metric] + (f" of {answer.shape}" if answer.shape else "")
    classes = "all classes" if answer.classes is None else f"the class {answer.classes}"
    learner = answer.learner or answer.trained or "a learner that is not named"
    return f"Score: {score}, over {classes}, of {learner}."


def evidence(answer: Answer) -> str:
    """Say what the answer rests on."""
    seen = []
    if answer.n_images:
        seen.append(plural(answer.n_images, "image"))
        seen[0] += " with masks" if answer.n_masks == answer.n_images else ""
        if 0 < answer.n_masks < answer.n_images:
            seen[0] += f" ({answer.n_masks} with {'a mask' if answer.n_masks == 1 else 'masks'})"
    if answer.pilot:
        seen.append(plural(len(answer.pilot), "measured point"))
    return f"Evidence: {' and '.join(seen) or 'none of this task, only curves of others'}."


def _chances(answer: Answer) -> str:
    parts = [f"{chance:.0%} with {size:,.0f}" for size, chance in answer.reach.items()
             if np.isfinite(size)]  # fmt: skip
    parts[0] += " images"
    return f"the chance to reach it is {', '.join(parts)} and {answer.reach[np.inf]:.0%} at all"


def _within(answer: Answer) -> str:
    found = [
        f"{score:g} with {level:.0%} certainty"
        for level, score in answer.best_reachable.items()
        if score is not None
    ]
    if not found:
        return "No score is within reach with 50% certainty: add a measured point."
    return f"Within reach is {METRICS[answer.metric]} {' and '.join(found)}."
