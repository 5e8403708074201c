"""The networks of ultralytics' segmenters: built, restored and trained, inside the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def build_network(weights: str, data: dict[str, Any], seed: int, start: bytes | None) -> Any:
    """Make the network: random from a .yaml, from a .pt, or in the state of `start`.

    Parameters
    ----------
    weights : str
        As of `YoloLearner`.
    data : dict
        ultralytics' description of the data: ``nc`` classes of ``names``.
    seed : int
        Of random weights.
    start : bytes or None
        As of `Learner.fit`.

    Raises
    ------
    ValueError
        If weights are missing or no segmenter's, or start is of another network.
    """
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


def train_network(network: Any, data: dict[str, Any], settings: dict[str, Any]) -> Any:
    """Train, and give the moving average of the weights.

    Parameters
    ----------
    network : torch.nn.Module
    data : dict
        ultralytics' description of the data, with its folders.
    settings : dict
        Of ultralytics' trainer.
    """
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
