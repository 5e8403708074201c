"""Published points: cleaned, left out whole, and judged by measures that are right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.fine_tuned.cases import Answer, Case, find_cases, judge
from experiments.fine_tuned.data import Known
from experiments.fine_tuned.folds import fit_without, split
from experiments.fine_tuned.known_facts import facts_table, group_levels, left_out_error
from experiments.fine_tuned.models import baselines
from experiments.fine_tuned.needs import level_by_size, write_needs
from experiments.fine_tuned.other_learner import other_learner
from experiments.fine_tuned.points import ordinary, read_published
from ptssp_sklearn import load_curve_bank
from tests.published import drawn_points

CASE = Case("g", "a", "coco", np.array([10.0, 100.0, 1000.0]), np.array([0.2, 0.4, 0.6]))


def published(tmp_path, *rows: dict[str, object]) -> pd.DataFrame:
    usual = {"source": "s", "dataset": "d", "group": "g", "learner": "YOLO11n", "task": "box"}
    usual |= {"pretrained_on": "COCO", "metric": "map50_95", "size": 10, "size_kind": "images"}
    usual |= {"n_classes": 1, "score": 0.5, "note": "one seed"}
    pd.DataFrame([usual | row for row in rows]).to_csv(tmp_path / "points.csv", index=False)
    return read_published(tmp_path / "points.csv")


def test_what_is_no_fine_tuning_is_marked_with_its_reason(tmp_path):
    notes = ["one seed", "linear probing", "k=5 per novel class", "DOUBTFUL", "domain shift"]
    points = published(tmp_path, *({"note": note} for note in notes))
    assert points["excluded"].tolist() == [
        "",
        "linear or prompt tuning",
        "few-shot protocol",
        "doubtful",
        "domain shift",
    ]
    assert len(ordinary(points)) == 1


def test_a_learner_has_one_name_and_what_was_trained_from_scratch_another(tmp_path):
    points = published(
        tmp_path,
        {"learner": "Grounding DINO-T zero-shot", "pretrained_on": "O365+GoldG"},
        {"learner": "yolo11n"},
        {"learner": "YOLOv12-n", "pretrained_on": "none (from scratch)"},
    )
    names = ["Grounding DINO-T", "YOLO11n", "YOLOv12-n (from scratch)"]
    assert points["learner"].tolist() == names
    assert points["pretraining"].tolist() == ["grounding", "coco", "none"]


def test_an_answer_is_judged_beyond_what_was_shown():
    needed = np.array([[20.0, 50.0, 90.0], [40.0, 150.0, 900.0], [1e9, np.inf, np.inf]])
    answer = Answer(np.array([0.5, 0.5]), needed, np.array([[0.4, 0.3], [0.6, 0.5]]))
    found = judge(CASE, 1, answer)
    assert found["mae"] == pytest.approx(0.1)
    assert found["cover"] == pytest.approx(0.5)
    assert found["width"] == pytest.approx(0.2)
    targets, true = CASE.targets()
    np.testing.assert_allclose(targets, [0.3, 0.45, 0.54])
    np.testing.assert_allclose(true, [31.6, 177.8, 501.2], rtol=0.01)
    assert found["within_2x"] == pytest.approx(1 / 3)
    assert found["suffices_50"] == pytest.approx(1 / 3)
    assert found["suffices_80"] == pytest.approx(2 / 3)
    assert found["suffices_90"] == pytest.approx(1.0)


def test_targets_reached_within_the_points_shown_do_not_count():
    answer = Answer(np.array([0.6]), np.full((3, 1), 1000.0))
    assert judge(CASE, 2, answer)["suffices_50"] == pytest.approx(1.0)
    flat = Case("g", "a", "coco", CASE.sizes, np.array([0.5, 0.5, 0.5]))
    assert "within_2x" not in judge(flat, 0, Answer(flat.scores, np.full((3, 1), 10.0)))


def test_the_baselines_are_what_their_names_say():
    others = [Case("h", "a", "coco", CASE.sizes, CASE.scores + shift) for shift in (0.0, 0.1, 0.2)]
    models = baselines([CASE, *others])
    middle = models["constant median"](CASE, 0).scores
    np.testing.assert_allclose(middle, CASE.scores + 0.1, atol=2e-3)
    np.testing.assert_allclose(models["last value"](CASE, 2).scores, 0.4)
    assert models["last value"](CASE, 0) is None
    assert models["power law a - b n^-c"](CASE, 1) is None
    beyond = models["power law a - b n^-c"](CASE, 2).scores
    assert 0.4 < beyond[0] <= 1.0


def test_no_group_is_on_both_sides(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    points = drawn_points()
    points = points[points["group"].isin([f"d{i}" for i in range(4)])]
    single = points[points["group"] == "d3"].groupby("learner").head(1)
    points = pd.concat([points[points["group"] != "d3"], single])
    cases = find_cases(points)
    folds = split(points, cases, 0)
    assert sorted(name for fold in folds for name in fold) == ["d0", "d1", "d2", "d3"]
    assert [sum(fold[0] == f"d{i}" for fold in folds) for i in range(3)] == [1, 1, 1]
    known = Known(points, pd.DataFrame(), pd.DataFrame({"dataset": []}))
    models = fit_without(known, folds, seed=0, n_sweeps=100)
    for group, model in models.items():
        assert not any(name.startswith(f"{group} |") for name in model.references_.curves.index)
    assert len(list((tmp_path / ".cache" / "fine_tuned").iterdir())) == 3


def test_one_learner_speaks_for_another_in_the_shipped_bank():
    points = load_curve_bank("detectors").points
    kept = sorted(points.loc[points["source"].str.contains("RF100-VL"), "group"].unique())[:6]
    few = points["group"].isin(kept)
    from ptssp_sklearn import load_pretrained

    model = load_pretrained("detectors")["regress"]
    found = other_learner(points[few], dict.fromkeys(points["group"].unique(), model), 0)
    errors = found.groupby("model")["mae"].mean()
    assert errors["detectors, point of the other"] < 0.6 * errors["detectors, no point"]


def test_the_error_without_a_group_is_that_of_a_fit_without_it():
    points = load_curve_bank("detectors").points
    levels = group_levels(points, "map50").iloc[:30]
    facts = ("classes", "images")
    known = np.column_stack([np.ones(30), levels[list(facts)]])
    asked = levels["level"].to_numpy()
    errors = []
    for row in range(30):
        kept = np.arange(30) != row
        found = np.linalg.lstsq(known[kept], asked[kept], rcond=None)[0]
        errors.append(abs(asked[row] - known[row] @ found))
    assert left_out_error(levels, facts) == pytest.approx(np.mean(errors))
    assert "| both | 99 |" in facts_table(points)


def test_the_page_of_needs_has_the_quantiles_of_the_bank(tmp_path):
    points = load_curve_bank("detectors").points
    write_needs(points, tmp_path / "needs.md")
    means = level_by_size(points)
    few = means.loc[means["middle"] == 10, "score"]
    middle = f"{np.quantile(few, 0.5):.2f}"
    assert f"| about 10 | {len(few)} | " in (tmp_path / "needs.md").read_text()
    assert f" | {middle} | " in (tmp_path / "needs.md").read_text()
    assert not means.duplicated(["middle", "group"]).any()
    assert (tmp_path / "images" / "needs.png").stat().st_size > 10_000
