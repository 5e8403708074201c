from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from ptssp_sklearn.images.decoding import ImageError, load_image
from ptssp_sklearn.images.mask_decoding import load_mask

RGB = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture
def png(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(RGB).save(path)
    return path


def test_every_kind_of_cell_gives_the_same_pixels(png):
    cells = [str(png), png, png.read_bytes(), Image.open(png), RGB, RGB / 255.0]
    for cell in cells:
        assert np.array_equal(load_image(cell), RGB)


def test_grey_palette_and_one_channel_images_become_rgb():
    grey = RGB[..., 0]
    expected = np.repeat(grey[..., None], 3, axis=2)
    for cell in (grey, grey[..., None], encoded(Image.fromarray(grey))):
        assert np.array_equal(load_image(cell), expected)
    palette = Image.fromarray(RGB).quantize(16)
    assert np.array_equal(load_image(encoded(palette)), np.asarray(palette.convert("RGB")))


def test_transparent_pixels_are_white():
    rgba = np.dstack([RGB, np.zeros((20, 30), np.uint8)])
    assert (load_image(encoded(Image.fromarray(rgba))) == 255).all()
    assert (load_image(rgba) == 255).all()


def test_sixteen_bits_are_scaled_to_eight():
    ramp = np.linspace(0, 65535, 600).reshape(20, 30).astype(np.uint16)
    expected = np.round(ramp / 65535 * 255)
    for cell in (encoded(Image.fromarray(ramp)), ramp):
        assert np.abs(load_image(cell)[..., 0] - expected).max() <= 1


def test_cmyk_is_converted():
    image = Image.fromarray(RGB).convert("CMYK")
    assert load_image(encoded(image, "TIFF")).shape == RGB.shape


def test_exif_rotation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6
    rotated = load_image(encoded(Image.fromarray(RGB), "PNG", exif=exif))
    assert np.array_equal(rotated, np.rot90(RGB, -1))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"nowhere\.png', but there is no such file"):
        load_image(tmp_path / "nowhere.png")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"just text, no image", "no image"), (None, "damaged")],
)
def test_broken_files_are_named(tmp_path, png, content, message):
    path = tmp_path / "broken.png"
    path.write_bytes(png.read_bytes()[:200] if content is None else content)
    with pytest.raises(ImageError, match=rf"broken\.png.*{message}"):
        load_image(path)


def test_folder_is_refused(tmp_path):
    with pytest.raises(ImageError, match="a folder"):
        load_image(tmp_path)


def test_size_is_checked_before_decoding():
    bomb = bytearray(encoded(Image.new("1", (8, 8))))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    with pytest.raises(ImageError, match="at most 50,000,000 pixels"):
        load_image(bytes(bomb))
    with pytest.raises(ImageError, match="30 x 20 pixels, expected at most 100"):
        load_image(RGB, max_pixels=100)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((4, 4, 7), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.full((4, 4, 3), np.nan),
        np.full((4, 4, 3), 2.5),
        np.full((4, 4, 3), -1),
        np.full((4, 4, 3), 70_000),
        np.zeros((4, 4, 3), complex),
        7,
        {"a": 1},
    ],
)
def test_what_is_no_image_is_refused(wrong):
    with pytest.raises(ImageError, match="Got image"):
        load_image(wrong)


def test_mask_ids_are_kept_apart_and_renumbered():
    labels = np.zeros((20, 30), np.uint8)
    labels[2:5, 2:5], labels[10:15, 10:15] = 40, 200
    mask = load_mask(labels, (20, 30))
    assert mask.max() == 2
    assert ((mask > 0) == (labels > 0)).all()
    assert np.array_equal(load_mask(encoded(Image.fromarray(labels)), (20, 30)), mask)


def test_palette_mask_keeps_its_indices():
    labels = np.zeros((20, 30), np.uint8)
    labels[2:5], labels[10:15] = 1, 2
    image = Image.fromarray(labels).convert("P")
    image.putdata(labels.ravel().tolist())
    image.putpalette([0, 0, 0, 255, 0, 0, 255, 0, 1])
    assert np.array_equal(load_mask(encoded(image), (20, 30)), labels)


def test_binary_mask_is_split_into_its_components():
    labels = np.zeros((20, 30), bool)
    labels[2:5, 2:5] = labels[10:15, 10:15] = True
    assert load_mask(labels, (20, 30)).max() == 2
    assert load_mask((labels * 255).astype(np.uint8), (20, 30)).max() == 2


def test_colour_mask_counts_each_colour():
    labels = np.zeros((20, 30, 3), np.uint8)
    labels[2:5], labels[10:15] = (255, 0, 0), (0, 0, 255)
    assert load_mask(encoded(Image.fromarray(labels)), (20, 30)).max() == 2


def test_yolo_labels_are_drawn_one_class_or_all(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_text("0 0 0 0.5 0 0.5 0.5 0 0.5\n1 0.6 0.6 1 0.6 1 1 0.6 1\n")
    whole = load_mask(path, (20, 30))
    assert whole.max() == 2
    assert whole[5, 5] == 1
    assert whole[18, 28] == 2
    one = load_mask((path, 1), (20, 30))
    assert one.max() == 1
    assert one[5, 5] == 0


@pytest.mark.parametrize("line", ["0 0.1 0.1", "0 5 5 6 6 7 7", "cat 0 0 1 0 1 1"])
def test_malformed_label_line_is_named(tmp_path, line):
    path = tmp_path / "labels.txt"
    path.write_text("0 0 0 1 0 1 1\n" + line)
    with pytest.raises(ImageError, match="line 2"):
        load_mask(path, (20, 30))


def test_missing_label_file_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"gone\.txt"):
        load_mask(tmp_path / "gone.txt", (20, 30))


def test_mask_of_another_size_is_refused():
    with pytest.raises(ImageError, match="30 x 20 pixels for an image of 10 x 10"):
        load_mask(np.zeros((20, 30), int), (10, 10))


def test_float_mask_is_refused():
    with pytest.raises(ImageError, match="integer instance ids"):
        load_mask(np.zeros((20, 30)), (20, 30))
