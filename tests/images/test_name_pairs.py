from __future__ import annotations

import pytest

from ptssp_sklearn.images.name_pairs import pair_names


@pytest.mark.parametrize(
    ("images", "masks"),
    [
        (["coin_1.png", "coin_2.png"], ["coin_1_L.png", "coin_2_L.png"]),
        (["coin_1.png", "coin_2.png"], ["coin_1.png.png", "coin_2.png.png"]),
        (["a.jpg", "b.jpg"], ["masks/a.png", "masks/b.png"]),
        (["ISIC_01.jpg", "ISIC_02.jpg"], ["ISIC_01_segmentation.png", "ISIC_02_segmentation.png"]),
        (["x_leftImg8bit.png"], ["x_gtFine_instanceIds.png"]),
        (["image_1.png", "image_10.png"], ["mask_1.png", "mask_10.png"]),
        (["1_image.png", "2_image.png"], ["1_mask.png", "2_mask.png"]),
        (["Seq 1.png", "Seq 2.png"], ["seq-1-labels.tif", "seq-2-labels.tif"]),
        (["frame7.png", "frame12.png"], ["seg007.png", "seg012.png"]),
        (["L_1.png", "L_2.png"], ["L_1_mask.png", "L_2_mask.png"]),
    ],
)
def test_names_pair_in_any_order(images, masks):
    expected = dict(zip(images, masks, strict=True))
    assert pair_names(images, masks) == expected
    assert pair_names(images, masks[::-1]) == expected


def test_names_that_are_alike_twice_are_not_paired():
    assert pair_names(["a/1.png", "b/1.png"], ["m/1.png"]) == {}
    assert pair_names(["a.png", "b.png"], ["c.png", "d.png"]) == {}
    assert pair_names(["a1.png", "b1.png"], ["x1.png", "y1.png"]) == {}


def test_what_has_no_partner_is_left():
    assert pair_names(["a.png", "b.png"], ["a_mask.png", "z_mask.png"]) == {"a.png": "a_mask.png"}
