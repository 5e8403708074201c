from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ptssp_sklearn.images.cache import DiskCache, cache_key
from ptssp_sklearn.images.decoding import ImageError
from ptssp_sklearn.images.grey_levels import to_eight_bits
from ptssp_sklearn.images.mask_decoding import load_mask
from ptssp_sklearn.images.mask_values import array_values, read_values
from ptssp_sklearn.images.row_masks import RowMasks

SQUARES = np.zeros((20, 30), np.uint8)
SQUARES[2:8, 2:8], SQUARES[10:18, 10:20] = 1, 2


def test_a_mask_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path):
    path = tmp_path / "a.png"
    with pytest.raises(ImageError, match="there is no such file"):
        read_values(path)
    path.write_text("no image")
    with pytest.raises(ImageError, match="is damaged or no image"):
        read_values(path)
    Image.fromarray(SQUARES).save(path)
    with pytest.raises(ImageError, match="has more than 500 pixels"):
        read_values(path, 500)
    np.testing.assert_array_equal(read_values(path), SQUARES)


def test_colours_that_are_transparent_are_background():
    colours = np.array([[9, 9, 9, 0], [0, 0, 255, 255], [200, 30, 0, 255]], np.uint8)[SQUARES]
    values, opacity = array_values(colours)
    assert not opacity
    np.testing.assert_array_equal(values > 0, SQUARES > 0)
    assert len(np.unique(values)) == 3
    grey = np.repeat(SQUARES[..., None], 3, axis=2)
    np.testing.assert_array_equal(array_values(grey)[0], SQUARES)


def test_an_array_of_colours_is_a_mask_and_a_photograph_is_none():
    colours = np.array([[0, 0, 0], [0, 0, 255], [200, 30, 0]], np.uint8)[SQUARES]
    np.testing.assert_array_equal(load_mask(colours, (20, 30)) > 0, SQUARES > 0)
    photo = np.random.default_rng(0).integers(0, 256, (80, 90, 3)).astype(np.uint8)
    with pytest.raises(ImageError, match="thousands of values, as a photograph has, in mask"):
        load_mask(photo, (80, 90))


def test_levels_of_an_odd_kind_are_scaled_and_said():
    empty, said = to_eight_bits(np.zeros((0, 4), np.uint16), "a")
    assert (empty.shape, empty.dtype, said) == ((0, 4), np.uint8, "")
    scaled, said = to_eight_bits(np.array([[0.0, 100.0, 255.0, 255.0]]), "a")
    assert scaled.tolist() == [[0, 100, 255, 255]]
    assert said == "holds levels up to 255: they are read as 8 bits (0 to 255)"


@pytest.mark.parametrize(
    ("shift", "words"),
    [(-1, "has negative values, which are taken as void"), (1, "no pixel of 0")],
)
def test_a_mask_without_a_plain_background_is_remarked_upon(shift, words):
    found = RowMasks([SQUARES.astype(int) + shift], ["mask_1"]).read(0, (20, 30))
    assert any(words in line for line in found.remarks)


def test_a_cache_that_cannot_be_written_keeps_nothing_and_ends_nothing(tmp_path):
    key = cache_key("a")
    (tmp_path / key[:2]).write_text("a file where a folder should be")
    cache = DiskCache(tmp_path, 1000)
    cache.put(key, b"value")
    assert cache.get(key) is None
    assert [path.name for path in tmp_path.iterdir()] == [key[:2]]
