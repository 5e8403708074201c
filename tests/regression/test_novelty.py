from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ptssp_sklearn import CurveParamRegressor
from ptssp_sklearn.curves.sigmoid import from_unbounded
from ptssp_sklearn.regression.novelty import NOVEL, Domain, References

N = 100


def rows(n: int = N, seed: int = 0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 6))
    coordinates = np.column_stack([np.full(n, -3.0), np.zeros(n), 4 - X[:, 0], X[:, 1]])
    return X, from_unbounded(coordinates)


@pytest.fixture(scope="module")
def model():
    """A hundred datasets, two draws each."""
    X, params = rows()
    draws = np.concatenate([X, X + 0.1 * np.random.default_rng(1).normal(size=X.shape)])
    regressor = CurveParamRegressor(n_networks=8, n_steps=60, random_state=0)
    return regressor.fit(draws, np.tile(params, (2, 1)))


def test_rows_of_the_same_distribution_are_evenly_strange(model):
    scores = model.out_of_domain(rows(400, seed=2)[0])
    assert ((scores >= 0) & (scores <= 1)).all()
    assert np.quantile(scores, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.15)
    assert (scores > NOVEL).mean() < 0.12


def test_rows_far_away_are_strange_and_the_further_the_nearer_the_population(model):
    X = rows(20, seed=3)[0]
    far = X + 6.0
    assert (model.out_of_domain(far) > NOVEL).all()
    population = model.predict_distribution(None).curves([8, 32, 128]).mean(axis=1)
    gaps = [
        np.abs(model.predict_distribution(X + step).curves([8, 32, 128]).mean(axis=1) - population)
        for step in (0.0, 6.0, 40.0)
    ]
    assert gaps[2].mean() < gaps[0].mean()
    assert gaps[2].max() < 0.05


def test_intervals_widen_out_of_domain_and_stay_within(model, monkeypatch):
    X = rows(30, seed=4)[0]

    def width(asked):
        low, high = np.moveaxis(
            model.predict_distribution(asked).curve_quantiles([32], [0.05, 0.95])[:, 0], -1, 0
        )
        return high - low

    far, near = width(X + 6.0), width(X)
    inside = model.out_of_domain(X) <= NOVEL
    for domain in model.domains_:
        monkeypatch.setitem(domain.__dict__, "limit", np.inf)
    assert np.array_equal(width(X)[inside], near[inside])
    assert far.mean() > width(X + 6.0).mean()


def test_a_row_does_not_depend_on_the_rows_beside_it(model):
    X = np.concatenate([rows(3, seed=5)[0], rows(3, seed=6)[0] + 6.0])
    together = model.predict(X)
    alone = np.concatenate([model.predict(X[i : i + 1]) for i in range(len(X))])
    assert alone == pytest.approx(together, rel=1e-4)


def test_neighbours_are_distinct_datasets_and_a_training_row_finds_itself(model):
    X, params = rows()
    found = model.neighbours(X[:4], 5)
    assert found["row"].tolist() == np.repeat(range(4), 5).tolist()
    assert not found.duplicated(["row", "dataset"]).any()
    assert found.groupby("row")["weight"].sum().to_numpy() == pytest.approx(np.ones(4))
    assert (found.groupby("row")["distance"].diff().dropna() >= 0).all()
    own = [int(name) for name in found.groupby("row")["dataset"].first()]
    assert [params[i].tolist() for i in own] == params[:4].tolist()
    assert len(model.neighbours(X[:1], 500)) == N
    with pytest.raises(ValueError, match="n=0"):
        model.neighbours(X, 0)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_few_datasets_cannot_tell_what_is_strange(n):
    domain = Domain(np.arange(2.0 * n).reshape(n, 2), np.arange(n))
    points = np.full((2, 2), 1e3)
    if n:
        assert (domain.novelty_score(points) <= NOVEL).all()
    assert domain.population_share(points).tolist() == [0, 0]


def test_few_rows_are_kept_as_many_of_each_dataset():
    dataset = np.repeat(np.arange(300), 10)
    X = np.random.default_rng(0).normal(size=(3000, 2))
    kept = References.of(pd.DataFrame(index=range(300)), X, dataset, seed=0)
    assert kept.features.shape == (2000, 2)
    assert set(np.bincount(kept.dataset)) == {6, 7}
