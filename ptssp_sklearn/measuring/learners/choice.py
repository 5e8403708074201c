"""Which learner is measured: found by name, weights file, module, or given as it is."""

from __future__ import annotations

import functools
import hashlib
import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from ptssp_sklearn.exceptions import counted, did_you_mean
from ptssp_sklearn.measuring.learner import Learner
from ptssp_sklearn.measuring.learners.scorer import Scorer

HOMES = {
    "torchvision": "ptssp_sklearn.measuring.learners.torchvision:TorchvisionLearner",
    "yolo": "ptssp_sklearn.measuring.learners.yolo:YoloLearner",
}
WEIGHTS = (".pt", ".yaml", ".yml")
_FILES = ("weights", "start")
_DOWNLOAD_SECONDS = 600
_DOWNLOAD = (
    "import sys; from ultralytics.utils.downloads import GITHUB_ASSETS_NAMES as known;"
    "from ultralytics.utils.downloads import attempt_download_asset as get;"
    "sys.exit(0 if sys.argv[1] in known and get(sys.argv[1]) else 1)"
)


@dataclass(frozen=True)
class LearnerChoice:
    """A learner to measure.

    Attributes
    ----------
    name : str
        What the store calls it.
    make : callable
        Makes it in a worker.
    side : int
        Side of images it trains at, pixels.
    device : str
    noted : dict
        What must not change while it is measured; of files, their content.
    """

    name: str
    make: Callable[[], Learner | Scorer]
    side: int
    device: str
    noted: dict[str, Any]


def choose_learner(
    learner: str | Learner | Callable[..., Any],
    settings: dict[str, Any],
    device: str,
    *,
    here: bool = True,
) -> LearnerChoice:
    """Find a learner.

    Parameters
    ----------
    learner, settings, device
        As of `ptssp_sklearn.measuring.measure_pilot`.
    here : bool, default=True
        Whether it trains on this machine, which then must have what it needs.

    Raises
    ------
    ValueError
        If there is no such learner or device, it does not take a setting, or what it needs
        is missing.
    """
    own = settings.get("device", device) if learner in [*HOMES] else device
    chosen = _device(str(own), here)
    if isinstance(learner, Learner):
        if here:
            learner.check()
        noted = {"learner": learner.name} | _plain(vars(learner))
        return LearnerChoice(learner.name, _Given(learner), learner.side, chosen, noted)
    if callable(learner):
        scorer = Scorer(learner)
        return LearnerChoice(scorer.name, _Given(scorer), scorer.side, chosen, {})
    home, given = _home(learner, settings)
    given.setdefault("device", chosen)
    if str(given.get("weights", "")).endswith(".pt") and home == HOMES["yolo"]:
        _need_weights(given["weights"])
    make = functools.partial(make_learner, home, **given)
    made = make()
    if here:
        made.check()
    return LearnerChoice(made.name, make, made.side, chosen, _noted(home, given))


def make_learner(home: str, **settings: Any) -> Learner:
    """Build the learner that stands at ``package.module:Class``.

    Raises
    ------
    ValueError
        If there is none, or it does not take a setting.
    """
    module, _, attribute = home.partition(":")
    try:
        factory = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"Got learner {home!r}, which needs the package {error.name}. Install "
            "it, or run from the folder that holds it."
        ) from error
    except AttributeError:
        raise ValueError(f"Got learner {home!r}, but {module} has no {attribute}.") from None
    _check_names(factory, settings)
    try:
        made: Learner = factory(**settings)
    except TypeError as error:
        raise ValueError(f"Got settings {settings} for the learner {home!r}: {error}.") from None
    return made


def _check_names(factory: Callable[..., Any], settings: dict[str, Any]) -> None:
    """Refuse a setting that a learner does not have; name those it has."""
    taken = inspect.signature(factory).parameters
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in taken.values()):
        return
    names = [name for name in taken if name != "device"]
    for name in settings:
        if name not in taken and name != "device":
            has = ", ".join(names) or "none"
            raise ValueError(
                f"Got the setting {name!r}, but the settings of {factory.__name__} are: {has}."
                f"{did_you_mean(name, names)}"
            )


def _home(learner: str, settings: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Find the class of a name, and the settings that the name says."""
    if learner.endswith(WEIGHTS):
        return HOMES["yolo"], {"weights": learner, **settings}
    if learner in HOMES or ":" in learner:
        return HOMES.get(learner, learner), dict(settings)
    hint = did_you_mean(learner, HOMES)
    raise ValueError(
        f"Got learner {learner!r}, expected {', '.join(HOMES)}, a weights file or yaml of "
        f"ultralytics such as yolo11n-seg.pt, or package.module:Class.{hint}"
    )


def _device(device: str, here: bool) -> str:
    """Read a device; a GPU that is asked for must be there."""
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise ValueError(f"Got device={device!r}, expected auto, cpu or cuda.")
    number = int(device.partition(":")[2] or 0)
    if here and device != "cpu" and number >= torch.cuda.device_count():
        raise ValueError(
            f"Got device={device!r}, but PyTorch finds {counted(torch.cuda.device_count(), 'GPU')} "
            "here. Give another device, or auto."
        )
    return device


def _need_weights(name: str) -> None:
    """Let ultralytics download weights it knows, in a process of its own that may use a network."""
    if Path(name).is_file():
        return
    reason = "there is no such file"
    if Path(name).name == name:
        command = [sys.executable, "-c", _DOWNLOAD, name]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_DOWNLOAD_SECONDS)
            if done.returncode == 0 and Path(name).is_file():
                return
            reason = "it is not in this folder and could not be downloaded"
        except subprocess.TimeoutExpired:
            reason = f"downloading it took more than {_DOWNLOAD_SECONDS} seconds"
    raise ValueError(
        f"Got the weights {name!r}, but {reason}. Get the file from "
        f"https://github.com/ultralytics/assets/releases and put it at {Path(name).resolve()}."
    )


def _noted(home: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Describe a learner without paths: of a file its content counts."""
    noted = {key: value for key, value in settings.items() if key != "device"}
    for key in _FILES:
        file = Path(str(noted.get(key, "")))
        if key in noted and file.is_file():
            noted[key] = f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"
    return {"class": home, **noted}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    kept = (str, int, float, bool, type(None))
    return {
        key: value
        for key, value in values.items()
        if isinstance(value, kept) and not key.startswith("_") and key != "device"
    }


@dataclass(frozen=True)
class _Given:
    """Gives a learner that was made already; it travels to workers by value."""

    learner: Any

    def __call__(self) -> Any:
        return self.learner
