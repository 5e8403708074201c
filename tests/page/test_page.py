"""The parts of the page that need no Streamlit: words, plot, overlay, downloads, recipes."""

from __future__ import annotations

import io
import json
import shlex
from dataclasses import replace

import altair
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from ptssp_sklearn import load_pretrained
from ptssp_sklearn.cli import app
from ptssp_sklearn.images.decoding import Picture, decode_image
from ptssp_sklearn.images.table import one_row
from ptssp_sklearn.images.yolo_labels import parse_polygons
from ptssp_sklearn.page.chart import curve_chart, curve_table, long_table, numbers_table
from ptssp_sklearn.page.export import (
    ModelChoice,
    answer_json,
    curve_csv,
    plot_bytes,
    python_lines,
    shell_line,
)
from ptssp_sklearn.page.mask_overlay import count_objects, overlay_png
from ptssp_sklearn.page.server import page_options
from ptssp_sklearn.page.text import LANGUAGES, Words, plain
from ptssp_sklearn.page.uploads import Masks, Upload, make_task, match_masks
from ptssp_sklearn.serving.answer import answer_about, answer_for
from ptssp_sklearn.serving.forecast import forecast_for
from ptssp_sklearn.serving.limits import DEFAULT_LIMITS
from tests.scenes import task

PILOT = [(16.0, 0.21), (64.0, 0.35)]


@pytest.fixture(scope="module")
def model():
    return load_pretrained("detectors")


@pytest.fixture(scope="module")
def forecast(model):
    return forecast_for(model, None, pilot=PILOT)


def test_the_best_reachable_score_is_the_last_one_within_reach(forecast):
    for certainty, score in forecast.best_reachable.items():
        assert np.isfinite(answer_about(forecast, score).sizes[certainty])
        assert np.isinf(answer_about(forecast, score + 0.01).sizes[certainty])
    likely, sure = forecast.best_reachable.values()
    said = f"Within reach is mAP50-95 {likely:g} with 50% and {sure:g} with 80% certainty."
    assert said in answer_about(forecast, 0.99).sentence()


@pytest.mark.parametrize(
    ("size", "noun"), [(1, "я"), (11, "й"), (21, "я"), (340, "й"), (1111, "й")]
)
def test_russian_nouns_follow_their_numbers(forecast, size, noun):
    answer = replace(answer_about(forecast, 0.2), sizes={0.5: float(size), 0.8: 2e7, 0.9: np.inf})
    said = Words("ru").sentence(answer)
    assert f"изображени{noun} с надёжностью 50\xa0%, более 10 миллионов с" in said
    assert said.endswith("; с надёжностью 90\xa0% цель недостижима.")


@pytest.mark.parametrize("target", [0.1, 0.3, 0.45, 0.99])
def test_both_languages_say_the_same_numbers(forecast, target):
    answer = answer_about(forecast, target)
    english, russian = Words("en"), Words("ru")
    assert english.sentence(answer) == answer.sentence()
    assert len(russian.lines(answer)) == len(english.lines(answer))
    for words in (english, russian):
        said = " ".join([words.sentence(answer), *words.lines(answer)])
        assert all(words.percent(chance) in said for chance in answer.reach.values())
        table = numbers_table(answer, words)
        assert table.iloc[0].tolist() == [words.count(size) for size in answer.sizes.values()]


def test_images_out_of_domain_are_warned_of(forecast):
    answer = answer_about(forecast, 0.2)
    near, far = (
        replace(answer, forecast=replace(forecast, out_of_domain=novelty))
        for novelty in (0.5, 0.97)
    )
    assert Words("en").strange(near) == []
    for language in LANGUAGES:
        (note,) = Words(language).strange(far)
        assert Words(language).score(0.97) in note


def test_names_cannot_be_markdown():
    text = plain("![a](http://x.y/z.png) $a$ `b` <i>")
    assert "http://" not in text
    for mark in ("[", "]", "$", "`", "<", ">"):
        assert text.count(mark) == text.count("\\" + mark)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_is_vega_lite_and_holds_the_curve(forecast, model, language):
    answer, table = answer_about(forecast, 0.2), curve_table(forecast, 0.9)
    words = Words(language)
    before = curve_table(forecast_for(model, None), 0.9)
    alike = long_table(model.training_curves.iloc[:3])
    spec = curve_chart(answer, table, words, before=before, alike=alike)
    tables = spec["datasets"]
    plain_spec = spec | {"datasets": {k: t.to_dict("records") for k, t in tables.items()}}
    altair.LayerChart.from_dict(plain_spec)
    shown = tables["predicted"]
    np.testing.assert_allclose(shown["score"], forecast.curve(shown["size"]))
    assert (shown["low"] <= shown["high"]).all()
    assert tables["alike"]["dataset"].nunique() == 3
    assert tables["pilot"][["size", "score"]].to_numpy().tolist() == [list(p) for p in PILOT]
    assert tables["required"]["size"].tolist() == [answer.required_size]
    assert tables["required"]["score"][0] == forecast.curve(answer.required_size)[0]
    dashes = spec["layer"][1]["encoding"]["strokeDash"]["scale"]["range"]
    assert len({tuple(dash) for dash in dashes}) == 3


def test_the_slider_moves_tables_only(forecast):
    table = curve_table(forecast, 0.9)
    near, far = (
        curve_chart(answer_about(forecast, target), table, Words("en")) for target in (0.1, 0.99)
    )
    assert len(far["datasets"]["required"]) == 0
    assert near["datasets"]["target"]["score"].tolist() == [0.1]
    assert {k: v for k, v in near.items() if k != "datasets"} == {
        k: v for k, v in far.items() if k != "datasets"
    }


def test_a_mask_is_seen_over_its_image():
    (image,), (mask,) = task(1, 1)
    with Image.open(io.BytesIO(overlay_png(image, None))) as bare:
        bare_pixels = np.asarray(bare).astype(int)
    with Image.open(io.BytesIO(overlay_png(image, mask))) as drawn:
        pixels = np.asarray(drawn).astype(int)
    changed = (pixels != bare_pixels).any(axis=2)
    inside = np.asarray(Image.fromarray(mask).resize((320, 320), Image.Resampling.NEAREST)) > 0
    assert changed[inside].mean() > 0.9
    assert changed[~inside].mean() < 0.1
    assert {0, 255} <= set(pixels[changed].min(axis=1).tolist())
    assert count_objects(mask) == len(set(mask.ravel())) - 1


def uploads(*names: str) -> list[Upload]:
    return [Upload(name, b"") for name in names]


def test_masks_find_their_images():
    by_name = match_masks(["b.jpg", "a.jpg", "c.jpg"], uploads("a_mask.png", "B.txt"))
    assert [m and m.name for m in by_name] == ["B.txt", "a_mask.png", None]
    in_order = match_masks(["x.png", "y.png"], uploads("1.png", "2.png"))
    assert [m.name for m in in_order] == ["1.png", "2.png"]
    with pytest.raises(ValueError, match="1 mask for 2 images"):
        match_masks(["x.png", "y.png"], uploads("z.png"))


def test_downloads_say_what_the_answer_says(forecast):
    answer, table = answer_about(forecast, 0.2), curve_table(forecast, 0.8)
    read = pd.read_csv(io.StringIO(curve_csv(table)))
    np.testing.assert_allclose(read, table, rtol=1e-5)
    assert json.loads(answer_json(answer)) == json.loads(json.dumps(answer.to_json()))
    assert plot_bytes(answer, "png").startswith(b"\x89PNG")
    assert b"<svg" in plot_bytes(answer, "svg")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four images as files, a mask of each as instance ids or label file."""
    place = tmp_path_factory.mktemp("own files")
    images, masks = task(2, 2, side=48)
    for i in range(2):
        Image.fromarray(images[i]).save(place / f"image {i}.png")
        Image.fromarray(masks[i].astype(np.uint8)).save(place / f"{i}.png")
    (place / "1.txt").write_text("3 0.1 0.1 0.5 0.1 0.5 0.5\n4 0.6 0.6 0.9 0.6 0.9 0.9\n")
    return place


RECIPES = [(["0.png", "1.txt:3"], PILOT), ([None, None], [])]


@pytest.mark.parametrize(("mask_names", "pilot"), RECIPES)
def test_the_lines_give_the_same_answer(folder, monkeypatch, capsys, mask_names, pilot):
    monkeypatch.chdir(folder)
    names = ["image 0.png", "image 1.png"]
    masks = [("1.txt", 3) if name == "1.txt:3" else name for name in mask_names]
    table = one_row(names, masks if masks[0] else [])
    answer = answer_for(load_pretrained(), table, 0.2, pilot=pilot, coverage=0.8)
    images = [(name, decode_image(name)) for name in names]
    known = make_task(("key",), images, Masks(mask_names, [None, None], []))
    choice = ModelChoice("detectors")
    exec(compile(python_lines(answer, choice, known), "recipe", "exec"), {})
    assert capsys.readouterr().out.strip() == answer.sentence()
    words = shlex.split(shell_line(answer, choice, known))
    assert words[0] == "ptssp"
    done = CliRunner().invoke(app, [*words[1:], "--json"])
    said = json.loads(done.stdout)
    assert [image["file"] for image in said.pop("images")] == names
    assert said.pop("notes") == answer.notes()
    assert said == answer.to_json()


def test_no_shell_line_where_no_command_says_the_same(forecast):
    answer = answer_about(forecast, 0.2)
    picture = Picture(np.zeros((8, 8, 3), np.uint8), (8, 8))
    images = [(name, picture) for name in ("a.png", "b.png")]
    masks = Masks(["a_mask.png", None], [np.ones((8, 8), np.int32), None], [])
    some = make_task(("key",), images, masks)
    assert shell_line(answer, ModelChoice("detectors"), some) is None
    assert "['a_mask.png', None]" in python_lines(answer, ModelChoice("detectors"), some)
    registered = python_lines(answer, ModelChoice("models:/ptssp@champion"), None)
    assert "tracking import load_model" in registered


def test_polygons_are_read_from_text():
    (polygon,) = parse_polygons("\n2 0 0 1 0 1 1\n", "'a.txt'")
    assert (polygon.line, polygon.label, len(polygon.corners)) == (2, 2, 3)


def test_the_server_keeps_to_itself():
    options = page_options("127.0.0.1", 8501)
    assert options["browser.gatherUsageStats"] is False
    assert options["server.maxUploadSize"] * 1_000_000 <= DEFAULT_LIMITS.request_bytes
