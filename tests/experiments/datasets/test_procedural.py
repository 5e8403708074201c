"""Procedural scenes: the same on every machine, masks that keep their promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.datasets.procedural import ProceduralDataset, draw_domains
from experiments.datasets.shapes import FAMILIES, depth, random_shape, random_wobble
from experiments.datasets.textures import TEXTURES, texture
from tests.rendering import check_invariants, digest, digest_elsewhere

GOLDEN = "1ce89fb0beeed080"


def variant(**changes):
    """Give a plain, easy domain with some parameters changed."""
    (record,) = draw_domains(1)
    quiet = {
        "family": "ellipse", "object_size": 0.3, "size_spread": 0.0, "max_count": 4,
        "empty_share": 0.0, "max_hidden": 0.0, "touching": 0.0, "cut_off": 0.0,
        "background_amplitude": 2.0, "background_variation": 0.0, "object_amplitude": 0.0,
        "camouflage": 0.0, "contrast": 100.0, "colour_variation": 0.0, "rim": 0.0,
        "distractors": 0.0, "n_classes": 1, "light": 0.0, "edge_width": 0.8, "blur": 0.0,
        "noise": 0.0, "colour_cast": 0.0, "irregularity": 0.0,
    }  # fmt: skip
    return ProceduralDataset({**record, "parameters": {**record["parameters"], **quiet, **changes}})


def contrast(dataset):
    """Measure the colour distance of objects and background, grey levels."""
    samples = dataset.train(12)
    inside = np.concatenate([s.image[s.mask > 0] for s in samples]).mean(0)
    outside = np.concatenate([s.image[s.mask == 0] for s in samples]).mean(0)
    return float(np.linalg.norm(inside - outside))


def test_the_same_record_gives_the_same_images_here_and_in_another_process():
    records = draw_domains(12)
    assert digest(records) == digest_elsewhere(records) == GOLDEN


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**31), which=st.integers(0, 7))
def test_masks_keep_their_promises(seed, which):
    record = {**draw_domains(8)[which], "seed": seed}
    check_invariants(ProceduralDataset(record), 4)


def test_names_are_unique_and_each_domain_is_its_own_group():
    records = draw_domains(5) + draw_domains(5, seed=1)
    assert len({record["name"] for record in records}) == 10
    assert all(record["group"] == record["name"] for record in records)
    assert records[0]["name"] == "p2-0001"


def test_more_domains_only_append():
    assert draw_domains(40)[:9] == draw_domains(9)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", [6.0, 20.0])
def test_every_family_fills_a_good_part_of_its_box(family, size):
    rng = np.random.default_rng(0)
    for _ in range(10):
        shape = random_shape(family, rng)
        wobble = random_wobble(shape, 0.5, rng)
        inside = depth(shape, size, 0.3, wobble, (0.21, -0.37)) >= 0
        assert 0.15 * size**2 < inside.sum() < 1.6 * size**2
        border = np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]])
        assert not border.any()


def test_a_ring_has_a_hole():
    shape = random_shape("ring", np.random.default_rng(0))
    still = (np.zeros(5), np.zeros(5))
    inside = depth(shape, 20.0, 0.0, still, (0.1, 0.1))
    middle = len(inside) // 2
    assert inside[middle, middle] < 0


@pytest.mark.parametrize("kind", TEXTURES)
def test_textures_have_zero_mean_and_roughly_unit_deviation(kind):
    rng = np.random.default_rng(0)
    drawn = np.array([texture(kind, 64, 2.0, 9.0, rng) for _ in range(20)])
    assert abs(drawn.mean()) < 0.2
    assert 0.7 < drawn.std() < 1.3


def test_objects_stand_out_by_the_contrast_asked_for():
    assert contrast(variant(contrast=100.0)) == pytest.approx(100, abs=25)
    assert contrast(variant(contrast=10.0)) == pytest.approx(10, abs=6)


def test_distractors_belong_to_the_background():
    alone, among = variant(), variant(distractors=8.0)
    assert among.class_names == alone.class_names
    assert contrast(among) < contrast(alone)


def test_nothing_is_hidden_where_hiding_is_forbidden():
    for sample in variant(max_count=8, touching=0.8, object_size=0.2).train(20):
        areas = np.bincount(sample.mask.ravel())[1:]
        assert areas.min() > 0.7 * areas.max()


def test_touching_objects_touch():
    def neighbours(dataset):
        touched = 0
        for sample in dataset.train(30):
            left, right = sample.mask[:, :-2], sample.mask[:, 2:]
            touched += int(((left != right) & (left > 0) & (right > 0)).any())
        return touched

    assert neighbours(variant(touching=0.9)) > 2 * neighbours(variant(touching=0.0))


def test_empty_images_come_in_their_share():
    empty = [not len(s.classes) for s in variant(empty_share=0.4).train(100)]
    assert 0.25 < np.mean(empty) < 0.55


def test_the_number_of_classes_is_kept():
    dataset = variant(n_classes=5)
    assert len(dataset.class_names) == 5
    seen = np.concatenate([s.classes for s in dataset.train(40)])
    assert set(seen.tolist()) == set(range(5))
