from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ptssp_sklearn import load_pretrained
from ptssp_sklearn.curves import odd_points, read_points
from ptssp_sklearn.exceptions import InputError, InputWarning, hear_remarks
from ptssp_sklearn.page.pilot import pilot_points, read_pilot
from ptssp_sklearn.page.uploads import Upload
from ptssp_sklearn.pipeline import save_model
from ptssp_sklearn.serving.answer import answer_for
from ptssp_sklearn.serving.handler import Answerer
from tests.case_files import CURVES, DATA, by_command
from tests.published import curves_alone
from tests.tiny import fitted

CSV = DATA / "cases" / "csv_locale"
TWO = [(51.0, 0.23), (101.0, 0.31)]
READ = {
    "bom.csv": TWO,
    "caps.csv": TWO,
    "names.csv": TWO,
    "semicolon.csv": TWO,
    "space.csv": TWO,
    "pct.csv": [(51.0, 0.23)],
}
REFUSED = {
    "empty.csv": r"holds the header size, score only",
    "zero.csv": r"which is empty",
    "nan.csv": r"line 3 without a score",
    "results.csv": r"with the columns epoch, time, .*One training is one point",
}


@pytest.mark.parametrize("name", READ)
def test_a_table_of_any_dialect_is_read_by_command_page_and_python(name):
    data = (CSV / name).read_bytes()
    assert read_points(data, name) == READ[name]
    assert pilot_points(read_pilot(Upload(name, data))) == READ[name]
    code, said = by_command("--pilot", str(CSV / name), model=CURVES)
    assert code == 0
    assert [tuple(point) for point in said["pilot"]] == READ[name]


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_is_none_is_refused_with_what_was_found(name):
    data = (CSV / name).read_bytes()
    for read in (lambda: read_points(data, name), lambda: read_pilot(Upload(name, data))):
        with pytest.raises(InputError, match=REFUSED[name]):
            read()
    code, said = by_command("--pilot", str(CSV / name), model=CURVES)
    assert code == 2
    assert str(CSV / name) in said


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("Images\tmAP\n1.024\t0,5\n", [(1024.0, 0.5)]),
        ('"Training images";"Score"\n"2 048";"31,5 %"\n', [(2048.0, 0.315)]),
        ("n_images|map50-95\r\n16|0.3\r\n\r\n", [(16.0, 0.3)]),
        ("51,0.23\n101,0.31\n", TWO),
        ("51;0,23\n101;0,31\n", TWO),
        ("epoch,n_train,metrics/mAP50(M),metrics/mAP50-95(M)\n9,64,0.6,0.4\n", [(64.0, 0.4)]),
        ("size,score,error,learner\n16,0.3,0.02,yolov5n\n", [(16.0, 0.3, 0.02, "yolov5n")]),
        ("size,score,learner\n16,0.3,\n32,0.4,yolov5n\n",
         [(16.0, 0.3), (32.0, 0.4, None, "yolov5n")]),
    ],
)  # fmt: skip
def test_numbers_and_names_of_other_tools_are_understood(text, points):
    assert read_points(text, "a.csv") == points
    assert read_points(text.encode("utf-16"), "a.csv") == points


def test_a_table_in_western_europes_code_is_read_and_what_is_no_text_is_refused():
    assert read_points("size;score;größe\n51;0,23;1\n".encode("cp1252"), "a.csv") == TWO[:1]
    with pytest.raises(InputError, match=r"Got a\.csv, which is no text, expected the columns"):
        read_points(b"\x81\x8d\x8f", "a.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("images,mAP50\n16,0.3\n", "a.csv with the columns images, mAP50, .* another measure"),
        ("size,score\n16,0.3\n32,lots\n", "line 3 with 'lots', which is no number"),
        ("size,score\n16,NaN\n", "line 2 with 'NaN', which is no number"),
        ("size,score\n16,31\n", "pilot score 31 at 16 images.*Divide percentages by 100"),
        ("a;b\n1;2\n", "columns a, b, expected the columns size and score"),
    ],
)
def test_what_is_wrong_in_a_table_is_named(text, message):
    with pytest.raises(InputError, match=message):
        read_points(text, "a.csv")


def asked_with(cell) -> pd.DataFrame:
    return pd.DataFrame({"pilot": pd.Series([cell], dtype=object)})


def test_a_request_takes_a_list_or_its_json():
    answerer = Answerer(load_pretrained(CURVES))
    cells = [[[51, 0.23], [101, 0.31]], "[[51, 0.23], [101, 0.31]]", np.array(TWO)]
    answers = [answerer.answer(asked_with(cell), {"target_map": 0.4}) for cell in cells]
    assert answers[0].equals(answers[1])
    assert answers[0].equals(answers[2])


FALL = [(51, 0.89), (101, 0.60)]


def test_points_that_fall_or_jump_are_remarked_upon_everywhere():
    sentence = (
        "The score falls from 0.89 with 51 images to 0.60 with 101: were the test images or labels "
        "changed?"
    )
    assert odd_points(FALL) == [sentence]
    _, said = by_command("--pilot", "51:0.89", "--pilot", "101:0.60", model=CURVES)
    assert sentence in said["notes"]
    model = load_pretrained(CURVES)
    assert sentence in answer_for(model, None, 0.4, pilot=FALL).notes()
    assert sentence in Answerer(model).answer(asked_with(FALL), {"target_map": 0.4})["notes"][0]
    with hear_remarks() as remarks:
        model.required_size(None, 0.4, pilot=FALL)
    assert sentence in remarks
    with pytest.warns(InputWarning, match="falls from|was measured"):
        model.required_size(None, 0.4, pilot=FALL)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([(16, 0.1), (20, 0.6)], "jumps from 0.10 with 16 images to 0.60 with 20"),
        ([(16, 0.1), (16, 0.5)], "The scores with 16 images differ by 0.40"),
        ([(1, 0.5), (8, 0.2)], "falls from 0.50 with 1 image to 0.20 with 8"),
    ],
)
def test_odd_points_are_said(points, words):
    (sentence,) = odd_points(points)
    assert words in sentence


@pytest.mark.parametrize(
    "points",
    [
        [(16, 0.31), (32, 0.42), (64, 0.40), (128, 0.55)],
        [(4, 0.0), (64, 0.55)],
        [(16, 0.31), (16, 0.36)],
        [(16, 0.60), (64, 0.20, "yolov5n")],
        [],
    ],
)
def test_ordinary_points_are_not(points):
    assert odd_points(points) == []


def test_a_prediction_below_what_was_measured_is_said():
    answer = answer_for(load_pretrained(CURVES), None, 0.4, pilot=FALL)
    (note,) = [note for note in answer.notes() if "was measured" in note]
    predicted = float(answer.forecast.curve([51])[0])
    assert f"The prediction has {predicted:.2f} with 51 images, where 0.89 was measured" in note


def test_a_model_without_images_leaves_them_out_and_says_so(tmp_path):
    image, path = (
        DATA / "datasets" / "mispaired_masks" / "coin_1.png",
        str(tmp_path / "own.safetensors"),
    )
    save_model(curves_alone(), path)
    asked = ["--pilot", "51:0.23"]
    _, plain = by_command(*asked, model=path)
    code, said = by_command(*asked, str(image), model=path)
    assert code == 0
    assert said["sizes"] == plain["sizes"]
    assert said["notes"][0] == f"The model {path} looks at no image: {image} is left out."
    model, X = curves_alone(), pd.DataFrame({"image_1": [str(image)]})
    sentence = "The model looks at no image: those that are given are left out."
    with hear_remarks() as remarks:
        found = model.required_size(X, 0.4, pilot=TWO), model.predict(X)
    assert remarks == [sentence]
    assert np.array_equal(found[0], model.required_size(None, 0.4, pilot=TWO))
    assert np.array_equal(found[1], model.predict(None))
    answer = answer_for(model, X, 0.4, pilot=TWO)
    assert answer.required_size == found[0][0]
    assert sentence in answer.notes()
    with pytest.raises(InputError, match="this model knows none"):
        model.out_of_domain(X)


def test_a_model_that_cannot_do_without_images_asks_for_them(tmp_path):
    save_model(fitted(), tmp_path / "own.safetensors")
    code, said = by_command("--pilot", "51:0.23", model=str(tmp_path / "own.safetensors"))
    assert code == 2
    assert "Got no image, expected at least one" in said
