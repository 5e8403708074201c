from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ptssp_sklearn.images.cache import MemoryCache
from ptssp_sklearn.images.decoding import ImageError
from ptssp_sklearn.images.lazy_image import row_sources
from ptssp_sklearn.images.table import check_image_table

IMAGE = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
MASK = np.eye(8, dtype=int)


def frame(**columns) -> pd.DataFrame:
    cells = {
        name: pd.Series([value], dtype=object, index=["task"]) for name, value in columns.items()
    }
    return pd.DataFrame(cells)


def test_columns_are_ordered_by_their_number():
    table = frame(image_2="b", image_10="c", image_1="a", mask_2="m")
    with pytest.raises(ImageError, match="image_3 of row 'task'"):
        check_image_table(table)
    row = check_image_table(table.drop(columns="image_10"))[0]
    assert row.images == ("a", "b")
    assert row.masks == (None, "m")


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA])
def test_rows_may_be_shorter(nothing):
    row = check_image_table(frame(image_1="a", image_2=nothing, mask_1=nothing, mask_2=nothing))[0]
    assert row.images == ("a",)
    assert row.masks == (None,)


@pytest.mark.parametrize("nothing", [None, np.nan])
def test_a_gap_is_named(nothing):
    with pytest.raises(ImageError, match="image_1 of row 'task'"):
        check_image_table(frame(image_1=nothing, image_2="a"))


def test_mask_without_image_is_named():
    with pytest.raises(ImageError, match="mask_2 of row 'task', but no image_2"):
        check_image_table(frame(image_1="a", image_2=None, mask_2=MASK))


def test_unknown_column_is_named():
    with pytest.raises(ImageError, match="column 'picture'"):
        check_image_table(frame(picture="a"))


@pytest.mark.parametrize(
    "empty", [pd.DataFrame({"image_1": []}), [], [[]], np.zeros((0, 4), object)]
)
def test_empty_table_is_refused(empty):
    with pytest.raises(ImageError, match="no image"):
        check_image_table(empty)


@pytest.mark.parametrize(
    "flat", ["a.png", ["a.png", "b.png"], IMAGE, np.array(["a", "b"], object), 3]
)
def test_one_row_must_be_wrapped(flat):
    with pytest.raises(ImageError, match=r"pass \[\[image, image"):
        check_image_table(flat)


def test_nested_lists_and_stacked_arrays_are_tables():
    assert len(check_image_table([[IMAGE, IMAGE], [IMAGE]])) == 2
    assert len(check_image_table(np.zeros((3, 2, 8, 8, 3), np.uint8))[0].images) == 2


def test_decoding_errors_name_row_and_column():
    row = check_image_table(frame(image_1=IMAGE, image_2="gone.png"))[0]
    with pytest.raises(ImageError, match=r"image_2 of row 'task' 'gone\.png'"):
        [source.identify() for source in row_sources(row, 10**6, MemoryCache(10**6))]
    row = check_image_table(frame(image_1=IMAGE, mask_1=np.eye(4, dtype=int)))[0]
    with pytest.raises(ImageError, match="mask_1 of row 'task' of 4 x 4"):
        [source.identify() for source in row_sources(row, 10**6, MemoryCache(10**6))]


def test_the_labels_column_says_what_masks_were_drawn_from():
    two_pieces = np.zeros((8, 8), np.uint8)
    two_pieces[:2], two_pieces[5:] = 1, 1
    table = frame(image_1=IMAGE, mask_1=two_pieces)
    for labels, count in ((None, 2), ("boxes", 1), ("masks", 1)):
        row = check_image_table(table.assign(labels=labels))[0]
        assert row.labels == labels
        ((_, mask),) = row.decode()
        assert mask.max() == count
        (source,) = row_sources(row, 10**6, None)
        assert source.load_mask().max() == count
    with pytest.raises(ImageError, match="Got 'polygons' in the column 'labels'"):
        check_image_table(table.assign(labels="polygons"))


def test_one_array_with_and_without_labels_is_not_one_entry_of_the_cache():
    cache, two_pieces = MemoryCache(10**6), np.zeros((8, 8), np.uint8)
    two_pieces[:2], two_pieces[5:] = 1, 1
    table = frame(image_1=IMAGE, mask_1=two_pieces)
    found = set()
    for labels in (None, "masks"):
        (source,) = row_sources(check_image_table(table.assign(labels=labels))[0], 10**6, cache)
        source.identify()
        found.add(source.objects)
    assert len(found) == 2
