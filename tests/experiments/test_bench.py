from __future__ import annotations

import numpy as np
import pytest

from experiments.bench import fitter
from experiments.bench.page import PAGE, medians, write_section
from experiments.protocol.markdown import markdown_table


def test_a_section_is_replaced_and_the_others_stay(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- x -->\nold\n<!-- /x -->\nb\n<!-- y -->\nkept\n<!-- /y -->\n")
    for text in ("new \\1", "newer"):
        write_section("x", text, page)
    assert (
        page.read_text() == "a\n<!-- x -->\nnewer\n<!-- /x -->\nb\n<!-- y -->\nkept\n<!-- /y -->\n"
    )
    with pytest.raises(ValueError, match="block 'z', expected its two markers"):
        write_section("z", "", page)


def test_the_page_has_room_for_every_section():
    text = PAGE.read_text()
    for name in ("fitter", "embedder", "memory", "serving", "tracking"):
        assert f"<!-- {name} -->" in text
        assert f"<!-- /{name} -->" in text


def test_works_are_timed_in_turn():
    order = []
    found = medians({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 2)
    assert order == ["a", "b", "a", "b"]
    assert found["a"] >= 0
    assert markdown_table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_peers_of_the_fitter_run_on_real_curves():
    sizes, scores = fitter.read_curves()
    assert scores.shape[0] == 300
    assert 0 <= fitter.loop_over_curve_fit(sizes, scores[:3]) <= 3
    known = np.isfinite(scores[0])
    best = fitter.multi_start(sizes[known], scores[0, known], np.random.default_rng(0))
    assert 0 <= best < 0.1
