"""The page run by Streamlit's own test runner: the same answers as the library's."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("streamlit", reason="the page needs the extra app")
from streamlit.testing.v1 import AppTest

from ptssp_sklearn import load_pretrained
from ptssp_sklearn.images.cache import open_cache
from ptssp_sklearn.images.table import one_row
from ptssp_sklearn.page.server import PAGE
from ptssp_sklearn.page.text import Words
from ptssp_sklearn.pipeline.persistence import save_model
from ptssp_sklearn.serving.answer import answer_for
from tests.scenes import task
from tests.tiny import fitted

PILOT = [(16.0, 0.21), (64.0, 0.35)]


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def files(*pairs) -> list[tuple[str, bytes, str]]:
    return [(name, data, "application/octet-stream") for name, data in pairs]


@pytest.fixture(scope="module")
def given():
    return task(5, 4, side=48)


@pytest.fixture(scope="module")
def images(given):
    return files(*[(f"{i}.png", png(image)) for i, image in enumerate(given[0])])


@pytest.fixture(scope="module")
def row(given):
    return one_row(list(given[0]))


@pytest.fixture(scope="module")
def model():
    return load_pretrained()


@pytest.fixture
def page() -> AppTest:
    return settled(AppTest.from_file(str(PAGE), default_timeout=60).run())


def settled(at: AppTest) -> AppTest:
    assert not at.exception, [e.value for e in at.exception]
    return at


def upload(at: AppTest, key: str, given) -> AppTest:
    at.file_uploader(key=key).set_value(given)
    return settled(at.run())


def said(elements) -> list[str]:
    return [element.value.replace("\\", "") for element in elements]


def answered(at: AppTest) -> str:
    assert not at.error, said(at.error)
    return said(at.subheader)[0]


def test_the_page_starts_with_what_to_do_in_both_languages(page):
    assert said(page.info) == [Words("en")("start")]
    page.radio(key="language").set_value("ru").run()
    assert said(settled(page).info) == [Words("ru")("start")]


def test_upload_and_slider_give_the_answers_of_the_library(page, images, row, model):
    upload(page, "images", images)
    assert answered(page) == answer_for(model, row, 0.4).sentence()
    looked = page.session_state["kept_features"]
    for target in (0.1, 0.25):
        page.slider(key="target").set_value(target).run()
        assert answered(settled(page)) == answer_for(model, row, target).sentence()
    assert page.session_state["kept_features"] is looked
    page.selectbox(key="interval").set_value(0.5).run()
    assert answered(settled(page)) == answer_for(model, row, 0.25, coverage=0.5).sentence()


def test_masks_are_used_and_counted_by_name_or_label_file(page, given, images, model):
    pictures, masks = given
    labels = "\n".join(f"{n} 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5" for n in (0, 1))
    wrong_order = [(f"{i}_mask.png", png(masks[i].astype(np.uint8))) for i in (3, 2, 1)]
    upload(page, "masks", files(*wrong_order, ("0.txt", labels.encode())))
    assert Words("en")("images_first") in said(page.error)[0]
    upload(page, "images", images)
    page.selectbox(key="label").set_value(1).run()
    drawn = np.zeros((48, 48), np.int32)
    drawn[5:24, 5:24] = 1
    task_shown = page.session_state["kept_task"][1]
    assert task_shown.mask_names == ["0.txt:1", "1_mask.png", "2_mask.png", "3_mask.png"]
    assert (task_shown.masks[0] != drawn).mean() < 0.05
    assert [m.max() for m in task_shown.masks[1:]] == [masks[i].max() for i in (1, 2, 3)]
    row = one_row(list(pictures), task_shown.masks)
    assert answered(settled(page)) == answer_for(model, row, 0.4).sentence()


def test_learner_and_score_are_chosen_and_stand_in_the_recipe(page):
    upload(page, "pilot_csv", ("pilot.csv", b"size,score\n16,0.21\n", "text/csv"))
    page.selectbox(key="learner").set_value("YOLO11n").run()
    page.selectbox(key="metric").set_value("map50").run()
    about = {"learner": "YOLO11n", "metric": "map50", "pilot": [(16, 0.21)]}
    model = load_pretrained("detectors")
    assert answered(settled(page)) == answer_for(model, None, 0.4, **about).sentence()
    assert page.slider(key="target").label == "Target mAP50"
    assert "--learner YOLO11n --metric map50" in page.code[0].value
    assert "learner='YOLO11n', metric='map50'" in page.code[1].value


def test_a_pilot_sharpens_the_answer_and_the_old_one_stays_in_sight(page, images, row, model):
    upload(page, "images", images)
    csv = "size,score\n" + "\n".join(f"{n},{score}" for n, score in PILOT)
    upload(page, "pilot_csv", ("pilot.csv", csv.encode(), "text/csv"))
    assert answered(page) == answer_for(model, row, 0.4, pilot=PILOT).sentence()
    old = Words("en")("before", text=answer_for(model, row, 0.4).sentence())
    assert old in said(page.caption)
    assert any("--pilot 16.0:0.21" in code.value for code in page.code)


def test_a_target_out_of_reach_names_the_best_one_and_goes_there(page, images, row, model):
    upload(page, "images", images)
    page.slider(key="target").set_value(0.99).run()
    answer = answer_for(model, row, 0.99)
    assert not answer.reachable
    best = answer.forecast.best_reachable[0.5]
    assert Words("en")("lower", score=f"{best:.2f}") in said(page.warning)
    page.button(key="lower").click().run()
    assert page.slider(key="target").value == pytest.approx(best)
    assert answered(settled(page)) == answer_for(model, row, best).sentence()


def test_the_answer_in_russian(page, images, row, model):
    page.radio(key="language").set_value("ru")
    upload(page, "images", images)
    page.slider(key="target").set_value(0.05).run()
    answer = answer_for(model, row, 0.05)
    assert answered(settled(page)) == Words("ru").sentence(answer)
    assert "Для mAP50-95 0,05 нужно" in answered(page)
    page.slider(key="target").set_value(0.99).run()
    assert "недостижим" in answered(settled(page))


def test_the_example_needs_one_click(page):
    page.button(key="example_button").click().run()
    assert answered(settled(page)).startswith("mAP50-95 0.4")
    assert any("load_curve_bank" in code.value for code in page.code)
    page.button(key="example_button").click().run()
    assert said(settled(page).info) == [Words("en")("start")]


BAD_IMAGES = {
    "'a.png', 5 bytes that are no such image": files(("a.png", b"hello")),
    "'a.png', which is empty": files(("a.png", b"")),
    "expected at most 16,000,000 pixels": files(("a.png", png(np.zeros((4100, 4100), np.uint8)))),
    "expected at most 10,000,000": files(("a.png", b"x" * 10_000_001)),
    "17 images, expected at most 16": files(*[(f"{i}.png", b"x") for i in range(17)]),
}


@pytest.mark.parametrize("expected", BAD_IMAGES)
def test_bad_images_are_a_sentence_and_good_ones_mend_it(page, images, expected):
    upload(page, "images", BAD_IMAGES[expected])
    assert expected in said(page.error)[0]
    assert said(page.info) == [Words("en")("waits")]
    upload(page, "images", images)
    assert answered(page)


BAD_MASKS = {
    "2 masks for 4 images": files(("x.png", b"x"), ("y.png", b"y")),
    "of 4 x 4 pixels for an image of 48 x 48": files(("0.png", png(np.zeros((4, 4), np.uint8)))),
    "'0.txt', line 1: '0 0.5 0.5 0.2 0.2', expected a polygon": files(
        ("0.txt", b"0 0.5 0.5 0.2 0.2")
    ),
    "'0.txt', which is no text": files(("0.txt", b"\xff\xfe\x00")),
}


@pytest.mark.parametrize("expected", BAD_MASKS)
def test_bad_masks_are_a_sentence(page, images, expected):
    upload(page, "images", images)
    upload(page, "masks", BAD_MASKS[expected])
    assert expected in said(page.error)[0]


def test_a_mask_without_objects_is_pointed_out(page, images):
    upload(page, "images", images)
    upload(page, "masks", files(("0_mask.png", png(np.zeros((48, 48), np.uint8)))))
    assert Words("en")("no_objects", name="0.png") in said(page.warning)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"n,map\n1,2\n", "with the columns n, map, expected the columns size and score"),
        (b"size,score\n16,lots\n", "line 2 with 'lots', which is no number"),
        (b"size,score\n16,23\n", "Divide percentages by 100"),
        (b"size,score\n" + b"16,0.2\n" * 201, "201 points, expected at most 200"),
    ],
)
def test_a_bad_pilot_is_a_sentence(page, images, data, expected):
    upload(page, "images", images)
    upload(page, "pilot_csv", ("pilot.csv", data, "text/csv"))
    assert expected in said(page.error)[0]


@pytest.mark.parametrize("uri", ["http://127.0.0.1/m", "models:/../../etc@a", "/etc/passwd"])
def test_a_model_is_named_and_never_a_place(page, uri):
    page.selectbox(key="model").set_value("models:/").run()
    assert Words("en")("uri_wanted") in said(page.error)[0]
    page.text_input(key="uri").set_value(uri).run()
    assert "expected models:/NAME@ALIAS" in said(settled(page).error)[0]


def test_a_model_file_is_loaded_and_a_damaged_one_refused(page, images, row, tmp_path):
    save_model(fitted(), tmp_path / "own.safetensors", about={"name": "own"})
    data = (tmp_path / "own.safetensors").read_bytes()
    page.selectbox(key="model").set_value(".safetensors").run()
    assert Words("en")("file_wanted") in said(page.error)[0]
    upload(page, "images", images)
    upload(page, "model_file", ("own.safetensors", data[:500], "application/octet-stream"))
    assert "'own.safetensors', expected a model written by" in said(page.error)[0]
    upload(page, "model_file", ("own.safetensors", data, "application/octet-stream"))
    assert answered(page) == answer_for(fitted(), row, 0.4).sentence()


def test_measured_points_are_enough_where_images_are_not_needed(page, model):
    upload(page, "pilot_csv", ("pilot.csv", b"size,score\n16,0.21\n", "text/csv"))
    assert answered(page) == answer_for(model, None, 0.4, pilot=[(16, 0.21)]).sentence()


def test_nothing_of_an_image_is_kept_outside_the_session(page):
    noise = np.random.default_rng(77).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    shared = open_cache(None, "1GB")
    before = shared.size
    upload(page, "images", files(("noise.png", png(noise))))
    assert answered(page)
    assert shared.size == before
    assert Words("en").strange(answer_for(load_pretrained(), one_row([noise]), 0.4)) == [
        text for text in said(page.warning) if text.startswith("The images are unlike")
    ]
