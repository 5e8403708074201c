"""Ultralytics' YOLO segmenters as learners, trained offline; ultralytics is AGPL-3.0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.datasets.base import Sample
from experiments.learners.base import Budget, Learner, Model, Prediction
from experiments.learners.polygons import write_samples
from experiments.learners.sandbox import sandbox

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
            network = _build(self.weights, data, seed, start)
            settings = {
                "imgsz": self.side,
                "device": self.device,
                "seed": seed % 2**31,
                "project": str(folder / "run"),
                **schedule,
            }
            return YoloModel(_train(network, data, settings), self.side, self.device)

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


def _build(weights: str, data: dict[str, Any], seed: int, start: bytes | None) -> Any:
    """Make the network: random from a .yaml, from a .pt, or in the state of `start`."""
    import torch
    from ultralytics.nn.modules import Segment
    from ultralytics.nn.tasks import SegmentationModel, load_checkpoint

    pretrained = weights.endswith(".pt")
    if pretrained and not Path(weights).is_file():
        raise ValueError(f"Got weights={weights!r}, but there is no such file. Check the path.")
    torch.manual_seed(seed)
    try:
        source = load_checkpoint(weights)[0] if pretrained else None
        network: Any = SegmentationModel(
            source.yaml if source is not None else weights, ch=3, nc=data["nc"], verbose=False
        )
    except Exception as error:  # whatever a file that is no YOLO model makes ultralytics raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"Got weights={weights!r}, which ultralytics cannot build a segmenter of ({reason}). "
            "Name a segmentation .yaml or .pt, such as yolo11n-seg.yaml."
        ) from None
    if not isinstance(network.model[-1], Segment):
        raise ValueError(f"Got weights={weights!r}, expected a segmenter: its name ends in -seg.")
    network.names = data["names"]
    if start is not None:
        _restore(network, start)
    elif source is not None:
        network.load(source, verbose=False)
    return network


def _restore(network: Any, start: bytes) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        network.load_state_dict(load(start))
    except (SafetensorError, RuntimeError) as error:
        line = str(error).splitlines()[-1].strip()
        raise ValueError(
            f"Got start weights that do not fit this network ({line}). Start from the weights "
            "of the same learner and number of classes."
        ) from None


def _train(network: Any, data: dict[str, Any], settings: dict[str, Any]) -> Any:
    """Train, and give the moving average of the weights."""
    from ultralytics.models.yolo.segment import SegmentationTrainer

    class Run(SegmentationTrainer):
        """Training alone: no validation, no checkpoint; a name that takes no trackers on."""

        def get_dataset(self) -> dict[str, Any]:
            return data

        def validate(self) -> tuple[dict[str, float], None]:
            return {}, None

        def save_model(self) -> bool:
            return False

        def save_metrics(self, metrics: dict[str, float]) -> None:
            """Write no table of losses."""

        def final_eval(self) -> None:
            """Leave out the measurement of the best checkpoint."""

    fixed = {"workers": 0, "plots": False, "val": False, "save": False, "patience": 0}
    quiet = {"amp": False, "verbose": False, "pretrained": False, "model": "yolo11n-seg.yaml"}
    run: Any = Run(overrides={**fixed, **quiet, **settings, "data": "data.yaml"})
    run.model = network
    run.train()
    trained = run.ema.ema.float().eval()
    trained.criterion = None
    return trained.requires_grad_(False)


def _prediction(result: Any) -> Prediction:
    height, width = result.orig_shape
    boxes = result.boxes
    masks = np.zeros((0, height, width), bool)
    if result.masks is not None:
        masks = result.masks.data.cpu().numpy().astype(bool)
    return Prediction(
        masks, boxes.cls.cpu().numpy().astype(np.int64), boxes.conf.cpu().numpy().astype(np.float64)
    )
