"""Ultralytics' YOLO segmenters as learners, trained offline; ultralytics is AGPL-3.0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.datasets.base import Sample
from experiments.learners.base import Budget, Learner, Model, Prediction
from experiments.learners.polygons import write_samples
from experiments.learners.sandbox import sandbox
from experiments.learners.yolo_network import build_network, train_network

CHUNK = 16
"""Images predicted at once."""

DETECTION = {"conf": 0.001, "iou": 0.7, "max_det": 300}
"""What ultralytics keeps of an image when it measures mAP."""


class YoloLearner(Learner):
    """A YOLO segmenter.

    Parameters
    ----------
    weights : str
        A ``.yaml`` architecture, trained from random weights, or a ``.pt`` file on disk
        to start from.
    side : int
        Side images are letterboxed to, pixels; a multiple of 32 from 64 up.
    device : str
        ``cpu``, ``cuda`` or ``cuda:0``.
    epochs : int, optional
        Passes over the samples, with ultralytics' own nominal batch of 64. By default as
        many as spend the budget's steps of one batch each, small sets being repeated
        until they fill a batch.

    Notes
    -----
    The published curves were measured incrementally: each size starts from the weights of
    the one before (``start=``) and trains ``epochs=5`` on the images that are new.
    """

    name = "yolo"

    def __init__(
        self,
        weights: str = "yolo11n-seg.yaml",
        *,
        side: int = 64,
        device: str = "cpu",
        epochs: int | None = None,
    ) -> None:
        self.weights = weights
        self.side = side
        self.device = device
        self.epochs = epochs

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
            copies, schedule = self._schedule(len(samples), budget)
            images = write_samples(samples, folder / "data", copies=copies)
            data = {
                "train": str(images),
                "val": str(images),
                "nc": n_classes,
                "names": {index: str(index) for index in range(n_classes)},
                "channels": 3,
            }
            network = build_network(self.weights, data, seed, start)
            settings = {
                "imgsz": self.side,
                "device": self.device,
                "seed": seed % 2**31,
                "project": str(folder / "run"),
                **schedule,
            }
            return YoloModel(train_network(network, data, settings), self.side, self.device)

    def _schedule(self, n_samples: int, budget: Budget) -> tuple[int, dict[str, int]]:
        """Say how often each sample is written, and the epochs and batch."""
        batch = budget.batch_size
        if self.epochs is not None:
            return 1, {"epochs": self.epochs, "batch": batch}
        copies = math.ceil(batch / n_samples)
        epochs = math.ceil(budget.steps * batch / (copies * n_samples))
        return copies, {"epochs": epochs, "batch": batch, "nbs": batch}

    def _check(self, samples: Sequence[Sample], n_classes: int) -> None:
        if self.side < 64 or self.side % 32:
            raise ValueError(f"Got side={self.side}, expected a multiple of 32 from 64 up.")
        if self.epochs is not None and self.epochs < 1:
            raise ValueError(f"Got epochs={self.epochs}, expected 1 or more, or None.")
        if not samples:
            raise ValueError("Got no samples to train on, expected at least one.")
        found = {int(label) for sample in samples for label in sample.classes}
        if not found <= set(range(n_classes)):
            raise ValueError(
                f"Got samples of the classes {sorted(found)} for n_classes={n_classes}, "
                f"expected 0 to {n_classes - 1}."
            )


class YoloModel(Model):
    """A trained YOLO segmenter.

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
        """Find the instances of every image, masks at the image's own size."""
        found: list[Prediction] = []
        with sandbox(self.device) as folder:
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
            predictor = SegmentationPredictor(overrides=settings)
            predictor.setup_model(self.network, verbose=False)
            for first in range(0, len(images), CHUNK):
                chunk = [np.ascontiguousarray(i[..., ::-1]) for i in images[first : first + CHUNK]]
                found += [_prediction(result) for result in predictor(chunk)]
        return found

    def weights(self) -> bytes:
        """Give the network's state as safetensors."""
        from safetensors.torch import save

        state = self.network.state_dict()
        return save({name: value.cpu().clone().contiguous() for name, value in state.items()})


def _prediction(result: Any) -> Prediction:
    height, width = result.orig_shape
    boxes = result.boxes
    masks = np.zeros((0, height, width), bool)
    if result.masks is not None:
        masks = result.masks.data.cpu().numpy().astype(bool)
    return Prediction(
        masks, boxes.cls.cpu().numpy().astype(np.int64), boxes.conf.cpu().numpy().astype(np.float64)
    )
