"""Real trainings of a few steps at 64 pixels, and the files they are trained on."""

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
from safetensors.torch import save_file

from experiments.datasets.base import Sample
from ptssp_sklearn.images.yolo_labels import draw_polygons, read_polygons
from ptssp_sklearn.measuring.learner import Budget, LabelledImage, Objects
from ptssp_sklearn.measuring.learners._tensors import read_tensors
from ptssp_sklearn.measuring.learners._yolo_files import label_text, polygon
from ptssp_sklearn.measuring.learners._yolo_network import EPOCHS
from ptssp_sklearn.measuring.learners.yolo import YoloLearner
from tests.scenes import scene

if find_spec("ultralytics") is None:
    pytest.skip("needs ultralytics", allow_module_level=True)

BUDGET = Budget(steps=EPOCHS, batch_size=2)


def sample(seed: int) -> Sample:
    image, mask = scene(seed, side=60)
    return Sample(image[:50], mask[:50], np.array([0, 1, 0]))


def boxed(one: Sample) -> LabelledImage:
    return LabelledImage(one.image, Objects(one.objects.boxes, one.objects.classes))


SAMPLES = [sample(seed) for seed in range(3)]
BOXED = [boxed(one) for one in SAMPLES]
IMAGES = [s.image for s in SAMPLES]


def fit(seed=1, samples=SAMPLES, start=None, **settings):
    learner = YoloLearner(**{"side": 64, **settings})
    return learner.fit(samples, n_classes=2, budget=BUDGET, seed=seed, start=start)


@pytest.fixture(scope="module")
def model():
    return fit()


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


def drawn(mask):
    label = f"0 {' '.join(map(str, polygon(mask, mask.shape).ravel()))}"
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
    corners = polygon(mask, mask.shape)
    assert ((corners >= 0) & (corners <= 1)).all()


@pytest.mark.parametrize("place", [np.s_[5, 5], np.s_[5, 2:9], np.s_[2:9, 5], np.s_[0, 0]])
def test_thin_objects_keep_an_area(place):
    mask = np.zeros((20, 20), bool)
    mask[place] = True
    assert (np.ptp(polygon(mask, mask.shape), axis=0) > 0.04).all()


def test_hidden_objects_have_no_label_line():
    mask = np.zeros((20, 20), np.int32)
    mask[3:9, 3:9] = 2
    one = Sample(np.zeros((20, 20, 3), np.uint8), mask, np.array([0, 4]))
    assert label_text(one, outlines=True).startswith("4 ")
    assert label_text(one, outlines=False) == "4 0.300000 0.300000 0.300000 0.300000\n"


def test_outlines_of_one_ring_are_written_as_they_are():
    ring = np.array([[2.0, 4.0], [10.0, 4.0], [6.0, 20.0]])
    objects = Objects(np.array([[2.0, 4.0, 10.0, 20.0]]), np.array([3]), ((ring,),))
    one = LabelledImage(np.zeros((40, 20, 3), np.uint8), objects)
    numbers = [float(text) for text in label_text(one, outlines=True).split()]
    assert numbers == [3, 0.1, 0.1, 0.5, 0.1, 0.3, 0.5]


def test_predictions_have_the_images_own_size(model):
    wide = np.zeros((30, 90, 3), np.uint8)
    found = model.predict([*IMAGES, wide])
    assert len(found) == len(IMAGES) + 1
    for image, one in zip([*IMAGES, wide], found, strict=True):
        assert one.masks.shape == (len(one.scores), *image.shape[:2])
        assert one.masks.dtype == bool
        assert one.boxes.shape == (len(one.scores), 4)
        assert one.classes.dtype == np.int64
        assert set(one.classes.tolist()) <= {0, 1}
        assert ((one.scores >= 0) & (one.scores <= 1)).all()
    assert any(len(one.scores) for one in found)


def test_labels_choose_the_head():
    found = fit(samples=BOXED[:1], weights="yolo11n.yaml", task="labels").predict(IMAGES[:1])
    assert found[0].masks is None
    found = fit(samples=SAMPLES[:1], weights="yolo11n.yaml", task="labels").predict(IMAGES[:1])
    assert found[0].masks is not None
    with pytest.raises(ValueError, match=r"boxes for a learner of masks. Name a detector"):
        fit(samples=BOXED)


def test_same_seed_gives_the_same_model_whatever_came_before(model):
    torch.rand(7)
    random.random()
    again = fit()
    assert again.weights() == model.weights()
    pairs = zip(model.predict(IMAGES), again.predict(IMAGES), strict=True)
    assert all(np.array_equal(a.masks, b.masks) for a, b in pairs)


def test_training_goes_on_from_weights(model):
    assert gap(fit(seed=5, start=model.weights()), model) < 0.2 * gap(fit(seed=5), model)


def gap(one, other):
    pairs = zip(one.network.parameters(), other.network.parameters(), strict=True)
    return sum(float((a - b).abs().sum()) for a, b in pairs)


def test_start_must_fit_the_network(model, tmp_path):
    with pytest.raises(ValueError, match="do not fit this network"):
        fit(start=b"nothing")
    save_file({"model.0.conv.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=r"0 of [0-9]+ tensors below the head"):
        YoloLearner(start=str(tmp_path / "other.safetensors"), side=64).fit(
            SAMPLES, n_classes=2, budget=BUDGET, seed=0
        )


def test_a_file_of_tensors_starts_all_but_the_head(model, tmp_path):
    from ptssp_sklearn.measuring.learners._sandbox import sandbox
    from ptssp_sklearn.measuring.learners._yolo_network import build_network

    state = {name: v.clone() for name, v in model.network.state_dict().items()}
    torch.save(state, tmp_path / "start.pt")
    save_file(state, tmp_path / "start.safetensors")
    for name in ("start.pt", "start.safetensors"):
        data = {"nc": 5, "names": dict.fromkeys(range(5), "")}
        with sandbox():
            network = build_network("yolo11n-seg.yaml", data, 0, start=str(tmp_path / name))
        taken = network.state_dict()
        assert torch.equal(taken["model.0.conv.weight"], state["model.0.conv.weight"])
        assert taken["model.23.cv3.0.2.weight"].shape[0] == 5


def test_nothing_is_unpickled(tmp_path):
    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "run",)

    torch.save({"model": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(ValueError, match="no plain tensors"):
        read_tensors(tmp_path / "evil.pt", "start")
    assert not (tmp_path / "run").exists()
    with pytest.raises(ValueError, match="no such file"):
        read_tensors(tmp_path / "gone.pt", "start")


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
        "from ptssp_sklearn.measuring.learner import Budget, LabelledImage, Objects\n"
        "from ptssp_sklearn.measuring.learners.yolo import YoloLearner\n"
        "image = np.full((64, 64, 3), 50, np.uint8); image[9:30, 9:30] = 200\n"
        "one = LabelledImage(image, Objects(np.array([[9., 9, 30, 30]]), np.array([0])))\n"
        "learner = YoloLearner('yolo11n.yaml', side=64)\n"
        "before = state()\n"
        "model = learner.fit([one], n_classes=1, budget=Budget(1, 2), seed=0)\n"
        "model.predict([image])\n"
        "assert state() == before, (state(), before)\n"
    )
    for name in ("work", "home", "tmp"):
        (tmp_path / name).mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith("YOLO")}
    env |= {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp")}
    env |= {"PYTHONPATH": str(Path(__file__).parents[3]), "PYTHONDONTWRITEBYTECODE": "1"}
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
        ({"weights": "gone-seg.yaml"}, "cannot build a detector"),
        ({"weights": "yolo11n-cls.yaml"}, "its head is Classify"),
        ({"side": 50}, "multiple of 32"),
        ({"task": "pose"}, "expected weights, labels, boxes, masks"),
        ({"start": "gone.safetensors"}, "no such file"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        fit(**settings)


def test_missing_package_names_its_install_line(monkeypatch):
    monkeypatch.delitem(sys.modules, "ultralytics.models", raising=False)
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(ValueError, match=r"AGPL-3\.0\): pip install ultralytics"):
        fit()


def test_bad_samples_are_refused():
    with pytest.raises(ValueError, match="no samples"):
        fit(samples=[])
    with pytest.raises(ValueError, match=r"classes \[0, 1\] for n_classes=1"):
        YoloLearner(side=64).fit(SAMPLES, n_classes=1, budget=BUDGET, seed=0)
