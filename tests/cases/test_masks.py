from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ptssp_sklearn.exceptions import ImageError, InputWarning, hear_remarks
from ptssp_sklearn.images import load_image, load_mask, one_row
from tests.case_files import (
    COINS,
    COUNTS,
    by_command_with_masks,
    by_page,
    by_request,
    files,
    masks_of,
)
from tests.tiny import fitted

GOOD = masks_of("datasets/mispaired_masks", "coin_{}_L.png")
PIECES = masks_of("datasets/semantic_two_classes", "sem2_{}.png")
SMOOTH = masks_of("datasets/antialiased_masks", "aa_{}.png")
LABELS = masks_of("cases/class_in_no_file", "{}.txt")
IDS = [load_mask(path, load_image(path).shape[:2]) for path in GOOD]
"""Coins numbered from 1."""
OBJECTS = ", ".join(map(str, COUNTS))


def png(values: np.ndarray, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image = values if isinstance(values, Image.Image) else Image.fromarray(values)
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def drawn(ids: np.ndarray, kind: str) -> bytes:
    """Write coins as masks of a kind that is no instance mask."""
    on = ids > 0
    if kind == "jpeg":
        return png((on * 255).astype(np.uint8), "JPEG", quality=60)
    if kind == "red jpeg":
        return png(np.dstack([on * 255, on * 0, on * 0]).astype(np.uint8), "JPEG", quality=85)
    if kind == "smooth colour":
        half = Image.fromarray(np.dstack([on * 200, on * 40, on * 90]).astype(np.uint8))
        return png(half.resize((96, 76), Image.Resampling.BILINEAR).resize(on.shape[::-1]))
    if kind == "void border":
        border = np.pad(on, 1)
        grown = np.max([border[i : i + on.shape[0], j : j + on.shape[1]]
                        for i in range(3) for j in range(3)], axis=0)  # fmt: skip
        return png(np.where(on, ids, np.where(grown, 255, 0)).astype(np.uint8))
    if kind == "three classes":
        return png(np.where(on, 1 + ids % 3, 0).astype(np.uint8))
    assert kind == "alpha"
    white = np.full((*on.shape, 3), 255, np.uint8)
    return png(np.dstack([white, (on * 255).astype(np.uint8)]))


KINDS = {
    "jpeg": "smoothed edges",
    "red jpeg": "smoothed edges",
    "smooth colour": "smoothed edges",
    "void border": "taken as void",
    "three classes": "taken for classes",
    "alpha": "alpha channel",
}


@pytest.mark.parametrize("kind", KINDS)
def test_objects_are_counted_and_what_was_made_of_them_is_said(kind, tmp_path):
    images = files(COINS)
    masks = [(f"coin_{i}_L.png", drawn(ids, kind)) for i, ids in enumerate(IDS, 1)]
    answer = by_request([data for _, data in images], [data for _, data in masks])
    assert answer["objects"] == OBJECTS
    assert KINDS[kind] in answer["notes"]
    task = by_page(images, masks)
    assert [int(mask.max()) for mask in task.masks] == COUNTS
    assert KINDS[kind] in task.notes[0]
    assert "'coin_1_L.png'" in task.notes[0]
    paths = [tmp_path / name for name, _ in masks]
    for path, (_, data) in zip(paths, masks, strict=True):
        path.write_bytes(data)
    _, said = by_command_with_masks(COINS, [str(path) for path in paths])
    assert [row["objects"] for row in said["images"]] == COUNTS
    assert any(KINDS[kind] in note for note in said["notes"])


@pytest.mark.parametrize("masks", [PIECES, SMOOTH], ids=["classes", "smoothed"])
def test_the_answer_is_that_of_the_instance_masks(masks):
    _, right = by_command_with_masks(COINS, GOOD)
    code, said = by_command_with_masks(COINS, masks)
    assert code == 0
    assert [row["objects"] for row in said["images"]] == COUNTS
    assert said["params"] == pytest.approx(right["params"], rel=1e-6)
    with pytest.warns(InputWarning, match="taken for classes|smoothed edges"):
        found = fitted().predict(one_row(COINS, masks))
    np.testing.assert_allclose(found[0], list(right["params"].values()), rtol=1e-4)


def test_a_note_comes_again_where_the_features_are_known():
    for _ in range(2):
        with hear_remarks() as said:
            fitted().predict(one_row(COINS, PIECES))
        assert [note.count("has 2 ids in") for note in said] == [1] * 4


def test_ids_that_were_smoothed_are_refused():
    step = [(ids * 30).astype(np.uint8) for ids in IDS]
    masks = [png(Image.fromarray(s).resize((120, 90), Image.Resampling.BILINEAR)) for s in step]
    images = [png(Image.fromarray(load_image(path)).resize((120, 90))) for path in COINS]
    with pytest.raises(ValueError, match=r"\d+ objects in mask_1 of row 0.*it is no mask"):
        by_request(images, masks)
    named = [[(Path(p).name, data) for p, data in zip(COINS, own, strict=True)]
             for own in (images, masks)]  # fmt: skip
    with pytest.raises(ValueError, match=r"in 'coin_1\.png'.*resize them by the nearest"):
        by_page(*named)


def test_ids_that_were_saved_as_jpeg_are_refused_or_counted_right():
    masks = [png((ids * 30).astype(np.uint8), "JPEG", quality=75) for ids in IDS]
    with pytest.raises(ValueError, match=r"mask_1 of row 0.*saved as JPEG"):
        by_request([data for _, data in files(COINS)], masks)


def test_masks_without_an_object_are_refused_and_one_of_them_is_said():
    empty = [png(np.zeros(ids.shape, np.uint8)) for ids in IDS]
    images = [data for _, data in files(COINS)]
    with pytest.raises(ValueError, match="mask_1 of row 0 and all others without a single object"):
        by_request(images, empty)
    answer = by_request(images, [*[png(ids.astype(np.uint8)) for ids in IDS[:3]], empty[3]])
    assert answer["objects"] == "7, 6, 7, 0"
    assert "mask_4 of row 0 shows no object." in answer["notes"]


def test_a_full_mask_and_an_exchanged_one_are_said():
    images = [data for _, data in files(COINS[:2])]
    full = png(np.full(IDS[0].shape, 255, np.uint8))
    answer = by_request(images, [full, png(((IDS[1] == 0) * 255).astype(np.uint8))])
    assert "mask_1 of row 0 has the value 255 everywhere" in answer["notes"]
    assert "object and background exchanged?" in answer["notes"]


def test_a_class_that_no_file_holds_is_refused_with_those_there_are():
    wrong = [f"{path}:7" for path in LABELS]
    code, said = by_command_with_masks(COINS, wrong)
    assert code == 2
    assert re.search(
        r"class 7 of mask_1 .*1\.txt', but the label files hold the classes 0, 1", said
    )
    with pytest.raises(ImageError, match="hold the classes 0, 1"):
        fitted().predict(one_row(COINS, [(path, 7) for path in LABELS]))
    with pytest.raises(ImageError, match=r"class 7 of '1\.txt', .* the classes 0, 1"):
        by_page([(f"{i}.png", Path(p).read_bytes()) for i, p in enumerate(COINS, 1)],
                files(LABELS), label=7)  # fmt: skip
    code, said = by_command_with_masks(COINS, [f"{path}:1" for path in LABELS])
    assert [row["objects"] for row in said["images"]] == [3, 4, 3, 3]


def test_instances_of_several_pieces_stay_whole_where_most_lie_in_one():
    ids = IDS[0].copy()
    rows = np.flatnonzero((ids == 3).any(axis=1))
    middle = rows[len(rows) // 2]
    ids[middle][ids[middle] == 3] = 0
    assert load_mask(ids, ids.shape).max() == 7
