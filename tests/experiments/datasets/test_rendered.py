"""What all rendered datasets share: streams, nesting, renumbering, designs."""

from __future__ import annotations

import pickle
from dataclasses import asdict

import numpy as np
import pytest
from scipy.stats import qmc

from experiments.datasets.composing import PasteParameters
from experiments.datasets.design import Axis, axes_of, draw_design, unit_points
from experiments.datasets.placing import Canvas
from experiments.datasets.procedural import ProceduralDataset, SceneParameters, draw_domains
from experiments.datasets.scenes import finished


def same(left, right):
    return all(
        np.array_equal(a.image, b.image) and np.array_equal(a.mask, b.mask)
        for a, b in zip(left, right, strict=True)
    )


@pytest.fixture
def dataset():
    return ProceduralDataset(draw_domains(2)[1])


def test_training_subsets_nest(dataset):
    small = dataset.train(4)
    assert same(dataset.train(9)[:4], small)
    assert same(ProceduralDataset(dataset.record).train(9)[:4], small)


def test_a_prefix_is_rendered_once(dataset, monkeypatch):
    large = dataset.train(6)
    monkeypatch.setattr(ProceduralDataset, "render", None)
    assert all(a is b for a, b in zip(dataset.train(3), large, strict=False))


def test_repeats_and_the_test_set_are_streams_of_their_own(dataset):
    first, second, test = dataset.train(4), dataset.train(4, repeat=1), dataset.test()
    assert not any(same([a], [b]) for a in first for b in [*second, *test])
    assert len(test) == 48
    assert same(test, ProceduralDataset(dataset.record).test())


def test_the_number_of_images_is_in_the_record(dataset):
    few = ProceduralDataset({**dataset.record, "n_test": 3, "n_train": 5})
    assert same(few.test(), dataset.test()[:3])
    with pytest.raises(ValueError, match=r"Got size=6, expected 0 to 5 training images"):
        few.train(6)
    with pytest.raises(ValueError, match=r"Got repeat=-1"):
        few.train(1, repeat=-1)
    assert dataset.n_train == 100_000


def test_a_dataset_travels_as_its_record(dataset):
    dataset.train(2)
    copy = pickle.loads(pickle.dumps(dataset))
    assert copy.record == dataset.record
    assert len(pickle.dumps(dataset)) < 5_000
    assert same(copy.train(2), dataset.train(2))


def test_hidden_objects_leave_no_gap():
    ids = np.zeros((8, 8), np.int32)
    ids[:4, :4], ids[5, 5:8], ids[6:, :4] = 1, 2, 4
    sample = finished(np.full((8, 8, 3), 99.6), ids, [7, 8, 9, 5])
    assert sample.classes.tolist() == [7, 5]
    assert sample.mask[0, 0] == 1
    assert sample.mask[5, 6] == 0
    assert sample.mask[7, 0] == 2
    assert (sample.image == 100).all()


def test_a_later_object_may_hide_only_its_share():
    mask = np.ones((20, 20), bool)
    for allowed in (0.0, 0.3):
        canvas = Canvas(np.zeros((32, 32, 3)))
        canvas.paint(np.zeros((20, 20, 3)), mask * 1.0, mask, (0, 0), 0)
        corners = [
            canvas.place(mask, np.random.default_rng(i), max_hidden=allowed, cut_off=0.4)
            for i in range(60)
        ]
        shares = [
            (20 - abs(r)) * (20 - abs(c)) / 400 for r, c in (corner for corner in corners if corner)
        ]
        assert shares
        assert max(shares) <= allowed


def test_axes_map_the_unit_interval_to_their_range():
    assert Axis(2.0, 8.0, "log").value(0.5) == 4.0
    assert Axis(0.0, 1.0, "square").value(0.5) == 0.25
    assert Axis(0.0, 1.0, off=0.5).value(0.4) == 0.0
    assert Axis(0.0, 1.0, off=0.5).value(0.75) == 0.5
    assert Axis(choices=("a", "b")).value(0.99) == "b"


@pytest.mark.parametrize("parameters", [PasteParameters, SceneParameters])
def test_any_prefix_of_a_design_covers_its_axes(parameters):
    axes = axes_of(parameters)
    for n in (16, 32, 64):
        points = unit_points(n, len(axes), seed=0)
        random = np.random.default_rng(0).random(points.shape)
        assert points.min(0).max() < 2 / n
        assert points.max(0).min() > 1 - 2 / n
        # Projected on pairs of axes: with so many axes at once, nothing is uniform.
        pairs = [(i, i + 1) for i in range(len(axes) - 1)]
        spread = [qmc.discrepancy(points[:, pair]) for pair in pairs]
        assert np.mean(spread) < 0.5 * np.mean([qmc.discrepancy(random[:, p]) for p in pairs])
    records = [asdict(drawn) for drawn in draw_design(parameters, 32, seed=0)]
    for name, axis in axes.items():
        values = [record[name] for record in records]
        if axis.choices:
            assert set(values) == set(axis.choices)
        else:
            low, high = sorted((axis.low, axis.high))
            assert all(low <= value <= high + 0.5 for value in values)
            assert len(set(values)) > 2


def test_a_design_holds_clean_and_hard_domains():
    drawn = draw_design(SceneParameters, 32, seed=0)
    clean = [d for d in drawn if d.severity < 0.1]
    assert clean
    assert all(d.contrast > 80 and d.noise < 0.01 and d.distractors <= 1 for d in clean)
    assert min(d.contrast for d in drawn) < 25
