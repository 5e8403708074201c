from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ptssp_sklearn import ImageEmbedder
from ptssp_sklearn.exceptions import ImageError, InputWarning, hear_remarks
from ptssp_sklearn.images import load_image, one_row
from ptssp_sklearn.images.decoding import decode_image
from ptssp_sklearn.images.lazy_image import row_sources
from ptssp_sklearn.images.mask_decoding import turned
from ptssp_sklearn.images.table import check_image_table
from tests.case_files import COINS, DATA, by_command, by_page, by_request
from tests.scenes import scene
from tests.tiny import fitted

TIFF = DATA / "cases" / "tiff16_cliff"
IMAGE, MASK = (np.kron(part, np.ones((3, 4) if part.ndim == 2 else (3, 4, 1), part.dtype))
               for part in (scene(3)[0], scene(3)[1].astype(np.uint8)))  # fmt: skip
"""A scene of 120 x 160 pixels."""


def png(values: np.ndarray, orientation: int = 1, kind: str = "PNG") -> bytes:
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(values).save(buffer, kind, exif=exif)
    return buffer.getvalue()


def levels(name: str) -> np.ndarray:
    with Image.open(TIFF / name) as image:
        return np.asarray(image)


@pytest.mark.parametrize(
    ("name", "mean"), [("dim255.tif", 119.06), ("dim256.tif", 119.06), ("g12.tif", 117.8)]
)
def test_one_rule_scales_a_file_and_its_array(name, mean):
    file, array = load_image(TIFF / name), load_image(levels(name))
    assert np.array_equal(file, array)
    assert file.mean() == pytest.approx(mean, abs=0.1)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_a_hot_pixel_does_not_darken_an_image_of_any_depth(bits):
    grey = IMAGE[..., 0].astype(np.uint16)
    deep = (grey.astype(np.float64) * (2**bits - 1) / 255).round().astype(np.uint16)
    hot = deep.copy()
    hot[0, 0] = 65535
    for values in (deep, hot, hot.astype(np.int32), hot.astype(np.float32)):
        scaled = load_image(values)[..., 0].astype(int)
        assert np.abs(scaled - grey)[1:].max() <= 1


def test_the_range_is_said_on_the_command_line_and_in_python():
    _, said = by_command(str(TIFF / "dim256.tif"))
    assert any("up to 256: they are read as 8 bits (0 to 255), 1 of 28,992" in note
               for note in said["notes"])  # fmt: skip
    with pytest.warns(InputWarning, match="up to 4,032: they are read as 12 bits"):
        fitted().predict(one_row([TIFF / "g12.tif"]))


def test_pages_are_named_and_an_image_of_one_colour_is_refused():
    code, said = by_command(str(TIFF / "stack.tif"))
    assert code == 2
    assert "which has the one colour (0, 0, 0) everywhere" in said
    assert "has 3 pages, of which only the first is read" in said
    frames = [Image.fromarray(np.roll(IMAGE, i, axis=0)) for i in range(2)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:])
    with hear_remarks() as remarks:
        fitted().predict(one_row([buffer.getvalue()]))
    assert remarks == ["image_1 of row 0 has 2 pages, of which only the first is read."]
    grey = np.full((40, 50, 3), 90, np.uint8)
    for ask in (
        lambda: by_request([png(grey)], []),
        lambda: by_page([("a.png", png(grey))], []),
        lambda: fitted().predict(one_row([grey])),
    ):
        with pytest.raises(ValueError, match=r"has the one colour \(90, 90, 90\) everywhere"):
            ask()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mask_is_laid_on_its_image_however_exif_turns_either(orientation):
    upright, shape = turned(IMAGE[..., 0], orientation), MASK.shape
    stored = png(IMAGE, orientation)
    assert np.array_equal(load_image(stored)[..., 0], upright)
    quarter = orientation > 4
    for mask, own, said in (
        (turned(MASK, orientation), 1, "" if orientation == 1 or quarter else "taken as drawn on"),
        (MASK, orientation, ""),
        (MASK, 1, "is turned as its image is" if quarter else None),
    ):
        if said is None:
            continue
        row = check_image_table(pd.DataFrame({"image_1": [stored], "mask_1": [png(mask, own)]}))[0]
        (source,) = row_sources(row, 10**7, None)
        source.identify()
        found = source.load_mask()
        assert np.array_equal(found > 0, turned(MASK, orientation) > 0)
        assert said in " ".join(source.remarks()), (orientation, own)
        assert bool(said) == bool(source.remarks())
    assert shape == MASK.shape


def test_a_turned_mask_that_fits_only_as_it_lies_is_left_so():
    row = check_image_table(pd.DataFrame({"image_1": [png(IMAGE)], "mask_1": [png(MASK, 6)]}))[0]
    (source,) = row_sources(row, 10**7, None)
    assert np.array_equal(source.load_mask() > 0, MASK > 0)
    assert "fits its image only without its EXIF turn" in source.remarks()[0]


def test_names_that_contradict_the_order_are_refused_in_python_too():
    masks = [name.replace(".png", "_L.png") for name in COINS]
    with pytest.raises(ImageError, match=r"coin_2_L\.png' as mask_1 of row 0, .* says '.*coin_1_L"):
        fitted().predict(one_row(COINS, [masks[i] for i in (1, 0, 3, 2)]))


def test_the_page_pairs_by_name_whatever_the_order():
    images = [(f"coin_{i}.png", open_bytes(COINS[i - 1])) for i in range(1, 5)]
    for form in ("coin_{}_L.png", "coin_{}.png.png"):
        names = [form.format(i) for i in (2, 1, 4, 3)]
        files = [COINS[i - 1].replace(".png", "_L.png") for i in (2, 1, 4, 3)]
        masks = [(name, open_bytes(file)) for name, file in zip(names, files, strict=True)]
        assert [int(mask.max()) for mask in by_page(images, masks).masks] == [7, 6, 7, 7]
        assert by_page(images, masks).mask_names == [form.format(i) for i in range(1, 5)]


def open_bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


@pytest.fixture(scope="module")
def photograph():
    """A photograph of twelve megapixels, and a mask of eight objects."""
    small, mask = scene(5)
    large = Image.fromarray(small).resize((4000, 3000), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    large.save(buffer, "JPEG", quality=80)
    ids = Image.fromarray(mask.astype(np.uint8)).resize((4000, 3000), Image.Resampling.NEAREST)
    drawn = io.BytesIO()
    ids.save(drawn, "PNG")
    return buffer.getvalue(), drawn.getvalue(), int(mask.max())


def test_large_photographs_are_scaled_down_with_their_masks(photograph):
    image, mask, count = photograph
    assert by_request([image], [mask])["objects"] == f"{count}"
    task = by_page([("a.jpg", image)], [("a.png", mask)])
    assert task.images[0].shape == (1500, 2000, 3)
    assert task.masks[0].shape == (1500, 2000)
    assert task.masks[0].max() == count
    found = decode_image(image, keep=4_200_000)
    assert found.shape == (3000, 4000)


def test_tensors_are_taken_channels_first_or_last():
    torch = pytest.importorskip("torch")
    images = np.stack([np.stack([scene(i)[0], scene(i + 9)[0]]) for i in range(2)])
    expected = ImageEmbedder().fit_transform(images)
    first = torch.from_numpy(images).permute(0, 1, 4, 2, 3)
    for given in (torch.from_numpy(images), first, [list(row) for row in first]):
        np.testing.assert_array_equal(ImageEmbedder().fit_transform(given), expected)
    ids = torch.from_numpy(scene(0)[1].astype(np.int64))
    X = pd.DataFrame({"image_1": [first[0, 0]], "mask_1": [ids]})
    assert ImageEmbedder().fit_transform(X)[0, -1] == 1.0


def test_channels_first_in_an_array_are_named():
    with pytest.raises(ImageError, match=r"shape \(3, 40, 40\).*np\.moveaxis\(image, 0, 2\)"):
        load_image(np.moveaxis(scene(0)[0], 2, 0))
