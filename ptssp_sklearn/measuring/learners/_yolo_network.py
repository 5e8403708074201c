"""The networks of ultralytics: built, given weights and trained, inside the sandbox."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ptssp_sklearn.measuring.learner import Budget
from ptssp_sklearn.measuring.learners._tensors import read_tensors

EPOCHS = 20
"""Epochs of a training, whatever its size: what ultralytics does by the epoch, it does so often."""

PROTOCOL = {
    "optimizer": "AdamW",
    "lr0": 1e-3,
    "warmup_epochs": EPOCHS / 10,
    "warmup_bias_lr": 0.0,
    "close_mosaic": EPOCHS // 5,
}

_FIXED = {"workers": 0, "plots": False, "val": False, "save": False, "patience": 0}
_QUIET = {"amp": False, "verbose": False, "pretrained": False}


def build_network(
    weights: str,
    data: dict[str, Any],
    seed: int,
    *,
    masks: bool | None = None,
    start: bytes | str | None = None,
) -> Any:
    """Make the network: random from a .yaml, from a .pt, or from tensors.

    Parameters
    ----------
    weights : str
        As of `YoloLearner`.
    data : dict
        ultralytics' description of the data: ``nc`` classes of ``names``.
    seed : int
        Seed of random weights.
    masks : bool, optional
        Whether the head is to find masks; by default as `weights` has it.
    start : bytes or str, optional
        All tensors as of `YoloModel.weights`, or the file of some, as of `YoloLearner`.

    Raises
    ------
    ValueError
        If weights are missing or no detector's, or start is of another network.
    """
    import torch
    from ultralytics.nn.tasks import load_checkpoint

    pretrained = weights.endswith(".pt")
    if pretrained and not Path(weights).is_file():
        raise ValueError(f"Got weights={weights!r}, but there is no such file. Check the path.")
    torch.manual_seed(seed)
    try:
        source = load_checkpoint(weights)[0] if pretrained else None
        network = _build(source.yaml if source is not None else weights, data["nc"], masks)
    except Exception as error:  # whatever a file that is no YOLO model makes ultralytics raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"Got weights={weights!r}, which ultralytics cannot build a detector or segmenter of "
            f"({reason}). Name a .yaml or .pt of one, such as yolo11n-seg.yaml."
        ) from None
    network.names = data["names"]
    if source is not None:
        network.load(source, verbose=False)
    if isinstance(start, bytes):
        _restore(network, start)
    elif start is not None:
        _take_over(network, Path(start))
    return network


def _build(weights: str | dict[str, Any], n_classes: int, masks: bool | None) -> Any:
    """Build a random network, with a head of masks or boxes in place of its own if asked."""
    from ultralytics.nn.tasks import DetectionModel, SegmentationModel, yaml_model_load

    plan = dict(weights) if isinstance(weights, dict) else yaml_model_load(weights)
    inputs, repeats, head, arguments = plan["head"][-1]
    if head not in ("Detect", "Segment"):
        raise ValueError(f"its head is {head}")
    if masks is not None and masks != (head == "Segment"):
        head, arguments = ("Segment", ["nc", 32, 256]) if masks else ("Detect", ["nc"])
        plan["head"] = [*plan["head"][:-1], [inputs, repeats, head, arguments]]
    kind = SegmentationModel if head == "Segment" else DetectionModel
    return kind(plan, ch=3, nc=n_classes, verbose=False)


def finds_masks(network: Any) -> bool:
    """Tell whether a network finds masks, not boxes alone."""
    from ultralytics.nn.modules import Segment

    return isinstance(network.model[-1], Segment)


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


def _take_over(network: Any, path: Path) -> None:
    """Take over the tensors of a file whose names and shapes fit: most of all but the head."""
    given, own = read_tensors(path, "start"), network.state_dict()
    fitting = {n: v for n, v in given.items() if n in own and v.shape == own[n].shape}
    last = f"model.{len(network.model) - 1}."
    wanted = [name for name in own if not name.startswith(last)]
    found = sum(name in fitting for name in wanted)
    if found < len(wanted) / 2:
        raise ValueError(
            f"Got start={str(path)!r}, of which {found} of {len(wanted)} tensors below the head "
            "fit this network. Name the .yaml it was trained with as weights."
        )
    network.load_state_dict(fitting, strict=False)


def train_network(
    network: Any,
    data: dict[str, Any],
    settings: dict[str, Any],
    budget: Budget,
    *,
    mixed: bool = False,
) -> Any:
    """Train, and give the moving average of the weights.

    Parameters
    ----------
    network : torch.nn.Module
    data : dict
        ultralytics' description of the data, with its folders.
    settings : dict
        Settings of ultralytics' trainer.
    budget : Budget
        Its steps are shared out among `EPOCHS`, rounded up.
    mixed : bool, default=False
        Whether the layers compute in bfloat16; weights and losses stay float32.
    """
    import torch
    from ultralytics.models.yolo.detect import DetectionTrainer
    from ultralytics.models.yolo.segment import SegmentationTrainer

    masks = finds_masks(network)
    base: Any = SegmentationTrainer if masks else DetectionTrainer

    class Run(base):
        """Training alone: no validation, no checkpoint; a name that takes no trackers on."""

        def get_dataset(self) -> dict[str, Any]:
            return data

        def get_dataloader(
            self, dataset_path: str, batch_size: int = 16, rank: int = 0, mode: str = "train"
        ) -> Any:
            if mode != "train":
                return self.train_loader
            return _loader(self.build_dataset(dataset_path, mode, batch_size), settings, budget)

        def validate(self) -> tuple[dict[str, float], None]:
            return {}, None

        def save_model(self) -> bool:
            return False

        def save_metrics(self, metrics: dict[str, float]) -> None:
            """Write no table of losses."""

        def final_eval(self) -> None:
            """Leave out the measurement of the best checkpoint."""

    schedule = {"epochs": EPOCHS, "batch": budget.batch_size, "nbs": budget.batch_size}
    model = "yolo11n-seg.yaml" if masks else "yolo11n.yaml"
    overrides = {**_FIXED, **_QUIET, **PROTOCOL, **schedule, **settings}
    run: Any = Run(overrides={**overrides, "model": model, "data": "data.yaml"})
    kind, run.model = type(network), network
    if mixed:
        network.to(memory_format=torch.channels_last).__class__ = _in_bfloat16(kind)
    run.train()
    trained = run.ema.ema.float().eval().to(memory_format=torch.contiguous_format)
    trained.__class__ = kind
    trained.criterion = None
    return trained.requires_grad_(False)


def _in_bfloat16(kind: Any) -> Any:
    """Make a class of network whose layers compute in bfloat16 and give float32."""
    import torch
    from torch.utils._pytree import tree_map

    class Mixed(kind):
        """Only the layers: positions in a loss need more digits."""

        def predict(self, x: Any, *args: Any, **settings: Any) -> Any:
            with torch.autocast(x.device.type, torch.bfloat16):
                found = super().predict(x, *args, **settings)
            return tree_map(lambda part: part.float() if torch.is_tensor(part) else part, found)

    return Mixed


def _loader(dataset: Any, settings: dict[str, Any], budget: Budget) -> Any:
    """Load batches of an epoch out of one endless sequence of seeded permutations.

    So a set of 4 images gives batches and epochs as large as one of 400.
    """
    import torch
    from torch.utils.data import Sampler
    from ultralytics.data.build import InfiniteDataLoader

    generator = torch.Generator().manual_seed(settings["seed"])
    length = math.ceil(budget.steps / EPOCHS) * budget.batch_size

    def endless() -> Iterator[int]:
        while True:
            yield from torch.randperm(len(dataset), generator=generator).tolist()

    class Epoch(Sampler[int]):
        """The next part of the sequence."""

        def __init__(self) -> None:
            self.sequence = endless()

        def __len__(self) -> int:
            return length

        def __iter__(self) -> Iterator[int]:
            return (next(self.sequence) for _ in range(length))

    return InfiniteDataLoader(
        dataset=dataset,
        batch_size=budget.batch_size,
        sampler=Epoch(),
        num_workers=0,
        collate_fn=dataset.collate_fn,
    )
