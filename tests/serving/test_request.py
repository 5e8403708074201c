from __future__ import annotations

import base64
import io
import json
import struct
import zlib

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ptssp_sklearn.serving.limits import DEFAULT_LIMITS, Limits, RequestError
from ptssp_sklearn.serving.request import read_rows
from tests.hostile import bomb, encode, file_of
from tests.scenes import scene, table


def request(**cells) -> pd.DataFrame:
    return pd.DataFrame({k: pd.Series([v], dtype=object) for k, v in cells.items()})


def read(limits: Limits = DEFAULT_LIMITS, **cells):
    return read_rows(request(**cells), limits, images=True)


@pytest.fixture(scope="module")
def good() -> str:
    return encode(file_of(scene(0)[0]))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP", "JPEG"])
def test_images_come_back_as_they_were(kind):
    image, mask = scene(0)
    options = {"lossless": True} if kind == "WEBP" else {}
    sent = file_of(image, kind, **options)
    for cell in (encode(sent), sent, "\n".join(base64.encodebytes(sent).decode().split())):
        (X, pilot, *_), *more = read(image_1=cell, mask_1=encode(file_of(mask.astype(np.uint16))))
        assert (pilot, more) == ([], [])
        gap = np.abs(X.image_1[0].astype(int) - image.astype(int)).max()
        assert gap == 0 if kind != "JPEG" else gap < 80
        assert np.array_equal(X.mask_1[0] > 0, mask > 0)


def bad_images(good: str) -> list[tuple[str, object]]:
    png = base64.b64decode(good)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    no_such = "no such image, expected a file of PNG, JPEG, WEBP, BMP"
    return [
        ("Paths, addresses and data: URLs are not opened", "/etc/hostname"),
        ("'../../secret.png', expected the base64", "../../secret.png"),
        ("'file:///etc/passwd', expected", "file:///etc/passwd"),
        ("'http://169.254.169.254/latest/'", "http://169.254.169.254/latest/"),
        ("'data:image/png;base64,", f"data:image/png;base64,{good}"),
        ("expected the base64 of an image file", good[:-3]),
        ("damaged or unreadable", encode(png[: len(png) // 2])),
        ("bytes that are no such image", encode(b"hello, I am text")),
        ("no such image, expected a file of PNG", encode(svg)),
        ("which is empty", ""),
        ("9 bytes that are no such image", "/etc/passwd1"),
        ("type int", 7),
        ("type list", [good]),
        ("type dict", {"path": "/etc/passwd"}),
        ("type bool", True),
        ("a decompression bomb", encode(bomb(10_000, 30_000))),
        ("x 5000 pixels, expected at most 16,000,000", encode(bomb(5000, 5000))),
        *[(no_such, encode(file_of(scene(0)[0], kind))) for kind in ("GIF", "TIFF")],
        (no_such, encode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")),
    ]


@pytest.fixture(scope="module")
def bad(good) -> list[tuple[str, object]]:
    return bad_images(good)


@pytest.mark.parametrize("number", range(len(bad_images("AAAA"))))
def test_what_is_no_image_is_refused_and_the_cell_named(good, bad, number):
    words, cell = bad[number]
    with pytest.raises(RequestError, match=r"image_2 of row 0") as error:
        read(image_1=good, image_2=cell)
    said = str(error.value)
    assert words in said
    assert "\n" not in said


def test_no_path_is_opened(good, tmp_path, monkeypatch):
    (tmp_path / "aaaa").write_bytes(base64.b64decode(good))
    (tmp_path / "labels.txt").write_text("0 0 0 1 0 1 1")
    monkeypatch.chdir(tmp_path)
    for place in ("aaaa", "aaaa.png", str(tmp_path / "aaaa"), f"file://{tmp_path}/aaaa"):
        with pytest.raises(RequestError, match="image_1 of row 0"):
            read(image_1=place)
    for labels in ("labels.txt", ["labels.txt", 0]):
        with pytest.raises(RequestError, match="mask_1 of row 0"):
            read(image_1=good, mask_1=labels)


def test_a_png_whose_text_would_swell_is_refused(good):
    png = base64.b64decode(good)
    swollen = b"k\0\0" + zlib.compress(b"a" * 200_000_000)
    chunk = struct.pack(">I", len(swollen)) + b"zTXt" + swollen
    chunk += struct.pack(">I", zlib.crc32(b"zTXt" + swollen))
    with pytest.raises(RequestError, match="image_1 of row 0, damaged"):
        read(image_1=encode(png[:33] + chunk + png[33:]))


def test_masks_are_held_to_their_image(good):
    image, mask = scene(0)
    with pytest.raises(RequestError, match="mask_1 of row 0 of 4 x 4 pixels for an image of 40"):
        read(image_1=good, mask_1=encode(file_of(np.eye(4, dtype=np.uint8))))
    noise = np.arange(1600, dtype=np.uint16).reshape(40, 40)
    with pytest.raises(RequestError, match=r"1,599 objects in mask_1 of row 0"):
        read(Limits(objects=1000), image_1=good, mask_1=encode(file_of(noise)))
    with pytest.raises(RequestError, match="mask_1 of row 0"):
        read(image_1=good, mask_1=encode(file_of(image, "JPEG")))
    with pytest.raises(RequestError, match="mask_2 of row 0, but no image_2"):
        read(image_1=good, mask_2=encode(file_of(mask.astype(np.uint8))))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(images=1), "2 images in row 0, expected at most 1"),
        (Limits(image_bytes=100), "image_1 of row 0 of .* bytes, expected at most 100"),
        (Limits(image_pixels=1000), "image_1 of row 0 of 40 x 40 pixels"),
        (Limits(pixels=2000), "more than 2,000 pixels up to image_2 of row 0"),
    ],
)
def test_limits_are_named(good, limits, words):
    with pytest.raises(RequestError, match=words):
        read(limits, image_1=good, image_2=good)


def test_rows_are_counted_before_anything_is_decoded():
    many = pd.DataFrame({"image_1": ["no image"] * 10_000})
    with pytest.raises(RequestError, match="10,000 rows, expected 1 to 16"):
        read_rows(many, DEFAULT_LIMITS, images=True)
    with pytest.raises(RequestError, match="0 rows"):
        read_rows(many.iloc[:0], DEFAULT_LIMITS, images=True)


def test_a_gap_between_images_is_named(good):
    with pytest.raises(RequestError, match="image_2 of row 0"):
        read(image_1=good, image_2=None, image_3=good)


def test_pilots_are_read():
    cells = ["[[16, 0.31], [32, 0.42]]", None, "", "[]", np.nan]
    rows = read_rows(pd.DataFrame({"pilot": cells}), DEFAULT_LIMITS, images=False)
    assert [row.pilot for row in rows] == [[(16.0, 0.31), (32.0, 0.42)], [], [], [], []]


@pytest.mark.parametrize(
    "cell",
    [
        "16:0.3",
        "[16, 0.3]",
        "[[16, 31]]",
        "[[0, 0.3]]",
        "[[16, NaN]]",
        "[[Infinity, 0.2]]",
        '{"16": 0.3}',
        "[" * 10_000,
        "[[1, 0.1], " * 3000,
        json.dumps([[16, 0.3]] * 300),
        7,
    ],
    ids=lambda cell: str(cell)[:12],
)
def test_bad_pilots_are_refused_and_the_row_named(cell):
    asked = pd.DataFrame({"pilot": pd.Series(["[[16, 0.3]]", cell], dtype=object)})
    with pytest.raises(RequestError, match="pilot of row 1"):
        read_rows(asked, DEFAULT_LIMITS, images=False)


def test_the_order_and_names_of_rows_do_not_matter():
    X = table(2, 1)
    cells = [encode(file_of(image)) for image in X.image_1]
    asked = pd.DataFrame({"image_1": cells}, index=["x", "x"])
    rows = read_rows(asked, DEFAULT_LIMITS, images=True)
    assert [np.array_equal(r.image_1[0], i) for (r, *_), i in zip(rows, X.image_1, strict=True)]
    with pytest.raises(RequestError, match="image_1 of row 1"):
        read_rows(pd.DataFrame({"image_1": [cells[0], "x"]}), DEFAULT_LIMITS, images=True)


def test_an_image_of_many_frames_counts_as_its_first():
    frames = [Image.fromarray(scene(seed)[0]) for seed in range(3)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:])
    (X, *_), *_ = read(image_1=encode(buffer.getvalue()))
    assert np.array_equal(X.image_1[0], np.asarray(frames[0]))
