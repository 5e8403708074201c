"""Tensors out of files that hold nothing else: no pickle from outside is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def read_tensors(path: Path, option: str) -> dict[str, Any]:
    """Read the tensors of a .safetensors file or of a .pt file; nothing is unpickled.

    Parameters
    ----------
    path : Path
    option : str
        What it was given as, for messages.

    Raises
    ------
    ValueError
        If there is no such file, or it holds other things than tensors.
    """
    import pickle

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise ValueError(f"Got {option}={str(path)!r}, but there is no such file. Check the path.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        read = torch.load(path, map_location="cpu", weights_only=True)
        read = read.get("model", read) if isinstance(read.get("model", 0), dict) else read
        return {name: value for name, value in read.items() if isinstance(value, torch.Tensor)}
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, AttributeError) as error:
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"Got {option}={str(path)!r}, which holds no plain tensors ({line}). Save a "
            "state_dict, or use safetensors."
        ) from None
