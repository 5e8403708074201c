from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from experiments.collect import main as collect
from experiments.datasets import make_dataset
from experiments.export import main
from ptssp_sklearn.banks import read_bank
from tests.drawn import draw_domains
from tests.experiments.test_collect import arguments


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    out = tmp_path_factory.mktemp("measured")
    assert collect(arguments(out, "FaultyLearner", domains=2)) == 1
    assert collect(arguments(out, domains=3)) == 0
    return out


@pytest.fixture(scope="module")
def exported(measured):
    out = measured / "exported"
    store = ["--store", str(measured / "measurements.sqlite"), "--bank", "drawn"]
    archive = ["--archive", str(measured / "drawn.zip"), "--images", "4"]
    assert main([*store, "--out", str(out), *archive]) == 0
    return out


def test_incomplete_datasets_can_be_left_out_and_groups_merged(measured):
    out = measured / "merged"
    assert collect(arguments(out, domains=2, sizes="2,4")) == 0
    assert collect(arguments(out, domains=1, sizes="2,4,8")) == 0
    store = ["--store", str(out / "measurements.sqlite"), "--bank", "drawn", "--out", str(out)]
    archive = ["--archive", str(out / "a.zip"), "--images", "1", "--merge", "all=g0,g1"]
    for options, names in (([], ["drawn-0", "drawn-1"]), (["--complete"], ["drawn-0"])):
        assert main([*store, *archive, *options]) == 0
        bank = read_bank(out / "a.zip")
        assert bank.y.index.tolist() == names
        assert set(bank.groups) == {"all"}


def test_later_repeats_can_be_left_out(measured):
    store = ["--store", str(measured / "measurements.sqlite"), "--bank", "drawn", "--images", "0"]
    counts = []
    for options in ([], ["--repeats", "1"]):
        assert main([*store, *options, "--out", str(measured / "first")]) == 0
        points = pd.read_csv(measured / "first" / "points.csv")
        counts.append((len(points), points.repeat.nunique()))
    (every, several), (first, one) = counts
    assert several > one == 1
    assert every == several * first


def test_a_number_of_repeats_that_is_none_is_one_line(measured, capsys):
    store = ["--store", str(measured / "measurements.sqlite"), "--bank", "drawn"]
    with pytest.raises(SystemExit):
        main([*store, "--repeats", "0", "--out", str(measured / "none")])
    assert "--repeats: got 0, expected a whole number from 1 on" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_tables_hold_means_and_points(exported, kind):
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet}[kind]
    curves = read(exported / f"curves.{kind}").set_index("dataset")
    points = read(exported / f"points.{kind}")
    assert curves.index.tolist() == ["drawn-0", "drawn-1", "drawn-2"]
    assert curves.columns.tolist() == ["2", "4", "8"]
    assert len(points) == 18 + 12
    mine = points[(points.learner == "pixel") & (points.dataset == "drawn-1")]
    assert curves.loc["drawn-1", "4"] == pytest.approx(mine[mine["size"] == 4].map50_95.mean())
    failed = points[points.status == "failed"]
    assert failed.learner.unique().tolist() == ["faulty"]
    assert failed.map50_95.isna().all()


def test_the_image_table_leads_to_the_first_training_images(exported):
    table = pd.read_parquet(exported / "images.parquet").set_index("dataset")
    kinds = [f"{kind}_{i}" for kind in ("image", "mask") for i in range(1, 5)]
    assert table.columns.tolist() == kinds
    samples = make_dataset(draw_domains(3, seed=0, side=64)[2]).train(4)
    for number, sample in enumerate(samples, 1):
        image = Image.open(exported / table.loc["drawn-2", f"image_{number}"])
        mask = Image.open(exported / table.loc["drawn-2", f"mask_{number}"])
        assert np.array_equal(np.asarray(image), sample.image)
        assert np.array_equal(np.asarray(mask), sample.mask)


def test_the_archive_is_a_bank_of_both_learners(exported, measured):
    bank = read_bank(measured / "drawn.zip")
    assert (bank.learner, bank.learners) == ("pixel", ["pixel", "faulty"])
    assert bank.X.shape == (3, 8)
    assert bank.groups.tolist() == ["g0", "g1", "g0"]
    assert bank.records.record.iloc[1] == draw_domains(3, seed=0, side=64)[1]
    curves = pd.read_csv(exported / "curves.csv").set_index("dataset")
    assert bank.y.to_numpy() == pytest.approx(curves.to_numpy(), abs=1e-5)
    other = read_bank(measured / "drawn.zip", learner="faulty")
    assert other.y.columns.tolist() == [2, 8]
    assert other.X.shape == (2, 8)


def test_the_learner_can_be_chosen(measured, tmp_path):
    store = ["--store", str(measured / "measurements.sqlite"), "--bank", "drawn"]
    command = [*store, "--learner", "faulty", "--images", "0", "--out", str(tmp_path)]
    assert main(command) == 0
    assert pd.read_csv(tmp_path / "curves.csv").shape == (2, 3)
    assert not (tmp_path / "images").exists()


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--bank", "other"], "Got the bank 'other', but"),
        (["--bank", "drawn", "--learner", "unet"], "expected one of faulty, pixel"),
        (["--bank", "drawn", "--store", "nowhere.sqlite"], "which does not exist"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(measured, tmp_path, capsys, flags, line):
    store = ["--store", str(measured / "measurements.sqlite")]
    assert main([*store, "--out", str(tmp_path), *flags]) == 2
    assert line in capsys.readouterr().err
