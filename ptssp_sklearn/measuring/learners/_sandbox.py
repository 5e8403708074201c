"""A context in which ultralytics runs offline, silent, and leaves the process as it was."""

from __future__ import annotations

import importlib
import logging
import os
import random
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

NEEDED = "The learner 'yolo' needs the package ultralytics (AGPL-3.0): pip install ultralytics"


@contextmanager
def sandbox(device: str = "cpu") -> Iterator[Path]:
    """Run ultralytics with a folder of its own, which is removed at the end.

    Environment, warning filters, random states, thread counts, print options, loggers
    and deterministic flags are put back. Not for several threads at once.

    Raises
    ------
    ValueError
        If ultralytics is not installed.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="yolo-"))
        stack.enter_context(_environment())
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(_numbers(device))
        _load(Path(folder) / "config")
        stack.enter_context(_quiet())
        yield Path(folder)


def _load(config: Path) -> None:
    """Import ultralytics, the first time with empty settings, and undo its patches.

    It replaces ``PIL.Image.open`` by one that may install packages, and ``torch.save``.
    """
    os.environ.update(YOLO_OFFLINE="true", YOLO_CONFIG_DIR=str(config), YOLO_AUTOINSTALL="false")
    if "ultralytics.models" in sys.modules:
        return
    import torch
    from PIL import Image

    opener, save, disabled = Image.open, torch.save, logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cv2 = importlib.import_module("cv2")
            threads = cv2.getNumThreads()
            importlib.import_module("ultralytics.models")
            cv2.setNumThreads(threads)
    except ModuleNotFoundError as error:
        raise ValueError(
            NEEDED if error.name in ("ultralytics", "cv2") else f"{NEEDED} ({error})"
        ) from None
    finally:
        Image.open, torch.save = opener, save
        logging.disable(disabled)


@contextmanager
def _environment() -> Iterator[None]:
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _numbers(device: str) -> Iterator[None]:
    """Keep random states, thread counts, print options and deterministic flags."""
    import torch

    devices = [torch.device(device)] if device.startswith("cuda") else []
    python, threads = random.getstate(), torch.get_num_threads()
    state, options = np.random.get_state(), np.get_printoptions()  # noqa: NPY002
    algorithms = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    cudnn = torch.backends.cudnn.deterministic
    fill: Any = torch.utils.deterministic
    filled = fill.fill_uninitialized_memory
    printing = vars(torch._tensor_str.PRINT_OPTS).copy()
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(state)  # noqa: NPY002
        np.set_printoptions(**options)
        vars(torch._tensor_str.PRINT_OPTS).update(printing)
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(algorithms, warn_only=warn_only)
        torch.backends.cudnn.deterministic = cudnn
        fill.fill_uninitialized_memory = filled


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the logger and progress bars; settings change in memory, not on disk."""
    import torch
    from ultralytics.utils import LOGGER, SETTINGS, torch_utils

    level, threads, settings = LOGGER.level, torch_utils.NUM_THREADS, dict(SETTINGS)
    LOGGER.setLevel(logging.CRITICAL)
    dict.update(SETTINGS, mlflow=False, sync=False)
    torch_utils.NUM_THREADS = torch.get_num_threads()  # what select_device sets on a CPU
    try:
        yield
    finally:
        LOGGER.setLevel(level)
        dict.update(SETTINGS, settings)
        torch_utils.NUM_THREADS = threads
