from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ptssp_sklearn.curves.pilot import check_pilot
from ptssp_sklearn.measuring import Measurement


def measurement(scores, n_test=50, spread=0.04, seed=0):
    """Make one of scores {size: [a repeat each]}, whose test images spread them so much."""
    rng = np.random.default_rng(seed)
    shift = rng.normal(0, spread, 100)
    rows = [
        {"size": size, "repeat": repeat, "kind": "box", "map50_95": score, "map50": score,
         "map75": score, "n_test": n_test, "n_objects": 3 * n_test, "seconds": 1.0,
         "resampled": np.stack([score + shift, score + shift])}
        for size, repeats in scores.items()
        for repeat, score in enumerate(repeats)
    ]  # fmt: skip
    return Measurement("d", "l", "tested", pd.DataFrame(rows), pd.DataFrame())


def error(found, size):
    table = found.points().set_index("size")
    return table.loc[size, "error"]


def test_test_images_that_spread_scores_more_give_larger_errors():
    few, many = (measurement({16: [0.4]}, spread=s) for s in (0.1, 0.01))
    assert error(few, 16) > 2 * error(many, 16)
    assert error(few, 16) == pytest.approx(0.1, rel=0.25)


def test_repeats_halve_what_training_images_cost_but_not_what_test_images_cost():
    once, often = (measurement({16: [0.4] * n}, spread=0.001) for n in (1, 16))
    assert error(often, 16) < 0.5 * error(once, 16)
    once, often = (measurement({16: [0.4] * n}, spread=0.2) for n in (1, 16))
    assert error(often, 16) > 0.9 * error(once, 16)


def test_repeats_that_differ_more_give_larger_errors_at_all_sizes():
    calm = measurement({4: [0.3, 0.31, 0.3], 64: [0.5]}, spread=0.01)
    wild = measurement({4: [0.1, 0.5, 0.3], 64: [0.5]}, spread=0.01)
    assert error(wild, 64) > 1.5 * error(calm, 64)


def test_a_score_of_zero_has_an_error_too():
    assert error(measurement({4: [0.0]}, spread=0.0), 4) > 0.003


def test_the_pilot_is_one_that_is_asked_with():
    found = measurement({4: [0.2, 0.3], 16: [0.4]})
    sizes, scores = check_pilot(found)
    assert sizes.tolist() == [4, 16]
    assert scores.tolist() == [[0.25, 0.4]]
    assert [len(point) for point in found.pilot()] == [3, 3]


def test_what_was_not_measured_is_refused():
    found = measurement({4: [0.2]})
    with pytest.raises(ValueError, match="kind='mask', but of 'l' box mAP was measured"):
        found.points(kind="mask")
    with pytest.raises(ValueError, match="expected map50_95 or map50"):
        found.points("map75")
