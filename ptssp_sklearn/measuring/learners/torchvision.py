"""Detectors and segmenters of torchvision as learners; no network and no AGPL needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ptssp_sklearn.measuring.learner import Budget, Learner, Model, Prediction, Sample
from ptssp_sklearn.measuring.learners._augmentation import View, draw_view
from ptssp_sklearn.measuring.learners._detectors import (
    BOX_MODELS,
    MASK_MODELS,
    build_detector,
    first_label,
    lite0_encoder,
)
from ptssp_sklearn.measuring.learners._tensors import read_tensors

LITE0 = ("fcos_lite0", "retinanet_lite0", "fasterrcnn_lite0", "maskrcnn_lite0")
SIDES = {"cpu": 320, "cuda": 640}
LEAST_SIDE = 32
RATE, DECAY = 1e-3, 1e-2
_ENCODER_RATE = 0.2
_WARM_UP = 0.1
_MOST_GRADIENT = 10.0
_CHUNK = 8


class TorchvisionLearner(Learner):
    """A detector or segmenter of torchvision.

    Parameters
    ----------
    model : str
        ``auto``: ``maskrcnn_lite0`` for labels that are outlines, else ``fcos_lite0``. These,
        ``retinanet_lite0`` and ``fasterrcnn_lite0`` stand on an EfficientNet-Lite0 trained on
        ImageNet that comes with a package; or a model of torchvision's, such as
        ``fasterrcnn_resnet50_fpn``.
    weights : str, optional
        A file of tensors (``.pth``, ``.safetensors``): those whose names and shapes fit are
        taken over, such as all of a model trained on COCO but its last layers; or ``hub``
        for torchvision's own, which are downloaded. By default random, but for Lite0.
    side : int, optional
        The longest side images are scaled to, pixels; by default 320 on a CPU and 640 on a
        GPU.
    device : str
        ``cpu``, ``cuda`` or ``cuda:0``.

    Notes
    -----
    AdamW of rate 1e-3, a fifth of that for the encoder, warmed up during a tenth of the steps
    and falling as a cosine; batch norms of the encoder stay as they were trained; images are
    mirrored, scaled by 0.6 to 1.4 and lit at random.
    """

    def __init__(
        self,
        model: str = "auto",
        *,
        weights: str | None = None,
        side: int | None = None,
        device: str = "cpu",
    ) -> None:
        known = ("auto", *LITE0, *BOX_MODELS, *MASK_MODELS)
        if model not in known:
            raise ValueError(f"Got model={model!r}, expected {', '.join(known)}.")
        self.model = model
        self.weights = weights
        self.side = side or SIDES.get(device.partition(":")[0], SIDES["cpu"])
        self.device = device
        self.name = "lite0" if model == "auto" else model.replace("_", "-")

    def check(self) -> None:
        """Refuse a side or weights that cannot be used."""
        if not isinstance(self.side, int) or self.side < LEAST_SIDE:
            raise ValueError(f"Got side={self.side!r}, expected {LEAST_SIDE} pixels or more.")
        if self.weights is None:
            return
        if self.model == "auto":
            raise ValueError(f"Got weights={self.weights!r} but no model. Name theirs as model.")
        network = _build(self.model, 1, self.side)
        _take_over(network, _hub(self.model) if self.weights == "hub" else self.weights)

    def fit(
        self,
        samples: Sequence[Sample],
        *,
        n_classes: int,
        budget: Budget,
        seed: int,
        start: bytes | None = None,
    ) -> TorchvisionModel:
        """Train on samples within a budget.

        Raises
        ------
        ValueError
            If weights do not fit, or labels are boxes for a segmenter.
        """
        name = self._choose(samples)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = _build(name, n_classes, self.side)
            if self.weights is not None:
                _take_over(network, _hub(name) if self.weights == "hub" else self.weights)
            views = _views(samples, self.side, budget, seed, masks="mask" in name)
            first = first_label(name)
            _train(network.to(self.device), views, budget, self.device, first)
        return TorchvisionModel(network.eval(), self.device, first)

    def _choose(self, samples: Sequence[Sample]) -> str:
        outlined = all(sample.objects.outlines is not None for sample in samples)
        if self.model == "auto":
            return "maskrcnn_lite0" if outlined else "fcos_lite0"
        if "mask" in self.model and not outlined:
            raise ValueError(
                f"Got labels that are boxes for {self.model}, which learns masks. Name a detector, "
                "such as fcos_lite0."
            )
        return self.model


class TorchvisionModel(Model):
    """A trained detector or segmenter.

    Attributes
    ----------
    network : torch.nn.Module
    device : str
    first : int
        Label of the first class.
    """

    def __init__(self, network: Any, device: str, first: int) -> None:
        self.network = network
        self.device = device
        self.first = first

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """Find the objects of every image, masks at the image's own size."""
        found = []
        with torch.inference_mode():
            for first in range(0, len(images), _CHUNK):
                batch = [_pixels(image, self.device) for image in images[first : first + _CHUNK]]
                found += [_prediction(one, self.first) for one in self.network(batch)]
        return found


def _prediction(one: dict[str, Tensor], first: int) -> Prediction:
    arrays = {name: value.cpu().numpy() for name, value in one.items()}
    masks = arrays["masks"][:, 0] > 0.5 if "masks" in arrays else None
    classes = arrays["labels"].astype(np.int64) - first
    return Prediction(
        masks, classes, arrays["scores"].astype(np.float64), arrays["boxes"].astype(np.float64)
    )


def _views(
    samples: Sequence[Sample], side: int, budget: Budget, seed: int, *, masks: bool
) -> Iterator[list[View]]:
    """Draw batches out of one endless sequence of permutations."""
    rng = np.random.default_rng(seed)
    order: list[int] = []
    while True:
        while len(order) < budget.batch_size:
            order += rng.permutation(len(samples)).tolist()
        picked, order = order[: budget.batch_size], order[budget.batch_size :]
        yield [draw_view(samples[index], side, rng, masks=masks) for index in picked]


def _train(
    network: Any, views: Iterator[list[View]], budget: Budget, device: str, first: int
) -> None:
    encoder = [p for p in network.backbone.body.parameters() if p.requires_grad]
    own = {id(parameter) for parameter in encoder}
    rest = [p for p in network.parameters() if p.requires_grad and id(p) not in own]
    rates = [_ENCODER_RATE * RATE, RATE]
    groups = [{"params": encoder, "lr": rates[0]}, {"params": rest, "lr": rates[1]}]
    optimizer = torch.optim.AdamW(groups, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rates, total_steps=budget.steps + 1, pct_start=_WARM_UP, cycle_momentum=False
    )
    network.to(memory_format=torch.channels_last).train()
    network.backbone.body.eval()
    for _ in range(budget.steps):
        batch = next(views)
        images = [_pixels(view.image, device) for view in batch]
        losses = network(images, [_target(view, device, first) for view in batch])
        optimizer.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), _MOST_GRADIENT)
        optimizer.step()
        schedule.step()


def _pixels(image: NDArray[np.uint8], device: str) -> Tensor:
    pixels = torch.from_numpy(np.array(image)).to(device)
    return pixels.permute(2, 0, 1).float().div_(255.0)


def _target(view: View, device: str, first: int) -> dict[str, Tensor]:
    target = {
        "boxes": torch.from_numpy(view.boxes).float(),
        "labels": torch.from_numpy(view.classes + first),
    }
    if view.masks is not None:
        target["masks"] = torch.from_numpy(np.ascontiguousarray(view.masks)).to(torch.uint8)
    return {name: value.to(device) for name, value in target.items()}


def _build(name: str, n_classes: int, side: int) -> Any:
    return build_detector(name, n_classes, side, lite0_encoder() if name in LITE0 else None)


def _hub(name: str) -> str:
    """Download torchvision's weights for a model; give the file."""
    from torchvision.models import get_model_weights

    if name in LITE0:
        raise ValueError(f"Got weights='hub', but torchvision has none of {name}. Leave it out.")
    url = get_model_weights(name)["DEFAULT"].url
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name
    if not file.is_file():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(file), progress=False)
        except OSError as error:
            raise ValueError(
                f"Got weights='hub', but {url} could not be downloaded ({error}). Get it elsewhere "
                f"and give weights=FILE, or put it at {file}."
            ) from None
    return str(file)


def _take_over(network: Any, path: str) -> None:
    """Take over the tensors of a file whose names and shapes fit."""
    given, own = read_tensors(Path(path), "weights"), network.state_dict()
    fitting = {n: v for n, v in given.items() if n in own and v.shape == own[n].shape}
    if len(fitting) < len(own) / 2:
        raise ValueError(
            f"Got weights={path!r}, of which {len(fitting)} tensors fit the {len(own)} of this "
            "network. Name the model that they were trained as."
        )
    network.load_state_dict(fitting, strict=False)
