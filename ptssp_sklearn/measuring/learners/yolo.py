"""Ultralytics' YOLO detectors and segmenters as learners; ultralytics is AGPL-3.0."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.measuring.learner import Budget, Learner, Model, Prediction, Sample
from ptssp_sklearn.measuring.learners._sandbox import sandbox
from ptssp_sklearn.measuring.learners._yolo_files import write_samples
from ptssp_sklearn.measuring.learners._yolo_network import (
    build_network,
    finds_masks,
    train_network,
)

CHUNK = 16
"""Images predicted at once."""

DETECTION = {"conf": 0.001, "iou": 0.7, "max_det": 300}
"""What ultralytics keeps of an image when it measures mAP."""

SIDES = {"cpu": 320, "cuda": 640}
"""Default sides of images, pixels."""

PRECISIONS = ("auto", "float32", "bfloat16")
TASKS = ("weights", "labels", "boxes", "masks")
_HEADS = {"masks": True, "boxes": False}
"""Whether the head of a task finds masks, where the task alone says so."""


class YoloLearner(Learner):
    """A YOLO detector or segmenter.

    Parameters
    ----------
    weights : str
        A ``.pt`` file to start from, which ultralytics unpickles: take it from a source
        you trust; or a ``.yaml`` architecture, trained from random weights or from `start`.
    start : str, optional
        A ``.safetensors`` file, or a ``.pt`` file of plain tensors: those of the network's
        names and shapes are taken over, such as all but the head of YOLOv5n trained on COCO.
    task : {"weights", "labels", "boxes", "masks"}
        The head of the network: as `weights` has it; one that finds masks where the labels
        are outlines and boxes where they are boxes; or one of the two.
    side : int, optional
        Side images are letterboxed to, pixels; a multiple of 32 from 64 up. By default 320
        on a CPU and 640 on a GPU.
    device : str
        ``cpu``, ``cuda`` or ``cuda:0``.
    precision : {"auto", "float32", "bfloat16"}
        What the layers compute in while they train; ``"auto"`` is bfloat16 where the machine
        multiplies such matrices itself (Intel AMX, CUDA since Ampere), and float32 elsewhere.

    Notes
    -----
    Every training has the budget's steps, in 20 epochs of equal length: AdamW of rate 1e-3
    that falls linearly, warmed up during a tenth, mosaics but in the last fifth; other
    settings are ultralytics' own.
    """

    def __init__(
        self,
        weights: str = "yolo11n-seg.yaml",
        *,
        start: str | None = None,
        task: str = "weights",
        side: int | None = None,
        device: str = "cpu",
        precision: str = "auto",
    ) -> None:
        self.weights = weights
        self.start = start
        self.task = task
        self.side = side or SIDES.get(device.partition(":")[0], SIDES["cpu"])
        self.device = device
        self.precision = precision
        self.name = Path(weights).stem

    def check(self) -> None:
        """Refuse settings, weights and tensors to start from that cannot be used."""
        self._check_settings()
        with sandbox(self.device):
            one = {"nc": 1, "names": {0: "0"}, "channels": 3}
            build_network(self.weights, one, 0, masks=_HEADS.get(self.task), start=self.start)

    def fit(
        self,
        samples: Sequence[Sample],
        *,
        n_classes: int,
        budget: Budget,
        seed: int,
        start: bytes | None = None,
    ) -> YoloModel:
        """Train on samples within a budget.

        Raises
        ------
        ValueError
            If ultralytics is missing, or weights, side, samples or start do not fit.
        """
        self._check(samples, n_classes)
        with sandbox(self.device) as folder:
            data = {
                "nc": n_classes,
                "names": {index: str(index) for index in range(n_classes)},
                "channels": 3,
            }
            network = build_network(
                self.weights, data, seed, masks=self._masks(samples), start=start or self.start
            )
            images = write_samples(samples, folder / "data", outlines=finds_masks(network))
            data |= {"train": str(images), "val": str(images)}
            settings = {
                "imgsz": self.side,
                "device": self.device,
                "seed": seed % 2**31,
                "project": str(folder / "run"),
            }
            mixed = computes_in_bfloat16(self.precision, self.device)
            trained = train_network(network, data, settings, budget, mixed=mixed)
            return YoloModel(trained, self.side, self.device)

    def _masks(self, samples: Sequence[Sample]) -> bool | None:
        """Choose the head: of masks, of boxes, or None for that of the weights."""
        if self.task == "labels":
            return all(sample.objects.outlines is not None for sample in samples)
        return _HEADS.get(self.task)

    def _check_settings(self) -> None:
        if self.task not in TASKS:
            raise ValueError(f"Got task={self.task!r}, expected {', '.join(TASKS)}.")
        if self.precision not in PRECISIONS:
            raise ValueError(f"Got precision={self.precision!r}, expected {', '.join(PRECISIONS)}.")
        if not isinstance(self.side, int) or self.side < 64 or self.side % 32:
            raise ValueError(f"Got side={self.side!r}, expected a multiple of 32 from 64 up.")

    def _check(self, samples: Sequence[Sample], n_classes: int) -> None:
        self._check_settings()
        if not samples:
            raise ValueError("Got no samples to train on, expected at least one.")
        found = {int(label) for sample in samples for label in sample.objects.classes}
        if not found <= set(range(n_classes)):
            raise ValueError(
                f"Got samples of the classes {sorted(found)} for n_classes={n_classes}, "
                f"expected 0 to {n_classes - 1}."
            )


class YoloModel(Model):
    """A trained YOLO detector or segmenter.

    Attributes
    ----------
    network : torch.nn.Module
    side : int
    device : str
    """

    def __init__(self, network: Any, side: int, device: str) -> None:
        self.network = network
        self.side = side
        self.device = device

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """Find the objects of every image, masks at the image's own size."""
        found: list[Prediction] = []
        with sandbox(self.device) as folder:
            from ultralytics.models.yolo.detect import DetectionPredictor
            from ultralytics.models.yolo.segment import SegmentationPredictor

            settings = {
                "imgsz": self.side,
                "device": self.device,
                "project": str(folder / "run"),
                "rect": False,
                "retina_masks": True,
                "save": False,
                "verbose": False,
                **DETECTION,
            }
            masks = finds_masks(self.network)
            kind = SegmentationPredictor if masks else DetectionPredictor
            predictor: Any = kind(overrides=settings)
            predictor.setup_model(self.network, verbose=False)
            for first in range(0, len(images), CHUNK):
                chunk = [np.ascontiguousarray(i[..., ::-1]) for i in images[first : first + CHUNK]]
                found += [_prediction(result, masks) for result in predictor(chunk)]
        return found

    def weights(self) -> bytes:
        """Give the network's state as safetensors."""
        from safetensors.torch import save

        state = self.network.state_dict()
        return save({name: value.cpu().clone().contiguous() for name, value in state.items()})


def computes_in_bfloat16(precision: str, device: str) -> bool:
    """Tell whether layers are to compute in bfloat16, as `YoloLearner` says."""
    import torch

    if precision != "auto":
        return precision == "bfloat16"
    if device.startswith("cuda"):
        return torch.cuda.is_bf16_supported(including_emulation=False)
    processor: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(processor.get("amx_bf16"))


def _prediction(result: Any, with_masks: bool) -> Prediction:
    height, width = result.orig_shape
    boxes = result.boxes
    masks = None
    if with_masks:
        masks = np.zeros((0, height, width), bool)
        if result.masks is not None:
            masks = result.masks.data.cpu().numpy().astype(bool)
    return Prediction(
        masks,
        boxes.cls.cpu().numpy().astype(np.int64),
        boxes.conf.cpu().numpy().astype(np.float64),
        boxes.xyxy.cpu().numpy().astype(np.float64),
    )
