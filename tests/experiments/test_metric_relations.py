from __future__ import annotations

from dataclasses import asdict

import pytest

from experiments.metric_relations import relations
from ptssp_sklearn.bayes.metric_relation import known_relations


def test_the_relations_that_are_shipped_are_those_of_the_banks():
    found, shipped = relations(), known_relations()
    assert set(found) == set(shipped) == {"boxes", "masks"}
    for name, relation in found.items():
        assert asdict(relation) == pytest.approx(asdict(shipped[name]), abs=1e-4)
