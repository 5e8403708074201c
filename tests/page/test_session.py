"""Errors a visitor can cause, said in both languages."""

from __future__ import annotations

import ast
import io
import pickle
import re
import string
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ptssp_sklearn
from ptssp_sklearn import load_pretrained
from ptssp_sklearn.bayes.learners import Learner, find_learner
from ptssp_sklearn.exceptions import InputError, MissingPackageError, need
from ptssp_sklearn.images.decoding import Picture
from ptssp_sklearn.page.pilot import pilot_points, read_pilot
from ptssp_sklearn.page.session import RUSSIAN, error_text
from ptssp_sklearn.page.text import Words
from ptssp_sklearn.page.uploads import (
    Upload,
    read_images,
    read_labels,
    read_masks,
)
from ptssp_sklearn.pipeline.persistence import load_model
from ptssp_sklearn.serving.answer import answer_for
from ptssp_sklearn.serving.limits import Limits
from tests.published import curves_alone

PACKAGE = Path(ptssp_sklearn.__file__).parent
ONE = [("a.png", Picture(np.zeros((8, 8, 3), np.uint8), (8, 8)))]


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def grey(side: int) -> bytes:
    return png(np.zeros((side, side), np.uint8))


SIXTEEN = np.kron(np.arange(1, 17).reshape(4, 4), [[1, 0], [0, 0]]).astype(np.uint8)
"""A mask of as many objects, a pixel each."""


def table(text: bytes) -> list[tuple[float, float]]:
    return pilot_points(read_pilot(Upload("p.csv", text)))


BAD = {
    "no_image": lambda _: read_images([Upload("a.png", b"hello")]),
    "damaged": lambda _: read_images([Upload("a.png", grey(200)[:-25])]),
    "pixels": lambda _: read_images([Upload("a.png", grey(4100))]),
    "bytes": lambda _: read_images([Upload("a.png", b"x" * 10_000_001)]),
    "many_images": lambda _: read_images([Upload("a.png", b"x")] * 17),
    "all_bytes": lambda _: read_images([Upload("a.png", b"xyz")], Limits(request_bytes=2)),
    "all_pixels": lambda _: read_images([Upload("a.png", grey(8))], Limits(pixels=63)),
    "mask_size": lambda _: read_masks(ONE, [Upload("a.png", png(np.eye(4, dtype=np.uint8)))]),
    "mask_count": lambda _: read_masks(ONE, [Upload("x.png", b""), Upload("y.png", b"")]),
    "objects": lambda _: read_masks(
        ONE,
        [
            Upload(
                "a.png",
                png(SIXTEEN),
            )
        ],
        limits=Limits(objects=9),
    ),
    "blank": lambda _: read_images([Upload("a.png", grey(8))]),
    "no_mask": lambda _: read_masks(
        [("a.png", Picture(np.zeros((60, 90, 3), np.uint8), (60, 90)))],
        [Upload("a.png", png(np.random.default_rng(0).integers(0, 256, (60, 90), np.uint8)))],
    ),
    "no_objects": lambda _: read_masks(ONE, [Upload("a.png", grey(8))]),
    "no_class": lambda _: read_masks(
        ONE, [Upload("a.txt", b"1 0 0 1 0 1 1\n2 0 0 1 0 1 1")], label=7
    ),
    "polygon": lambda _: read_labels(Upload("a.txt", b"0 0.5 0.5 0.2 0.2")),
    "no_text": lambda _: read_labels(Upload("a.txt", b"\xff\xfe\x00")),
    "no_table": lambda _: table(b"a,b\n1,2\n"),
    "pilot_size": lambda _: table(b"size,score\n-4,0.2\n"),
    "pilot_score": lambda _: table(b"size,score\n16,23\n"),
    "points": lambda _: table(b"size,score\n" + b"16,0.2\n" * 201),
    "target": lambda _: answer_for(load_pretrained("detectors"), None, 1.5),
    "no_images": lambda _: curves_alone().neighbours(None),
    "learner": lambda _: find_learner("yolo1n"),
    "learner_kind": lambda _: Learner("own", "cocoa"),
    "no_model": lambda folder: load_model(folder / "a.safetensors"),
}


@pytest.mark.parametrize("kind", BAD)
def test_an_error_has_a_sentence_in_both_languages(kind, tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"no tensors")
    with pytest.raises(InputError) as found:
        BAD[kind](tmp_path)
    error = found.value
    assert error.kind == kind
    english, russian = (error_text(error, Words(language)) for language in ("en", "ru"))
    assert english == " ".join(str(error).split())
    assert english.startswith("Got ")
    assert re.search("[а-я]{4}", russian)
    assert not re.search(r"\b(Got|expected|None)\b|[{}]", russian)
    for value in error.values.values():
        assert (Words("ru").number(value) if isinstance(value, int) else str(value)) in russian


def raised() -> dict[str, list[set[str]]]:
    """Read off the source which kinds are raised, with the names of their values."""
    found: dict[str, list[set[str]]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(getattr(node, "func", None), "id", "")
            if name in ("InputError", "ImageError", "RequestError") and len(node.args) == 2:
                values = {str(keyword.arg) for keyword in node.keywords}
                found.setdefault(node.args[1].value, []).append(values)
    return found


def test_every_kind_has_a_russian_sentence_of_values_it_comes_with():
    kinds = raised()
    assert set(kinds) == set(RUSSIAN)
    for kind, calls in kinds.items():
        wanted = {field for _, field, _, _ in string.Formatter().parse(RUSSIAN[kind]) if field}
        assert all(wanted <= values for values in calls), kind


def test_kinds_survive_other_processes_and_new_names():
    error = pickle.loads(pickle.dumps(InputError("Got 'a'.", "no_text", name="'a'")))
    assert (str(error), error.kind, error.values) == ("Got 'a'.", "no_text", {"name": "'a'"})
    other = error.renamed("a", "b")
    assert (str(other), other.values) == ("Got 'b'.", {"name": "'b'"})


def test_a_missing_package_names_its_command_in_both_languages():
    command = 'pip install "ptssp_sklearn[app]"'
    assert need("json", "nothing", "app").loads("1") == 1
    with pytest.raises(MissingPackageError) as found:
        need("no_such_package", "the page", "app")
    said = [error_text(found.value, Words(language)) for language in ("en", "ru")]
    assert said[0] == f"Got no package no_such_package, which the page needs. Run: {command}"
    assert said[1] == f"Не хватает пакета no_such_package. Выполните: {command}"


def test_what_has_no_kind_is_said_as_it_is():
    assert error_text(ValueError("Got\n this."), Words("ru")) == "Got this."
