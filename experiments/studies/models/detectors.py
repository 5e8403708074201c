"""The two detectors of torchvision, their heads made for the classes of the data."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn

from experiments.studies.models.trained import fetched
from experiments.studies.packages import need

_COCO = {
    "fasterrcnn": "FasterRCNN_MobileNet_V3_Large_320_FPN_Weights",
    "retinanet": "RetinaNet_ResNet50_FPN_Weights",
}
_COCO_EPS = {"fasterrcnn": 1e-5, "retinanet": 0.0}
"""Of the batch norms when torchvision trained these weights."""
_N_GROUPS = 8


def detector(
    name: str,
    n_classes: int,
    *,
    state: dict[str, Tensor] | None = None,
    anchor_scale: float = 1.0,
    **options: Any,
) -> Any:
    """Build a detector whose classification head is for `n_classes` and the background.

    Parameters
    ----------
    name : {"fasterrcnn", "retinanet"}
        Faster R-CNN on MobileNetV3-Large-320-FPN, or RetinaNet on ResNet50-FPN.
    n_classes : int
    state : dict of Tensor, optional
        Trained weights; batch norms are then frozen, as they were in that training.
        By default random ones; batch norms are then group norms, as a batch of few images
        says too little of the images to come [1]_.
    anchor_scale : float
        Sides of the anchors are torchvision's times this: below 1 for images smaller than
        the 320 to 800 pixels those are made for.
    options : dict
        Of torchvision's builder, such as ``min_size`` in pixels.

    References
    ----------
    .. [1] He, K., Girshick, R., Dollár, P. (2019). Rethinking ImageNet pre-training. ICCV.
    """
    if name not in _COCO:
        raise ValueError(f"Got the detector {name!r}, expected one of {', '.join(_COCO)}.")
    detection = need("torchvision.models.detection")
    plain: dict[str, Any] = {"weights": None, "weights_backbone": None, **options}
    if name == "fasterrcnn":
        network = detection.fasterrcnn_mobilenet_v3_large_320_fpn(**plain)
    else:
        network = detection.retinanet_resnet50_fpn(**plain)
    if state is None:
        _replace_norms(network, lambda n_channels: nn.GroupNorm(_N_GROUPS, n_channels))
    else:
        frozen = need("torchvision.ops").FrozenBatchNorm2d
        _replace_norms(network, partial(frozen, eps=_COCO_EPS[name]))
        network.load_state_dict(state)
    _replace_head(network, name, n_classes + 1)
    if anchor_scale != 1.0:
        _scale_anchors(network if name == "retinanet" else network.rpn, anchor_scale)
    return network


def coco_weights(name: str) -> dict[str, Tensor]:
    """Read a detector's weights of COCO from torchvision's folder, or fetch them to it."""
    return fetched(getattr(need("torchvision.models.detection"), _COCO[name]).COCO_V1)


def _replace_norms(network: nn.Module, build: Callable[[int], nn.Module]) -> None:
    """Put what is built for a number of channels in the place of every batch norm."""
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, build(child.num_features))


def _scale_anchors(holder: Any, scale: float) -> None:
    old = holder.anchor_generator
    sizes = tuple(tuple(side * scale for side in level) for level in old.sizes)
    holder.anchor_generator = type(old)(sizes, old.aspect_ratios)


def _replace_head(network: Any, name: str, n_outputs: int) -> None:
    if name == "fasterrcnn":
        heads = need("torchvision.models.detection.faster_rcnn")
        inside = network.roi_heads.box_predictor.cls_score.in_features
        network.roi_heads.box_predictor = heads.FastRCNNPredictor(inside, n_outputs)
        return
    heads = need("torchvision.models.detection.retinanet")
    old = network.head.classification_head
    network.head.classification_head = heads.RetinaNetClassificationHead(
        network.backbone.out_channels, old.num_anchors, n_outputs
    )
