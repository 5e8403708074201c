from __future__ import annotations

from pathlib import Path

import pytest

from experiments.studies.catalogue import CATALOGUE
from experiments.studies.groups import read_groups
from experiments.studies.report import (
    PAGE,
    asked,
    detectors,
    page_text,
    study_b,
    study_c,
    write_report,
)
from experiments.studies.results import FOLDER, ResultStore
from tests.studied import result

ROOT = Path(__file__).parents[3]
NOT_RUN = "`run` of it is still to be done"


def test_the_page_never_mixes_what_is_published_and_what_was_measured(tmp_path):
    def cells(title: str) -> list[list[str]]:
        lines = study_b(read_groups(CATALOGUE.values(), tmp_path)).splitlines()
        rows = [[c.strip() for c in line.strip("|").split("|")] for line in lines if "|" in line]
        assert rows[0][3:6] == ["published", "measured here", "measured on (network)"]
        return [row for row in rows if row[0] == title]

    assert cells("MLP, 2 linear layers")[0][2:6] == ["> 98 %", "98.3 %", "not measured", NOT_RUN]
    store = ResultStore("mnist-mlp", tmp_path)
    store.add(result(score=0.123))
    store.add(result(score=0.456, data="MNIST", settings={"learner": "wide"}))
    own = cells("MLP, 2 linear layers")
    assert [row[2:4] for row in own] == [["> 98 %", "98.3 %"]] * 2
    assert {(row[4], row[5].split(" (")[0]) for row in own} == {
        ("0.123", "100 of paper boats"), ("0.456", "100 of MNIST"),
    }  # fmt: skip
    others = cells("CNN with skip connections")
    assert [row[3:5] for row in others] == [["83.6 %", "not measured"]]


def test_a_study_that_was_not_run_is_on_the_page():
    rows = [line for line in study_c([]).splitlines() if "not measured" in line]
    assert len(rows) == 15
    assert all(NOT_RUN in row for row in rows)


def test_every_study_is_measured():
    assert all(ResultStore(name, FOLDER).read() for name in CATALOGUE)


def test_detectors_stand_side_by_side_with_their_map_epochs_and_seconds(tmp_path):
    for name, score, epochs, seconds in (
        ("fasterrcnn", 0.2, 15, 30.0),
        ("retinanet", 0.3, 10, 80.0),
    ):
        scores = {"map50_95": score, "map50": 2 * score}
        point = result(f"voc-{name}", epochs=epochs, seconds=seconds, scores=scores)
        ResultStore(f"voc-{name}", tmp_path).add(point)
    lines = detectors(read_groups(CATALOGUE.values(), tmp_path)).splitlines()
    cells = [[c.strip() for c in line.strip("|").split("|")][2:] for line in lines if "|" in line]
    assert cells[0] == ["images", "mAP50-95", "mAP50", "epochs", "s", "s an epoch"]
    assert cells[2:] == [["100", "0.200", "0.400", "15", "30", "2.0"],
                         ["100", "0.300", "0.600", "10", "80", "8.0"]]  # fmt: skip


def test_every_curve_is_asked_for_the_required_score_or_for_one_near_its_end(tmp_path):
    for name in ("mnist-mlp", "garbage-lite0-last"):
        for size in (10, 50, 250, 1250):
            point = result(name, size=size, fraction=size / 1250, score=0.9 - 0.8 / (1 + size / 50))
            ResultStore(name, tmp_path).add(point)
    required, free = (asked(group) for group in read_groups(CATALOGUE.values(), tmp_path))
    assert required == ["0.980 (required)", "out of reach"]
    assert float(free[0]) == pytest.approx(0.81, abs=0.01)
    assert float(free[1]) == pytest.approx(50 * 0.71 / 0.09, rel=0.1)


def test_the_page_and_its_figures_are_written(tmp_path):
    seen = ["cifar10-pretrained", "cifar10-scratch", "garbage-lite0-some", "garbage-resnet18-all"]
    history = [{"train_loss": 1.0, "valid_loss": 0.9, "valid_acc": 0.5}] * 2
    shown = [{"test": 3, "truth": "a", "predicted": "b", "share": 0.7}]
    details = {"classes": ["a", "b"], "confusion": [[3, 1], [0, 4]], "examples": shown}
    for name in seen:
        data = CATALOGUE[name].stand_in.load().name
        for size in (50, 100, 200):
            point = result(name, size / 400, data=data, size=size, fraction=size / 200,
                           history=history, details=details)  # fmt: skip
            ResultStore(name, tmp_path / "results").add(point)
    page = tmp_path / "studies.md"
    write_report(tmp_path / "results", page)
    text = page.read_text()
    assert "| 50% (100) | 3 | 2 | 0.250 | 0.250 | 0.250 | 0.250 |" in text
    kinds = ("confusion", "examples", "comparison", "training")
    for kind in ("curves", *(f"{document}_{kind}" for document in "ac" for kind in kinds)):
        assert f"(images/studies_{kind}.png)" in text
        assert (tmp_path / "images" / f"studies_{kind}.png").stat().st_size > 2000


def test_the_page_in_the_docs_is_made_of_the_stored_results():
    text = page_text(read_groups(CATALOGUE.values(), ROOT / FOLDER))
    assert text == (ROOT / PAGE).read_text(encoding="utf-8")
