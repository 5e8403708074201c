"""How results are measured: splits, questions, measures, baselines; small made-up banks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.protocol.cross_validation import Study, run_study
from experiments.protocol.forecast import LEVELS, Forecast, Question
from experiments.protocol.measures import coverage, scores_beyond, table_scores
from experiments.protocol.pilot_baselines import PILOT_ONLY, last_value, logistic, unbounded
from experiments.protocol.questions import Bank, Truth, fold_numbers
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from tests.curve_banks import REAL_SIZES, SIZES, load, made_up

QUICK = {"n_networks": 4, "n_steps": 10}


@pytest.fixture(scope="module")
def study() -> Study:
    return run_study({"procedural": made_up()}, n_folds=2, seed=0, **QUICK)


def perfect(truth: Truth) -> Forecast:
    return Forecast(
        truth.curves,
        truth.needed,
        np.repeat(truth.curves[..., None], len(LEVELS), axis=2),
        np.repeat(truth.needed[..., None], len(LEVELS), axis=2),
        truth.needed[..., None] * [0.99, 1.0, 1.01],
    )


@pytest.mark.parametrize("limit", [0.0, 16.0])
def test_a_perfect_forecaster_errs_nowhere(limit):
    bank = made_up()
    truth = Truth.of(bank.sizes, bank.curves)
    scores = scores_beyond(truth, perfect(truth), limit)
    assert (scores["mae"], scores["log10_size"], scores["within_2x"]) == (0, 0, 1)
    assert [scores[f"suffices_{c}"] for c in (50, 80, 90)] == [0, 1, 1]
    assert (scores["curve_cover"], scores["size_cover"]) == (1, 1)
    assert (scores["curve_width"], scores["size_width"]) == (0, 0)
    whole = table_scores(truth.curves, truth.curves, truth.curves.mean(axis=0))
    assert whole["r2"] == 1
    assert whole["spearman"] == pytest.approx(1)


def test_targets_inside_the_pilot_do_not_count_and_never_is_a_million():
    truth = Truth(
        SIZES[:3], np.array([[0.2, 0.4, 0.8]]), np.array([[0.3, 0.7]]), np.array([[3, 7]])
    )
    lost = Forecast(truth.curves, np.array([[1.0, np.inf]]))
    assert scores_beyond(truth, lost, 4.0)["n_sizes"] == 1
    assert scores_beyond(truth, lost, 4.0)["suffices_80"] == 1
    assert scores_beyond(truth, lost, 4.0)["log10_size"] == pytest.approx(6 - np.log10(7))


def test_curves_that_end_inside_the_pilot_are_left_out():
    curves = np.array([[0.1, 0.2, 0.3], [0.1, 0.2, np.nan]])
    truth = Truth.of(SIZES[:3], curves)
    answer = Forecast(np.full((2, 3), 0.5), truth.needed)
    assert scores_beyond(truth, answer, 4.0)["n_curves"] == 1
    assert scores_beyond(truth, answer, 4.0)["mae"] == pytest.approx(0.2)


def test_coverage_counts_the_inside_of_the_interval():
    bank = made_up()
    truth = Truth.of(bank.sizes, bank.curves)
    answer = perfect(truth)
    wide = answer.curves[..., None] + (LEVELS - 0.5)
    half = np.where(np.arange(len(bank))[:, None, None] % 2, wide, 2.0)
    found = coverage(truth, replace(answer, bands=half), 0.9)
    assert found["curve_cover"] == pytest.approx(0.5)


@pytest.mark.parametrize("n_folds", [2, 5, 10])
def test_a_group_is_in_one_fold_only(n_folds):
    groups = np.array(list("aabbbccddeeffgghij"))
    folds = fold_numbers(groups, n_folds, seed=3)
    for name in set(groups):
        assert len(set(folds[groups == name])) == 1
    assert len(set(folds)) == min(n_folds, 10)


def test_a_group_is_never_on_both_sides():
    banks = {name: load(name) for name in ("cutpaste", "procedural-2")}
    folds = {n: fold_numbers(bank.groups, 3, 0) for n, bank in banks.items()}
    study = Study(banks, folds, [None] * 3, 0)
    seen = []
    for number, rows, _ in study.parts("cutpaste", study.truth("cutpaste")):
        train = study.training(number)[0]
        assert not set(train.groups) & set(banks["cutpaste"].groups[rows])
        seen += list(rows)
    assert sorted(seen) == list(range(len(banks["cutpaste"])))


def test_only_one_groups_rows_leave_where_rows_are_groups():
    bank = load("cutpaste").one_group_a_row()
    assert len(set(bank.groups)) == len(bank)


def test_a_condition_keeps_all_its_draws_and_asks_the_first():
    bank = load("cutpaste").only("four images")
    assert {(draw.n_images, draw.masks) for draw in bank.draws} == {(4, False)}
    assert bank.draws[0].images == (1, 2, 3, 4)
    assert bank.of("four images") is bank.vectors[0]


def test_unmeasured_points_are_read_off_the_fit_for_baselines_only():
    bank = load("yolov8m-seg")
    assert np.isnan(bank.at(REAL_SIZES)).any()
    filled = bank.filled(REAL_SIZES)
    known = np.isfinite(bank.curves)
    assert np.isfinite(filled).all()
    assert np.array_equal(filled[known], bank.curves[known])


def poisoned(truth: Truth, limit: float, value: float) -> Truth:
    return replace(truth, curves=np.where(truth.sizes > limit, value, truth.curves))


@pytest.mark.parametrize(("limit", "value"), [(4.0, 0.99), (64.0, np.nan)])
def test_what_lies_beyond_the_pilot_is_never_shown(study, limit, value):
    truth = study.truth("procedural")
    other = poisoned(truth, limit, value)
    for model in PILOT_ONLY.values():
        first, second = (model(Question.of(t, limit)) for t in (truth, other))
        assert np.array_equal(first.curves, second.curves)
    for condition in (None, "four images + masks"):
        first, second = (study.ask("procedural", condition, limit, t) for t in (truth, other))
        assert np.array_equal(first.curves, second.curves)
        assert np.array_equal(first.spans, second.spans)


def test_the_left_out_curves_are_never_shown_without_a_pilot(study):
    truth = study.truth("procedural")
    first, second = (
        study.ask("procedural", "four images", 0.0, t) for t in (truth, poisoned(truth, 0.0, 0.5))
    )
    assert np.array_equal(first.curves, second.curves)


def test_answers_come_back_in_the_order_of_the_bank(study):
    truth = study.truth("procedural")
    answer = study.ask("procedural", None, 1024.0)
    assert np.abs(answer.curves - truth.curves).mean() < 0.02
    means = study.mean_curves("procedural")
    rows = study.folds["procedural"] == 1
    assert means[rows] == pytest.approx(np.tile(truth.curves[~rows].mean(axis=0), (rows.sum(), 1)))


def test_a_pilot_helps(study):
    truth = study.truth("procedural")
    errors = [
        scores_beyond(truth, study.ask("procedural", None, limit), 64.0)["mae"]
        for limit in (0.0, 64.0)
    ]
    assert errors[1] < errors[0]


def test_banks_without_images_are_studied_too():
    bank = load("yolov8m-seg")
    study = run_study({"yolov8m-seg": bank}, n_folds=2, seed=0)
    answer = study.ask("yolov8m-seg", None, 31.0)
    assert answer.curves.shape == (len(bank), len(REAL_SIZES))
    assert study.ask_constant("yolov8m-seg").bands is None


def test_baselines_find_an_exact_curve_and_count_failures():
    params = np.array([[0.05, 1.2, 40.0, 0.8]])
    truth = Truth.of(SIZES, sigmoid_curve(SIZES, params))
    for model in (logistic, unbounded):
        answer = model(Question.of(truth, 256.0))
        assert answer.curves == pytest.approx(truth.curves, abs=5e-3)
    assert not unbounded(Question.of(truth, 256.0)).failed.any()
    few = unbounded(Question.of(truth, 8.0))
    assert few.failed.all()
    assert few.curves[0] == pytest.approx(truth.curves[0, 2])


def test_the_last_value_answers_only_what_it_has_reached():
    question = Question(SIZES, np.array([[0.2, 0.9]]), SIZES[:2], np.array([[0.1, 0.3]]))
    assert last_value(question).needed.tolist() == [[4.0, np.inf]]


def test_banks_keep_their_draws_together():
    bank = made_up()
    part = bank.take(np.array([3, 1]))
    assert isinstance(part, Bank)
    assert len(part.vectors) == len(part.draws) == len(bank.draws)
    assert part.groups.tolist() == [3, 1]
