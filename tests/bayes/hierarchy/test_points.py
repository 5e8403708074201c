"""Published points as arrays: metrics related, pairs numbered."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from ptssp_sklearn.bayes.hierarchy.points import LevelPoints, MetricRelation


def row(group: str, learner: str, metric: str, size: int, score: float) -> dict[str, object]:
    return {
        "group": group,
        "learner": learner,
        "pretraining": "coco",
        "metric": metric,
        "size": size,
        "score": score,
    }


def test_the_relation_of_the_metrics_is_found_again():
    rng = np.random.default_rng(0)
    strict = rng.uniform(0.2, 0.8, 200)
    lax = expit(1.5 + 1.1 * logit(strict) + 0.2 * rng.normal(size=200))
    rows = [row(f"g{i}", "a", "map50_95", 100, s) for i, s in enumerate(strict)]
    rows += [row(f"g{i}", "a", "map50", 100, s) for i, s in enumerate(lax)]
    found = MetricRelation.fit(pd.DataFrame(rows))
    assert found.slope == pytest.approx(1.1, abs=0.1)
    assert found.offset == pytest.approx(1.5, abs=0.1)
    assert found.spread == pytest.approx(0.2, abs=0.04)
    back, error = found.to_strict(lax)
    assert np.abs(back - strict).mean() < 0.05
    assert np.all((error > 0) & (error < 0.1))


def test_few_trainings_of_both_metrics_take_the_usual_relation():
    rows = [row("g", "a", "map50_95", 10, 0.4), row("g", "a", "map50", 10, 0.6)]
    assert MetricRelation.fit(pd.DataFrame(rows)) == MetricRelation()


def test_a_score_of_map50_counts_only_where_the_stricter_one_is_missing():
    rows = [
        row("g", "a", "map50_95", 10, 0.4),
        row("g", "a", "map50", 10, 0.6),
        row("g", "b", "map50", 10, 0.7),
        row("h", "a", "map50_95", 0, 0.3),
    ]
    found = LevelPoints.of(pd.DataFrame(rows), MetricRelation())
    assert (len(found.scores), found.n_pairs, found.n_datasets) == (3, 3, 2)
    assert found.names == ["a", "b"]
    assert (found.errors > 0).sum() == 1
    assert found.scores.max() < 0.7
    assert np.exp(found.log_sizes.min()) < 1e-20


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="without the column 'score'"):
        LevelPoints.of(pd.DataFrame({"group": [], "learner": [], "pretraining": [], "metric": [],
                                     "size": []}), MetricRelation())  # fmt: skip
