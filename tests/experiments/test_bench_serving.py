from __future__ import annotations

import pandas as pd

from experiments.bench.serving import table


def test_the_table_has_median_and_percentile_of_each_kind():
    seconds = [0.1] * 19 + [0.3]
    rows = [{"kind": "one image", "clients": n, "seconds": s * n} for n in (1, 8) for s in seconds]
    text = table(pd.DataFrame(rows), "detectors")
    assert "| one image | 1 | 20 | 100 | 110 | 9.1 |" in text
    assert "| one image | 8 | 20 | 800 | 880 | 9.1 |" in text
