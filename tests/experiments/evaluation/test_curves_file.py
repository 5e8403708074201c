"""Other people's curves: reading, wrong input, accuracy and error alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer import Typer
from typer.testing import CliRunner

from experiments.evaluate import run
from experiments.evaluation.curves_file import read_points, score_curves, show
from ptssp_sklearn.curves.sigmoid import sigmoid_curve


@pytest.fixture(scope="module")
def points() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    sizes = np.round(np.geomspace(1000, 1e6, 10))
    rows = []
    for curve in range(8):
        params = [0.1, 0.8 + 0.4 * rng.random(), np.exp(rng.normal(10, 1)), 0.8]
        scores = np.round(sigmoid_curve(sizes, [params])[0], 6)
        rows += [
            {"curve": f"c{curve}", "size": s, "score": v, "group": f"g{curve // 2}"}
            for s, v in zip(sizes, scores, strict=True)
        ]
    return pd.DataFrame(rows)


def test_accuracy_and_error_give_the_same(points, tmp_path):
    points.to_csv(tmp_path / "accuracy.csv", index=False)
    points.assign(score=1 - points.score).to_csv(tmp_path / "error.csv", index=False)
    first = score_curves(read_points(tmp_path / "accuracy.csv"), n_folds=2)
    second = score_curves(read_points(tmp_path / "error.csv", error=True), n_folds=2)
    numbers = ["last", "mae", "mse", "rank"]
    assert first[numbers].to_numpy() == pytest.approx(second[numbers].to_numpy(), abs=1e-3)
    assert set(first.seen) == {0.05, 0.2, 0.5, 0.8}
    text = show(first)
    assert text.count("| population prior + pilot |") == 4
    known = first[(first.seen == 0.8) & (first.model == "population prior + pilot")]
    assert known.mae.mean() < 0.02


def test_parquet_is_read_and_repeats_are_averaged(points, tmp_path):
    file = tmp_path / "curves.parquet"
    pd.concat([points, points.assign(score=points.score / 2)]).to_parquet(file)
    found = read_points(file)
    assert len(found) == len(points)
    assert found.score.to_numpy() == pytest.approx(points.score.to_numpy() * 0.75)


WRONG = {
    "without the column 'size'": lambda p: p.drop(columns="size"),
    "the score 80 of curve 'c0' at size 1000": lambda p: p.assign(score=80),
    "the size 0 of curve 'c0'": lambda p: p.assign(size=0),
    "text in the column 'score'": lambda p: p.assign(score="high"),
    "with one group of curves": lambda p: p.assign(group=1),
}


@pytest.mark.parametrize("words", WRONG)
def test_wrong_input_is_named_in_one_line(points, tmp_path, words):
    file = tmp_path / "wrong.csv"
    WRONG[words](points).to_csv(file, index=False)
    with pytest.raises(ValueError, match=words) as caught:
        read_points(file)
    assert "\n" not in str(caught.value)


def test_the_command_says_what_is_wrong(tmp_path):
    app = Typer()
    app.command()(run)
    done = CliRunner().invoke(app, ["--curves", str(tmp_path / "none.csv")])
    assert done.exit_code == 2
    assert "does not exist" in done.output
    done = CliRunner().invoke(app, ["--only", "nothing"])
    assert done.exit_code == 2
    assert "zero-shot" in done.output
