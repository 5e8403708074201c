from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from experiments.bank_page import main
from experiments.banks.contact_sheet import choose, outlined
from experiments.banks.misfits import misfits
from ptssp_sklearn.banks import read_bank, write_bank
from ptssp_sklearn.curves.sigmoid import sigmoid_curve
from ptssp_sklearn.curves.variable_projection import fit_curves

SIZES = [2, 4, 8, 16, 32, 64]


def curves(n: int) -> np.ndarray:
    generator = np.random.default_rng(0)
    params = np.column_stack(
        [
            np.full(n, 0.05),
            np.full(n, 1.5),
            generator.uniform(4, 30, n),
            generator.uniform(0.4, 1, n),
        ]
    )
    noisy = sigmoid_curve(SIZES, params) + generator.normal(0, 0.01, (n, len(SIZES)))
    return np.clip(noisy, 0, 1)


def archive(path, n, *, groups, images, scores=None, learners=("unet",)):
    scores = curves(n) if scores is None else scores
    names = [f"d_{i}" for i in range(n)]
    points = pd.DataFrame(
        {"dataset": name, "learner": learner, "size": size, "map50_95": score}
        for learner in learners
        for name, row in zip(names, scores, strict=True)
        for size, score in zip(SIZES, row, strict=True)
    ).dropna()
    picture = np.random.default_rng(1).integers(0, 255, (2, 32, 32, 3)).astype(np.uint8)
    mask = np.zeros((2, 32, 32), np.int32)
    mask[1, 4:12, 4:12], mask[1, 12:20, 4:12] = 1, 2
    records = pd.DataFrame({"dataset": names, "group": [groups[i % len(groups)] for i in range(n)]})
    write_bank(
        path, name=path.stem, learner=learners[0], description="Drawn\nfor a test.\n\nTwice.",
        points=points, records=records, images=[(picture, mask)] * n if images else None,
    )  # fmt: skip
    return str(path)


def links(page):
    return re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text())


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    first = archive(folder / "first.zip", 12, groups="abc", images=True, learners=("unet", "yolo"))
    second = archive(folder / "second.zip", 5, groups="uvwxy", images=False)
    out = folder / "docs" / "banks.md"
    assert main(["--banks", first, second, "--out", str(out)]) == 0
    return out


def test_all_links_exist_and_no_figure_is_left_over(page):
    assert len(links(page)) == len(set(links(page))) == 6
    assert {page.parent / link for link in links(page)} == set(page.parent.glob("images/*"))
    for link in links(page):
        assert (page.parent / link).stat().st_size < 400_000
        Image.open(page.parent / link).verify()


def test_each_bank_and_learner_has_its_row(page):
    text = page.read_text()
    assert "| first | unet | 12 | 3 | 2 to 64 (6) | mAP50-95 | 2 |" in text
    assert "| first | yolo | 12 | 3 | 2 to 64 (6) | mAP50-95 | 2 |" in text
    assert "| second | unet | 5 | 5 | 2 to 64 (6) | mAP50-95 | none |" in text
    assert "Drawn for a test.\n\nTwice." in text
    assert "nan" not in text


def test_a_bank_without_images_has_no_contact_sheet(page):
    assert "images/bank_first.png" in links(page)
    assert "images/bank_second.png" not in links(page)


@pytest.mark.parametrize("n", [1, 2])
def test_a_bank_just_begun_makes_a_page_too(tmp_path, n):
    scores = curves(n)
    scores[0, 1:] = np.nan
    name = archive(tmp_path / "begun.zip", n, groups="a", images=True, scores=scores)
    assert main(["--banks", name, "--out", str(tmp_path / "banks.md")]) == 0
    assert all((tmp_path / link).is_file() for link in links(tmp_path / "banks.md"))


def test_bad_banks_are_one_line_and_exit_code_2(tmp_path, capsys):
    assert main(["--banks", "nothing", "--out", str(tmp_path / "banks.md")]) == 2
    assert "error: Got the bank 'nothing'" in capsys.readouterr().err


def test_falling_and_stepping_curves_are_told_apart(tmp_path):
    scores = curves(3)
    scores[0] = [0.6, 0.5, 0.5, 0.4, 0.4, 0.3]
    scores[1] = [0.1, 0.1, 0.1, 0.8, 0.8, 0.82]
    path = tmp_path / "odd.zip"
    bank = read_bank(archive(path, 3, groups="abc", images=False, scores=scores))
    found = misfits(bank, fit_curves(np.array(SIZES, float), bank.y.to_numpy()))
    assert found.kind.tolist()[:2] == ["falls", "steps"]
    assert found.looks.iloc[0] == "falls by 0.30 up to 64 images"
    assert found.looks.iloc[1] == "rises by 0.70 from 8 to 16 images"
    assert found.rmse.idxmax() == "d_0"


def test_the_sheet_shows_every_group_before_one_twice():
    groups = np.array(["a"] * 30 + ["b"] * 2 + ["c"])
    chosen = choose(groups, 6)
    assert chosen == sorted(chosen)
    assert {str(groups[row]) for row in choose(groups, 3)} == {"a", "b", "c"}
    assert len(chosen) == 6


def test_touching_objects_are_outlined_apart():
    mask = np.zeros((64, 64), np.int32)
    mask[10:30, 10:30], mask[10:30, 30:50] = 1, 2
    pixels = outlined(np.full((64, 64, 3), 90, np.uint8), mask)
    assert (pixels[40, 59:61] == 255).all()
    assert (pixels[40, 40] == 90).all()
    assert (pixels[19, 40] == 0).all()
