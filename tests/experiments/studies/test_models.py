from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import nn
from torchvision.models import detection

from experiments.studies.models.classic import (
    VOCABULARY,
    Autoencoder,
    Skip,
    TextCNN,
    mlp,
    plain_cnn,
    six_three_cnn,
    skip_cnn,
)
from experiments.studies.models.detectors import detector
from experiments.studies.models.encoders import encoder
from experiments.studies.models.trained import REGIMES, lite0, transferred
from experiments.studies.study_b import unet
from ptssp_sklearn.embedding.statistics.unet import StackedUNet


def kinds(network: nn.Module) -> Counter:
    leaves = [m for m in network.modules() if not list(m.children())]
    return Counter(type(m).__name__ for m in leaves)


def n_params(network: nn.Module, *, trained: bool = False) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad or not trained)


def test_the_autoencoder_has_a_small_embedding_and_gives_images_back():
    network = Autoencoder()
    images = torch.randn(2, 1, 28, 28)
    embedded = network.encoder(images)
    assert embedded.shape == (2, 64)
    assert embedded.shape[1] <= 128
    assert network(images).shape == images.shape


def test_the_mlp_has_two_linear_layers_and_a_relu():
    network = mlp(784, 10)
    assert kinds(network) == {"Flatten": 1, "Linear": 2, "ReLU": 1}
    assert n_params(network) == 784 * 512 + 512 + 512 * 10 + 10


def test_the_plain_cnn_has_convolution_linear_pooling_and_relu_only():
    network = plain_cnn(10)
    assert set(kinds(network)) == {"Conv2d", "Linear", "MaxPool2d", "ReLU", "Flatten"}
    assert network(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_the_cifar_cnn_has_six_convolutions_and_three_linear_layers():
    network, found = six_three_cnn(10), kinds(six_three_cnn(10))
    assert (found["Conv2d"], found["Linear"]) == (6, 3)
    assert (found["BatchNorm2d"], found["MaxPool2d"]) == (6, 3)
    assert kinds(six_three_cnn(10, width=16)) == found
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_the_skip_cnn_adds_its_input():
    found = kinds(skip_cnn(10))
    assert {"BatchNorm2d", "MaxPool2d", "Dropout"} <= set(found)
    assert sum(isinstance(m, Skip) for m in skip_cnn(10).modules()) == 3
    assert skip_cnn(10)(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    block, images = Skip(4, 4).eval(), torch.rand(1, 4, 5, 5)
    for parameter in block.body.parameters():
        nn.init.zeros_(parameter)
    assert torch.equal(block(images), images)


def test_text_cnn_finds_its_words_wherever_they_stand():
    network = TextCNN(2).eval()
    assert n_params(network.words) == VOCABULARY * 128
    assert [layer.kernel_size for layer in network.filters] == [(3,), (4,), (5,)]
    text = torch.zeros(2, 40, dtype=torch.int64)
    text[0, 10:15] = text[1, 20:25] = torch.arange(2, 7)
    answers = network(text)
    assert answers.shape == (2, 2)
    assert torch.allclose(answers[0], answers[1])


def test_the_unet_is_the_banks_class_as_the_study_describes_it():
    network = unet()
    assert type(network) is StackedUNet
    assert len(network.down) == 4 + 1
    assert len(network.decoder.up) == 4
    for block in [*network.down, *network.decoder.up]:
        assert kinds(block) == {"Conv2d": 2, "BatchNorm2d": 2, "ReLU": 2}
    assert [block[0].out_channels for block in network.down] == [64, 128, 256, 512, 1024]
    assert "ConvTranspose2d" not in kinds(network)
    assert network.decoder.head.out_channels == 1
    small = unet(8)
    assert small(torch.zeros(1, 3, 64, 48)).shape == (1, 1, 64, 48)
    assert n_params(small) < n_params(network) / 50


def test_the_banks_unet_is_as_it_was():
    assert n_params(StackedUNet(2, 4)) == 7976
    assert n_params(StackedUNet(3, 16)) == 120_076


@pytest.mark.parametrize(
    ("name", "head"),
    [("resnet18", 512), ("googlenet", 1024), ("inception_v3", 2048), ("vgg16", 4096)],
)
def test_regimes_train_ever_more_of_a_network(name, head):
    with torch.device("meta"):
        networks = {r: transferred(name, 6, r, weights=False) for r in REGIMES}
    trained = {regime: n_params(network, trained=True) for regime, network in networks.items()}
    assert trained["last"] == (head + 1) * 6
    assert trained["last"] < trained["some"] < trained["all"] == n_params(networks["all"])


def test_what_is_not_trained_keeps_its_batch_statistics():
    network = lite0(4, "some", side=32).train()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    network(torch.randn(4, 3, 32, 32))
    changed = {k for k, v in network.state_dict().items() if not torch.equal(v, before[k])}
    assert changed
    assert all(k.split(".")[1] in ("blocks", "bn2") for k in changed)
    assert not any(k.startswith("body.blocks.5") for k in changed)


def test_lite0_starts_from_trained_weights_or_from_none():
    with torch.random.fork_rng():
        one, other, fresh = lite0(3, "last"), lite0(3, "last"), lite0(3, "all", weights=False)
    assert torch.equal(one.body.conv_stem.weight, other.body.conv_stem.weight)
    assert not torch.equal(one.body.conv_stem.weight, fresh.body.conv_stem.weight)
    with pytest.raises(ValueError, match="Got the regime 'most'"):
        lite0(3, "most")


@pytest.mark.parametrize(
    ("name", "builder"),
    [
        ("fasterrcnn", "fasterrcnn_mobilenet_v3_large_320_fpn"),
        ("retinanet", "retinanet_resnet50_fpn"),
    ],
)
def test_detectors_have_a_head_for_the_classes_and_take_cocos_weights(name, builder):
    with torch.device("meta"):
        coco = getattr(detection, builder)(weights=None, weights_backbone=None)
        network = detector(name, 20)
    if name == "fasterrcnn":
        assert network.roi_heads.box_predictor.cls_score.out_features == 21
    else:
        head = network.head.classification_head
        assert head.cls_logits.out_channels == 21 * head.num_anchors
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())
    state = {
        k: torch.zeros(v.shape, dtype=v.dtype)
        for k, v in coco.state_dict().items()
        if "num_batches_tracked" not in k
    }
    filled = detector(name, 20, state=state)
    norms = {name for name in kinds(filled) if "Norm" in name}
    assert norms == {"FrozenBatchNorm2d"}
    assert float(next(filled.backbone.parameters()).detach().abs().sum()) == 0


@pytest.mark.parametrize("name", ["fasterrcnn", "retinanet"])
def test_anchors_are_scaled_with_the_images(name):
    with torch.device("meta"):
        networks = [detector(name, 2, anchor_scale=scale) for scale in (1.0, 0.25)]
    whole, small = ((n if name == "retinanet" else n.rpn).anchor_generator.sizes for n in networks)
    assert [[side / 4 for side in level] for level in whole] == [list(level) for level in small]


def test_an_unknown_detector_or_encoder_is_refused():
    with pytest.raises(ValueError, match="Got the detector 'yolo'"):
        detector("yolo", 2)
    with pytest.raises(ValueError, match="Got the encoder 'bert'"):
        encoder("bert")


def test_sentences_of_one_meaning_lie_nearer_than_others():
    model = encoder("all-MiniLM-L6-v2")
    texts = ["The cat sat on the mat.", "A cat is sitting on a rug.", "Stocks fell on Monday."]
    vectors = torch.from_numpy(model.encode(texts))
    assert vectors.shape == (3, 384)
    near, far = torch.cosine_similarity(vectors[:1], vectors[1:])
    assert near > far + 0.3
    alone = torch.from_numpy(model.encode(texts[2:]))
    assert torch.equal(alone[0], vectors[2])
