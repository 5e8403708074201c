"""Networks trained on ImageNet, in the three regimes of transfer learning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from torch import Tensor, nn
from torch.nn import functional

from experiments.studies.packages import MissingDataError, need
from ptssp_sklearn.embedding.networks.architectures import trained_lite0

REGIMES = ("last", "some", "all")
"""Trained: the last layer only; the last few layers; the whole network."""

_MOMENTUM = 0.1


@dataclass(frozen=True)
class Architecture:
    """A network of torchvision.

    Attributes
    ----------
    builder, weights : str
        Names in ``torchvision.models``.
    head : str
        The module whose last linear layer gives the classes.
    tail : tuple of str
        Modules that are trained too where the last few layers are.
    least_side : int, pixels
        Smaller images are enlarged.
    options : dict
        Of the builder.
    """

    builder: str
    weights: str
    head: str
    tail: tuple[str, ...]
    least_side: int
    options: dict[str, Any]


ARCHITECTURES = {
    "resnet18": Architecture("resnet18", "ResNet18_Weights", "fc", ("layer4",), 32, {}),
    "googlenet": Architecture("googlenet", "GoogLeNet_Weights", "fc",
                              ("inception5a", "inception5b"), 32,
                              {"init_weights": True, "aux_logits": True}),
    "inception_v3": Architecture("inception_v3", "Inception_V3_Weights", "fc",
                                 ("Mixed_7a", "Mixed_7b", "Mixed_7c"), 75,
                                 {"init_weights": True, "aux_logits": True}),
    "vgg16": Architecture("vgg16", "VGG16_Weights", "classifier.6",
                          ("classifier", "features.24", "features.26", "features.28"), 32, {}),
}  # fmt: skip


class Transferred(nn.Module):
    """A trained network with a new last layer, of which a part is trained on.

    What is not trained stays in evaluation mode, batch statistics included; where the weights
    are random ones, which have no such statistics, the batch norms learn theirs, and start from
    those of the first batch.

    Parameters
    ----------
    body : Module
    trained : tuple of str
        Names of the modules of `body` that are trained; all if empty.
    least_side : int, pixels
    weights : bool
        Whether `body` was trained before.
    """

    def __init__(
        self, body: nn.Module, trained: tuple[str, ...], least_side: int, *, weights: bool
    ) -> None:
        super().__init__()
        self.body, self.trained, self.least_side = body, trained, least_side
        self.weights = weights
        if not weights:
            for module in body.modules():
                if isinstance(module, nn.BatchNorm2d):
                    _start_on_first_batch(module)
        if trained:
            body.requires_grad_(False)
            for name in trained:
                body.get_submodule(name).requires_grad_(True)

    def train(self, mode: bool = True) -> Transferred:
        """Set the mode of what is trained."""
        super().train(mode)
        if self.trained:
            self.body.eval()
            for name in self.trained:
                self.body.get_submodule(name).train(mode)
        for module in self.body.modules():
            if isinstance(module, nn.BatchNorm2d) and not self.weights:
                module.train(mode)
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 3, height, width), values in [-1, 1], to (batch, n_classes)."""
        if images.shape[-1] < self.least_side:
            images = functional.interpolate(images, size=self.least_side, mode="bilinear")
        return self.body(images)


def _start_on_first_batch(norm: nn.BatchNorm2d) -> None:
    """Take the statistics of the first batch whole: from 0 and 1 they would come too slowly."""
    usual, norm.momentum = norm.momentum, 1.0

    def go_on(module: nn.Module, *_: Any) -> None:
        if module.training:
            norm.momentum = usual
            hook.remove()

    hook = norm.register_forward_hook(go_on)


def transferred(name: str, n_classes: int, regime: str, *, weights: bool) -> Transferred:
    """Build an architecture of Study C with a new last layer.

    Parameters
    ----------
    name : {"resnet18", "googlenet", "inception_v3", "vgg16"}
    n_classes : int
    regime : {"last", "some", "all"}
    weights : bool
        Those of ImageNet, from torchvision's folder or fetched to it; else random ones.
    """
    about = ARCHITECTURES[name]
    models = need("torchvision.models")
    state = fetched(getattr(models, about.weights).IMAGENET1K_V1) if weights else None
    body = getattr(models, about.builder)(weights=None, **about.options)
    if state is not None:
        body.load_state_dict(state)
    if "aux_logits" in about.options:
        body.aux_logits = False
        for branch in ("AuxLogits", "aux1", "aux2"):
            if hasattr(body, branch):
                setattr(body, branch, None)
    _replace(body, about.head, n_classes)
    trained = _trained(regime, about.head, about.tail)
    return Transferred(body, trained, about.least_side, weights=weights)


def lite0(n_classes: int, regime: str, *, weights: bool = True, side: int = 96) -> Transferred:
    """Build EfficientNet-Lite0 with a new last layer; its weights come with a package.

    Parameters
    ----------
    n_classes : int
    regime : {"last", "some", "all"}
    weights : bool
        Those of ImageNet, or random ones.
    side : int, pixels
        Smaller images are enlarged to it.
    """
    body = trained_lite0() if weights else _untrained_lite0()
    _replace(body, "classifier", n_classes)
    trained = _trained(regime, "classifier", ("blocks.6", "conv_head", "bn2"))
    return Transferred(body, trained, side, weights=weights)


def _untrained_lite0() -> nn.Module:
    """Give random weights; batch statistics follow faster than over ImageNet's many steps."""
    body: nn.Module = need("timm").create_model("tf_efficientnet_lite0", pretrained=False)
    for module in body.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = _MOMENTUM
    return body


def _trained(regime: str, head: str, tail: tuple[str, ...]) -> tuple[str, ...]:
    if regime not in REGIMES:
        raise ValueError(f"Got the regime {regime!r}, expected one of {', '.join(REGIMES)}.")
    return {"last": (head,), "some": (*tail, head), "all": ()}[regime]


def _replace(body: nn.Module, head: str, n_classes: int) -> None:
    parent, _, last = head.rpartition(".")
    old = body.get_submodule(head)
    assert isinstance(old, nn.Linear)
    setattr(body.get_submodule(parent), last, nn.Linear(old.in_features, n_classes))


def fetched(weights: Any) -> dict[str, Tensor]:
    """Read weights of torchvision from its folder, or fetch them to it.

    Raises
    ------
    MissingDataError
        If they are not there and cannot be fetched: where to get and to put them.
    """
    try:
        return dict(weights.get_state_dict(progress=False, check_hash=True, weights_only=True))
    except (URLError, OSError) as error:
        folder = Path(torch.hub.get_dir()) / "checkpoints"
        raise MissingDataError(
            f"Got no weights {weights} (no network). Get {weights.url} and put it in {folder}, "
            "or leave out --data to run on the data that stands in."
        ) from error
