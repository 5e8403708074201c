"""The networks of torchvision's detectors, on a trained EfficientNet-Lite0 or by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import detection
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.fcos import FCOSHead
from torchvision.models.detection.retinanet import RetinaNetHead
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool, LastLevelP6P7

CHANNELS = 64
"""Channels of the pyramid on EfficientNet-Lite0."""

_FROZEN = ("conv_stem", "bn1", "blocks.0", "blocks.1")
"""Layers of the encoder that do not learn: edges and textures, which cost most and change least."""

_HEAD_CONVS = 2
_KEPT = 100
_LEAST_SCORE = 0.01
_LEVELS = (2, 3, 4)
"""Levels of the encoder that are used: strides 8, 16 and 32."""

BOX_MODELS: dict[str, Callable[..., Any]] = {
    "fasterrcnn_resnet50_fpn": detection.fasterrcnn_resnet50_fpn,
    "fasterrcnn_resnet50_fpn_v2": detection.fasterrcnn_resnet50_fpn_v2,
    "fasterrcnn_mobilenet_v3_large_fpn": detection.fasterrcnn_mobilenet_v3_large_fpn,
    "fasterrcnn_mobilenet_v3_large_320_fpn": detection.fasterrcnn_mobilenet_v3_large_320_fpn,
    "retinanet_resnet50_fpn": detection.retinanet_resnet50_fpn,
    "retinanet_resnet50_fpn_v2": detection.retinanet_resnet50_fpn_v2,
    "fcos_resnet50_fpn": detection.fcos_resnet50_fpn,
}
MASK_MODELS: dict[str, Callable[..., Any]] = {
    "maskrcnn_resnet50_fpn": detection.maskrcnn_resnet50_fpn,
    "maskrcnn_resnet50_fpn_v2": detection.maskrcnn_resnet50_fpn_v2,
}


def build_detector(name: str, n_classes: int, side: int, encoder: nn.Module | None) -> Any:
    """Build a network.

    Parameters
    ----------
    name : str
        ``fcos_lite0``, ``retinanet_lite0``, ``fasterrcnn_lite0``, ``maskrcnn_lite0``, or a
        name of torchvision's.
    n_classes : int
    side : int
        The longest side images are scaled to, pixels.
    encoder : Module or None
        A trained encoder for the models on EfficientNet-Lite0.
    """
    shared: dict[str, Any] = {"min_size": side, "max_size": side}
    if encoder is None:
        make = (BOX_MODELS | MASK_MODELS)[name]
        n = n_classes + first_label(name)
        return make(weights=None, weights_backbone=None, num_classes=n, **shared)
    shared |= {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    kind = name.partition("_")[0]
    if kind in ("fcos", "retinanet"):
        return _one_stage(kind, n_classes, encoder, shared)
    return _two_stage(kind, n_classes, encoder, shared)


def first_label(name: str) -> int:
    """Give the label of the first class: two-stage models keep 0 for the background."""
    return 0 if name.startswith(("fcos", "retinanet")) else 1


def _one_stage(kind: str, n_classes: int, encoder: nn.Module, shared: dict[str, Any]) -> Any:
    body = _Pyramid(encoder, LastLevelP6P7(CHANNELS, CHANNELS))
    kept = {"score_thresh": _LEAST_SCORE, "detections_per_img": _KEPT}
    if kind == "fcos":
        head = FCOSHead(CHANNELS, 1, n_classes, num_convs=_HEAD_CONVS)
        return detection.FCOS(body, n_classes, head=head, **kept, **shared)
    sizes = tuple((s, int(s * 2 ** (1 / 3)), int(s * 2 ** (2 / 3))) for s in (24, 48, 96, 192, 384))
    anchors = AnchorGenerator(sizes, ((0.5, 1.0, 2.0),) * len(sizes))
    each = anchors.num_anchors_per_location()[0]
    head = RetinaNetHead(CHANNELS, each, n_classes, norm_layer=_group_norm)
    settings: dict[str, Any] = {"anchor_generator": anchors, "head": head}
    return detection.RetinaNet(body, n_classes, **settings, **kept, **shared)


def _two_stage(kind: str, n_classes: int, encoder: nn.Module, shared: dict[str, Any]) -> Any:
    body = _Pyramid(encoder, LastLevelMaxPool())
    levels = ["0", "1", "2"]
    settings: dict[str, Any] = {
        "rpn_anchor_generator": AnchorGenerator(
            ((24,), (48,), (96,), (192,)), ((0.5, 1.0, 2.0),) * 4
        ),
        "box_roi_pool": MultiScaleRoIAlign(levels, 7, 2),
        "box_head": detection.faster_rcnn.TwoMLPHead(CHANNELS * 49, 256),
        "box_predictor": detection.faster_rcnn.FastRCNNPredictor(256, n_classes + 1),
        "rpn_pre_nms_top_n_train": 500, "rpn_post_nms_top_n_train": 300,
        "rpn_pre_nms_top_n_test": 500, "rpn_post_nms_top_n_test": 300,
        "box_batch_size_per_image": 128, "box_score_thresh": _LEAST_SCORE,
        "box_detections_per_img": _KEPT,
    }  # fmt: skip
    if kind != "maskrcnn":
        return detection.FasterRCNN(body, **settings, **shared)
    return detection.MaskRCNN(
        body,
        mask_roi_pool=MultiScaleRoIAlign(levels, 14, 2),
        mask_head=detection.mask_rcnn.MaskRCNNHeads(CHANNELS, (CHANNELS,) * 2, 1),
        mask_predictor=detection.mask_rcnn.MaskRCNNPredictor(CHANNELS, CHANNELS, n_classes + 1),
        **settings,
        **shared,
    )


def _group_norm(channels: int) -> nn.Module:
    return nn.GroupNorm(32, channels)


class _Pyramid(BackboneWithFPN):
    """A feature pyramid on an encoder of timm that gives a list of levels."""

    def __init__(self, encoder: nn.Module, extra: Any) -> None:
        nn.Module.__init__(self)
        from torchvision.ops import FeaturePyramidNetwork

        self.body = encoder
        channels: Any = encoder.feature_info.channels()  # type: ignore[operator, union-attr]
        self.fpn = FeaturePyramidNetwork(channels, CHANNELS, extra)
        self.out_channels = CHANNELS

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Map images to levels, the finest first."""
        levels = {str(number): level for number, level in enumerate(self.body(x))}
        pyramid: dict[str, Tensor] = self.fpn(levels)
        return pyramid


def lite0_encoder() -> nn.Module:
    """Give EfficientNet-Lite0, trained on ImageNet, as an encoder of three levels."""
    from ptssp_sklearn.embedding.networks.architectures import trained_lite0
    from ptssp_sklearn.exceptions import need

    timm = need("timm", "EfficientNet-Lite0", "measure")
    with torch.random.fork_rng(devices=[]):
        trained = trained_lite0().state_dict()
        encoder = timm.create_model(
            "tf_efficientnet_lite0", pretrained=False, features_only=True, out_indices=_LEVELS
        )
    encoder.load_state_dict({name: trained[name] for name in encoder.state_dict()})
    for name, parameter in encoder.named_parameters():
        parameter.requires_grad_(not name.startswith(_FROZEN))
    return encoder
