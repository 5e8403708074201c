"""Which number formats a processor is fast in."""

from __future__ import annotations

from typing import Any


def fast_bfloat16(place: Any) -> bool:
    """Tell whether a torch device has instructions for bfloat16; without, it is emulated.

    Parameters
    ----------
    place : torch.device
    """
    import torch

    if place.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    known = [getattr(torch.cpu, name, None) for name in names]
    return place.type == "cpu" and any(test() for test in known if test is not None)
