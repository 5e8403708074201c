from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from experiments.held_out import BETWEEN, FITTED, FROM_HALF, FROM_REST, compare, main, splits, table
from experiments.protocol.families import FAMILIES
from tests.experiments.test_bank_page import archive

SIZES = 2.0 ** np.arange(1, 9)
TRUE = {
    "4PL": [[0.1, 1.2, 20.0, 0.8], [0.0, 0.7, 90.0, 0.95]],
    "power law (3)": [[0.8, 0.9, 0.5], [0.95, 1.0, 0.9]],
    "power law (4)": [[0.8, 2.0, 0.7, 6.0], [0.6, 0.4, 1.5, -1.0]],
    "Weibull": [[0.9, 0.1, 15.0, 0.8], [0.5, 0.02, 60.0, 2.0]],
    "MMF": [[0.1, 40.0, 0.8, 1.2], [0.05, 9.0, 0.6, 0.8]],
}
each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


@pytest.fixture(scope="module")
def noisy() -> np.ndarray:
    """Rising, falling, stepped, constant and short curves."""
    generator = np.random.default_rng(0)
    scores = np.sort(generator.random((6, len(SIZES))), axis=1)
    scores[1] = scores[1, ::-1]
    scores[2] = np.repeat([0.05, 0.9], len(SIZES) // 2)
    scores[3] = 0.4
    scores[4, :2] = np.nan
    scores[5, ::2] = np.nan
    return scores


def bank_of(scores: np.ndarray) -> Bunch:
    names = [f"d{i}" for i in range(len(scores))]
    return Bunch(y=pd.DataFrame(scores, index=names, columns=SIZES), groups=np.array(names))


@each_family
def test_a_family_recovers_its_own_curves(family):
    true = family.curve(SIZES, np.array(TRUE[family.name]))
    assert np.all((true >= 0) & (true <= 1))
    assert family.predict(SIZES, true) == pytest.approx(true, abs=2e-3)
    assert family.fit(SIZES, true).shape == (2, family.n_params)


@each_family
def test_fits_stay_within_bounds_and_never_fall(family, noisy):
    first = np.where(np.isfinite(noisy), SIZES, np.inf).min(axis=1)
    dense = np.geomspace(SIZES[0], 1e6, 300)
    curves = family.curve(dense, family.fit(SIZES, noisy))
    for curve, start in zip(curves, first, strict=True):
        curve = curve[dense >= start]
        assert curve.min() >= -1e-9
        assert curve.max() <= 1 + 1e-9
        assert np.diff(curve).min() >= -1e-9


@each_family
def test_no_fit_is_worse_than_a_constant(family, noisy):
    errors = np.nansum((family.predict(SIZES, noisy) - noisy) ** 2, axis=1)
    assert np.all(errors <= np.nanvar(noisy, axis=1) * np.isfinite(noisy).sum(axis=1) + 1e-9)


@each_family
def test_fits_of_the_same_curves_are_the_same(family, noisy):
    alone = np.concatenate([family.predict(SIZES, row[None]) for row in noisy])
    assert np.array_equal(alone, family.predict(SIZES, noisy))


def test_mmf_is_the_4pl_in_other_letters(noisy):
    families = {family.name: family for family in FAMILIES}
    ours, theirs = (families[name].predict(SIZES, noisy) for name in ("4PL", "MMF"))
    assert theirs == pytest.approx(ours, abs=1e-9)


def test_every_inner_size_is_left_out_once_and_the_ends_never(noisy):
    known = np.isfinite(noisy)
    between = [split.hidden for split in splits(known) if split.way == BETWEEN]
    left_out = np.sum(between, axis=0)
    assert left_out.max() == 1
    assert all(hidden.sum(axis=1).max() <= 1 for hidden in between)
    assert left_out[0].tolist() == [0, 1, 1, 1, 1, 1, 1, 0]
    assert left_out[4].tolist() == [0, 0, 0, 1, 1, 1, 1, 0]
    assert left_out[5].sum() == 0


def test_a_long_curve_has_ten_inner_sizes_left_out():
    between = [split for split in splits(np.ones((1, 40), bool)) if split.way == BETWEEN]
    places = [int(split.hidden[0].argmax()) for split in between]
    assert len(set(places)) == 10
    assert 0 < min(places) < 5
    assert 33 < max(places) < 39


@pytest.mark.parametrize(("way", "n_hidden"), [(FROM_HALF, 4), (FROM_REST, 2)])
def test_the_two_largest_sizes_are_predicted_from_smaller_ones(way, n_hidden):
    (split,) = [split for split in splits(np.ones((3, 8), bool)) if split.way == way]
    assert split.hidden[0].tolist() == [False] * (8 - n_hidden) + [True] * n_hidden
    assert split.scored[0].tolist() == [False] * 6 + [True] * 2


@each_family
def test_what_is_hidden_does_not_change_the_fit(family, noisy, monkeypatch):
    seen = []
    recording = type(family)(
        family.name, family.formula, family.n_params,
        lambda sizes, scores: seen.append(scores) or family.fit(sizes, scores), family.curve,
    )  # fmt: skip
    monkeypatch.setattr("experiments.held_out.FAMILIES", (recording,))
    compare(bank_of(noisy))
    expected = [split for split in splits(np.isfinite(noisy)) if split.scored.any()]
    assert len(seen) == len(expected)
    for scores, split in zip(seen, expected, strict=True):
        rows = split.scored.any(axis=1)
        assert np.isnan(scores[split.hidden[rows]]).all()
        assert np.array_equal(scores, np.where(split.hidden, np.nan, noisy)[rows], equal_nan=True)


def test_the_true_family_wins_on_its_own_curves():
    a, c = np.linspace(0.5, 0.9, 6), np.linspace(8, 60, 6)
    weibull = a[:, None] * (1 - np.exp(-((SIZES / c[:, None]) ** 1.5)))
    errors = compare(bank_of(weibull))
    means = errors.groupby(["way", "family"]).rmse.mean().unstack()  # noqa: PD010
    assert set(means.index) == {FITTED, BETWEEN, FROM_HALF, FROM_REST}
    assert (means.idxmin(axis=1) == "Weibull").all()
    assert means["Weibull"].drop(FROM_HALF).max() < 0.001
    text = table(errors)
    assert text.count("| Weibull |") == 4
    assert "| 100% |" in text


def test_the_command_prints_a_table_a_bank_and_refuses_unknown_ones(tmp_path, capsys):
    path = archive(tmp_path / "drawn.zip", 2, groups="ab", images=False)
    assert main(["--banks", path]) == 0
    printed = capsys.readouterr().out
    assert "## drawn" in printed
    assert all(printed.count(f"| {family.name} |") == 3 for family in FAMILIES)
    assert main(["--banks", "procedual"]) == 2
    assert "Did you mean 'procedural'?" in capsys.readouterr().err
