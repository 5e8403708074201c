"""The results page: every table is made, in its place, the same each time."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest

from experiments.evaluate import evaluate, write_page
from experiments.evaluation import pilots, repeats, rounds
from experiments.evaluation.loading import load_few, load_whole
from experiments.evaluation.tables import TABLES
from experiments.protocol import zero_shot_baselines
from experiments.protocol.markdown import Section, cell, put_block, put_section
from tests.curve_banks import load
from tests.experiments.evaluation.test_repeats import stored

QUICK = {"n_folds": 2, "n_networks": 4, "n_steps": 10}


@pytest.fixture(scope="module")
def sections(tmp_path_factory) -> dict[str, Section]:
    store = stored(tmp_path_factory.mktemp("store"), 3, sizes=tuple(2**k for k in range(1, 9)))
    cases = {tested: (*asked, starts[-1:]) for tested, (*asked, starts) in rounds.CASES.items()}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("STORE", store), ("BANK", "bank"), ("LEARNER", "unet")):
            patch.setattr(repeats, name, value)
        for module, name, value in (
            (rounds, "GOALS", (0.9,)),
            (rounds, "CASES", cases),
            (pilots, "LIMITS", (4.0, 64.0)),
            (zero_shot_baselines, "N_TREES", 20),
        ):
            patch.setattr(module, name, value)
        return dict(evaluate(load, list(TABLES), **QUICK))


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_rows_without_nan(sections, name):
    text = sections[name].text
    assert text.count("\n|") > 5
    assert "nan" not in text


def test_baselines_stand_in_every_table(sections):
    for name in ("pilot", "real"):
        for model in ("constant median", "last value", "power law", "curve_fit", "prior + pilot"):
            assert f"{model}" in sections[name].text
    for model in ("mean curve", "median curve", "power law of the mean", "ridge regression"):
        assert f"| {model} |" in sections["zero-shot"].text
    assert "power law" in sections["rounds"].text


def test_the_page_names_commands_seeds_and_banks(sections, tmp_path):
    page = tmp_path / "results.md"
    text = write_page(page, sections, seeds=1)
    assert page.read_text() == text
    for name, table in TABLES.items():
        line = f"`python -m experiments.evaluate --seeds 1 --only {name}`, seed 0, banks: "
        assert line + table.banks in text
    for file in ("result_sizes", "result_pilots", "result_bank_size", "result_calibration"):
        assert (tmp_path / "images" / f"{file}.png").stat().st_size > 1000
        assert f"images/{file}.png" in text
    assert "| four images + masks |" in text


def test_one_table_leaves_the_others_in_place(sections, tmp_path):
    page = tmp_path / "results.md"
    before = write_page(page, sections, seeds=1)
    assert write_page(page, {"real": sections["real"]}, seeds=1) == before
    changed = write_page(page, {"real": Section("new")}, seeds=2)
    assert "new\n<!-- /real -->" in changed
    assert changed.index("<!-- pilot -->") < changed.index("<!-- real -->")
    assert sections["rounds"].text.strip() in changed


def test_the_same_seed_gives_the_same_table(sections):
    names = ["real"]
    again = dict(evaluate(load, names, **QUICK))
    assert [again[name].text for name in names] == [sections[name].text for name in names]


def test_seeds_side_by_side_give_what_they_give_one_after_the_other():
    texts = [
        dict(evaluate(load, ["real"], seeds=2, jobs=jobs, **QUICK))["real"].text for jobs in (1, 2)
    ]
    assert texts[0] == texts[1]
    assert " to " in texts[0]


def test_the_loaders_of_the_command_can_go_to_other_processes():
    for load_bank in (load_whole, load_few):
        assert pickle.loads(pickle.dumps(load_bank)) is load_bank


def test_several_seeds_show_their_range():
    assert cell(pd.Series([0.5, 0.7]), ".2f") == "0.60 (0.50 to 0.70)"
    assert cell(pd.Series([0.5, 0.5]), ".2f") == "0.50"
    assert cell(pd.Series([float("nan")]), ".2f") == "–"
    assert cell(pd.Series([-0.0001]), ".2f") == "0.00"


def test_sections_and_blocks_are_replaced():
    page = put_section("# Head\n", "b", "two", ["a", "b"])
    page = put_section(page, "a", "one", ["a", "b"])
    assert page == "# Head\n\n<!-- a -->\none\n<!-- /a -->\n\n<!-- b -->\ntwo\n<!-- /b -->\n"
    assert put_block("x <!-- r -->old<!-- /r --> y", "r", "new") == (
        "x <!-- r -->\nnew\n<!-- /r --> y"
    )
