"""Weights of networks: read without running code, filled in, and named by their content.

torch and the packages of the extra ``vision`` are imported when first used.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ptssp_sklearn.exceptions import need


def import_extra(name: str) -> Any:
    """Import a package of the extra ``vision``.

    Raises
    ------
    ImportError
        If it is missing; says what to install.
    """
    return need(name, "this backbone", "vision")


def no_weights(what: str, error: Exception) -> OSError:
    """Say that weights could not be fetched."""
    return OSError(
        f"Got no weights of {what} ({str(error).splitlines()[0]}). Connect to the network "
        "once, or pass weights='/path/to/file'."
    )


def read_state(path: str | Path) -> dict[str, Any]:
    """Read a state dict without unpickling code.

    Raises
    ------
    ValueError
        If there is no such file.
    """
    torch = import_extra("torch")
    if not Path(path).is_file():
        raise ValueError(f"Got weights={str(path)!r}, but there is no such file.")
    if str(path).endswith(".safetensors"):
        return dict(import_extra("safetensors.torch").load_file(path))
    return dict(torch.load(path, map_location="cpu", weights_only=True))


def in_order(state: dict[str, Any], network: Any) -> dict[str, Any]:
    """Rename tensors to the network's names where order and shapes agree one to one."""
    wanted = network.state_dict()
    same = [tuple(v.shape) for v in state.values()] == [tuple(v.shape) for v in wanted.values()]
    return dict(zip(wanted, state.values(), strict=True)) if same else state


def fill(network: Any, state: dict[str, Any], source: str) -> None:
    """Load a state dict.

    Raises
    ------
    ValueError
        If it does not fit the network; names the source.
    """
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ValueError(
            f"Got {source}, which does not fit {type(network).__name__}: {reason}"
        ) from None


def weights_digest(network: Any) -> str:
    """Give the SHA-256 of a network's tensors on the CPU, names and values."""
    torch = import_extra("torch")
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()
