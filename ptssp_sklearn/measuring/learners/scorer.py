"""A function that trains and scores by itself, measured like a learner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from ptssp_sklearn.measuring.resampling import DRAWS

_SHARE = 0.6
"""Standard error of an mAP, in those of a share of as many test images."""


class Parted(Protocol):
    """A task that can give its training and test images as labelled data sets."""

    record: dict[str, Any]

    def parts(self, size: int, repeat: int) -> tuple[Any, Any]:
        """Give the two data sets of a training."""
        ...


class Scorer:
    """Measures with ``fit_and_score(train, test, seed)``.

    Parameters
    ----------
    fit_and_score : callable
        Takes two `LabelledDataset` and an int; gives a score, a fraction; a pair of score and
        standard error; or a dict of ``map50_95``, perhaps ``map50`` and ``error``.

    Attributes
    ----------
    name : str
    side : int
    """

    side = 640

    def __init__(self, fit_and_score: Callable[..., Any]) -> None:
        self.fit_and_score = fit_and_score
        name = getattr(fit_and_score, "__qualname__", type(fit_and_score).__name__)
        self.name = str(name).rpartition(".")[2].strip("<>")

    def measure(self, dataset: Parted, size: int, repeat: int, seed: int) -> dict[str, Any]:
        """Train and score; give what `score_predictions` gives.

        Raises
        ------
        ValueError
            If what the function gives is no score.
        """
        train, test = dataset.parts(size, repeat)
        given = _read(self.fit_and_score(train, test, seed))
        score, error = given["map50_95"], given["error"]
        n_test, n_objects = len(test), int(test.object_counts.sum())
        if error is None:
            error = _SHARE * float(np.sqrt(max(score * (1 - score), 0.0) / max(n_test, 1)))
        rng = np.random.default_rng([size, repeat])
        draws = rng.normal(score, error, DRAWS)
        kind = "mask" if dataset.record["labels"] == "masks" else "box"
        scores = {"map50_95": score, "map50": given["map50"], "map75": None, "classes": {}}
        more = {"n_test": n_test, "n_objects": n_objects, "resampled": np.stack([draws, draws])}
        return {**scores, "kinds": {kind: {**scores, **more}}}


def _read(given: Any) -> dict[str, Any]:
    """Read what the function gave."""
    if isinstance(given, Mapping):
        named = dict(given)
    elif isinstance(given, tuple | list) and len(given) == 2:
        named = {"map50_95": given[0], "error": given[1]}
    else:
        named = {"map50_95": given}
    try:
        score = float(named["map50_95"])
        error = None if named.get("error") is None else float(named["error"])
        map50 = None if named.get("map50") is None else float(named["map50"])
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f"Got {given!r:.80} of fit_and_score, expected a score, (score, error), or a dict with "
            "map50_95."
        ) from None
    if not 0 <= score <= 1 or (error is not None and not error >= 0):
        raise ValueError(
            f"Got the score {score:g} of fit_and_score, expected a fraction in [0, 1] and an error "
            "that is not negative."
        )
    return {"map50_95": score, "map50": map50, "error": error}
