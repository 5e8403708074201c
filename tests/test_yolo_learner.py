"""Real trainings of a few steps at 64 pixels, and the polygons they are trained on."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from experiments.learners.polygons import label_text, polygon
from experiments.learners.yolo import YoloLearner
from ptssp_sklearn.polygons import draw_polygons, read_polygons

from experiments.datasets.base import Sample
from experiments.learners import make_learner
from ptssp_sklearn.measuring.learner import Budget
from tests.scenes import scene

if find_spec("ultralytics") is None:
    pytest.skip("needs ultralytics", allow_module_level=True)

BUDGET = Budget(steps=3, batch_size=4)


def sample(seed: int) -> Sample:
    image, mask = scene(seed, side=60)
    return Sample(image[:50], mask[:50], np.array([0, 1, 0]))


SAMPLES = [sample(seed) for seed in range(4)]
IMAGES = [s.image for s in SAMPLES]


def fit(seed=1, samples=SAMPLES, **options):
    return YoloLearner().fit(samples, n_classes=2, budget=BUDGET, seed=seed, **options)


@pytest.fixture(scope="module")
def model():
    return fit()


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


def drawn(mask):
    label = f"0 {' '.join(map(str, polygon(mask).ravel()))}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "label.txt"
        path.write_text(label)
        return draw_polygons(read_polygons(path), mask.shape) > 0


@pytest.mark.parametrize("shape", ["ring", "pieces", "both"])
def test_polygons_keep_holes_and_pieces(shape):
    mask = np.zeros((64, 80), bool)
    if shape in ("ring", "both"):
        mask[10:40, 10:40] = True
        mask[18:32, 18:32] = False
    if shape in ("pieces", "both"):
        mask[45:60, 50:75] = True
        mask[5:20, 60:70] = True
    assert overlap(drawn(mask), mask) > 0.85
    assert ((polygon(mask) >= 0) & (polygon(mask) <= 1)).all()


@pytest.mark.parametrize("place", [np.s_[5, 5], np.s_[5, 2:9], np.s_[2:9, 5], np.s_[0, 0]])
def test_thin_objects_keep_an_area(place):
    mask = np.zeros((20, 20), bool)
    mask[place] = True
    assert (np.ptp(polygon(mask), axis=0) > 0.04).all()


def test_hidden_objects_have_no_label_line():
    mask = np.zeros((20, 20), np.int32)
    mask[3:9, 3:9] = 2
    assert label_text(Sample(np.zeros((20, 20, 3), np.uint8), mask, np.array([0, 4])))[:2] == "4 "


def test_predictions_have_the_images_own_size(model):
    wide = np.zeros((30, 90, 3), np.uint8)
    found = model.predict([*IMAGES, wide])
    assert len(found) == 5
    for image, one in zip([*IMAGES, wide], found, strict=True):
        assert one.masks.shape == (len(one.scores), *image.shape[:2])
        assert one.masks.dtype == bool
        assert one.classes.dtype == np.int64
        assert set(one.classes.tolist()) <= {0, 1}
        assert ((one.scores >= 0) & (one.scores <= 1)).all()
    assert any(len(one.scores) for one in found)


def test_same_seed_gives_the_same_model_whatever_came_before(model):
    torch.rand(7)
    random.random()
    again = fit()
    assert again.weights() == model.weights()
    pairs = zip(model.predict(IMAGES), again.predict(IMAGES), strict=True)
    assert all(np.array_equal(a.masks, b.masks) for a, b in pairs)
    assert fit(seed=2).weights() != model.weights()


def test_training_goes_on_from_weights(model):
    learner = make_learner("yolo", epochs=1)
    options = {"n_classes": 2, "budget": BUDGET, "seed": 5}
    fresh = learner.fit(SAMPLES[:2], **options)
    warm = learner.fit(SAMPLES[:2], **options, start=model.weights())
    gaps = [
        sum(
            float((a - b).abs().sum())
            for a, b in zip(other.network.parameters(), model.network.parameters(), strict=True)
        )
        for other in (warm, fresh)
    ]
    assert 0 < gaps[0] < 0.1 * gaps[1]


def test_start_must_fit_the_network(model):
    with pytest.raises(ValueError, match="do not fit this network"):
        fit(start=b"nothing")
    with pytest.raises(ValueError, match="do not fit this network"):
        YoloLearner().fit(SAMPLES, n_classes=3, budget=BUDGET, seed=0, start=model.weights())


def test_process_is_left_as_it_was():
    random.seed(4)
    torch.manual_seed(4)
    before = dict(os.environ), warnings.filters[:], torch.get_num_threads(), random.getstate()
    state = torch.get_rng_state()
    fit(samples=SAMPLES[:1])
    after = dict(os.environ), warnings.filters[:], torch.get_num_threads(), random.getstate()
    assert before == after
    assert torch.equal(state, torch.get_rng_state())
    assert not torch.are_deterministic_algorithms_enabled()


def test_nothing_is_printed_or_left_on_disk(tmp_path):
    code = (
        "import cv2, torch, warnings\n"
        "import numpy as np\n"
        "from PIL import Image\n"
        "def state():\n"
        "    filters = str(warnings.filters), str(np.get_printoptions())\n"
        "    return Image.open, torch.save, cv2.getNumThreads(), filters\n"
        "from experiments.learners import make_learner\n"
        "from ptssp_sklearn.measuring.learner import Budget\n"
        "from experiments.datasets.base import Sample\n"
        "mask = np.zeros((64, 64), np.int32); mask[9:30, 9:30] = 1\n"
        "image = np.where(mask[..., None] > 0, 200, 50).repeat(3, 2).astype(np.uint8)\n"
        "one = Sample(image, mask, np.array([0]))\n"
        "learner = make_learner('yolo')\n"
        "before = state()\n"
        "model = learner.fit([one], n_classes=1, budget=Budget(1, 2), seed=0)\n"
        "model.predict([image])\n"
        "assert state() == before, (state(), before)\n"
    )
    for name in ("work", "home", "tmp"):
        (tmp_path / name).mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith("YOLO")}
    env |= {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp")}
    env |= {"PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONDONTWRITEBYTECODE": "1"}
    env.pop("XDG_CONFIG_HOME", None)
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=tmp_path / "work", env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weights": "gone.pt"}, "no such file"),
        ({"weights": "gone-seg.yaml"}, "cannot build a segmenter"),
        ({"weights": "yolo11n.yaml"}, "expected a segmenter"),
        ({"side": 50}, "multiple of 32"),
        ({"epochs": 0}, "expected 1 or more"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        YoloLearner(**settings).fit(SAMPLES, n_classes=2, budget=BUDGET, seed=0)


def test_missing_package_names_its_install_line(monkeypatch):
    monkeypatch.delitem(sys.modules, "ultralytics.models", raising=False)
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(ValueError, match=r"AGPL-3\.0\): pip install ultralytics"):
        fit()


def test_bad_samples_are_refused():
    with pytest.raises(ValueError, match="no samples"):
        fit(samples=[])
    with pytest.raises(ValueError, match=r"classes \[0, 1\] for n_classes=1"):
        YoloLearner().fit(SAMPLES, n_classes=1, budget=BUDGET, seed=0)


def test_small_sets_are_repeated_until_they_fill_a_batch():
    learner = YoloLearner()
    assert learner._schedule(4, Budget(200, 16)) == (4, {"epochs": 200, "batch": 16, "nbs": 16})
    assert learner._schedule(100, Budget(200, 16))[1]["epochs"] == 32
    assert YoloLearner(epochs=5)._schedule(4, Budget(200, 16)) == (1, {"epochs": 5, "batch": 16})
