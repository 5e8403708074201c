from __future__ import annotations

import pandas as pd

from experiments.bench_serving import put, table


def test_the_table_has_median_and_percentile_of_each_kind():
    seconds = [0.1] * 19 + [0.3]
    rows = [{"kind": "one image", "clients": n, "seconds": s * n} for n in (1, 8) for s in seconds]
    text = table(pd.DataFrame(rows), "general")
    assert "| one image | 1 | 20 | 100 | 110 | 9.1 |" in text
    assert "| one image | 8 | 20 | 800 | 880 | 9.1 |" in text


def test_the_section_is_put_in_place_of_the_old_one_and_others_stay():
    page = put("# Benchmarks\n\n<!-- fitter -->\nfast\n<!-- /fitter -->\n", "first")
    again = put(page, "second")
    assert again == page.replace("first", "second")
    assert "<!-- fitter -->\nfast\n<!-- /fitter -->" in again
    assert put("", "only").startswith("# Benchmarks\n")
