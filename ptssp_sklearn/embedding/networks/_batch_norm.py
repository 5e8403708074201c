"""Batch normalisation folded into the convolution before it: one pass over memory less each."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

from ptssp_sklearn.embedding.networks._weights import import_extra


def fold_batch_norms(network: Any, sample: Any) -> Any | None:
    """Give a copy whose convolutions do what the batch normalisation after them did.

    With fixed statistics ``bn(conv(x))`` is a convolution too [1]_. Which normalisation
    follows which convolution is seen in one forward pass. What else a normalisation does,
    such as timm's activation, stays in its place.

    Parameters
    ----------
    network : torch.nn.Module, in evaluation mode
    sample : tensor of shape (n, channels, height, width)
        An input of the network.

    Returns
    -------
    folded : torch.nn.Module or None
        None where there is nothing to fold. That it answers as `network` does is for the
        caller to check: an output that a second module uses is not seen.

    References
    ----------
    .. [1] Jacob, B. et al. (2018). Quantization and training of neural networks for
       efficient integer-arithmetic-only inference. CVPR, section 3.2.
    """
    torch = import_extra("torch")
    if not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules()):
        return None
    network = copy.deepcopy(network)
    pairs = _pairs(network, sample)
    names = {module: name for name, module in network.named_modules()}
    for convolution, norm in pairs:
        convolution.weight, convolution.bias = torch.nn.utils.fusion.fuse_conv_bn_weights(
            convolution.weight,
            convolution.bias,
            norm.running_mean,
            norm.running_var,
            norm.eps,
            norm.weight,
            norm.bias,
        )
        parent, _, place = names[norm].rpartition(".")
        setattr(network.get_submodule(parent), place, _rest(norm))
    return network.requires_grad_(False) if pairs else None


def _pairs(network: Any, sample: Any) -> list[tuple[Any, Any]]:
    """List the convolutions that a batch normalisation follows, each used once."""
    torch = import_extra("torch")
    outputs: dict[int, tuple[Any, Any]] = {}
    pairs = []
    used: Counter[Any] = Counter()

    def look(module: Any, inputs: Any, output: Any) -> None:
        used[module] += 1
        if isinstance(module, torch.nn.Conv2d):
            outputs[id(output)] = module, output
        elif id(inputs[0]) in outputs:
            pairs.append((outputs[id(inputs[0])][0], module))

    kinds = (torch.nn.Conv2d, torch.nn.BatchNorm2d)
    modules = [module for module in network.modules() if isinstance(module, kinds)]
    hooks = [module.register_forward_hook(look) for module in modules]
    try:
        with torch.inference_mode():
            network(sample)
    finally:
        for hook in hooks:
            hook.remove()
    return [pair for pair in pairs if max(used[module] for module in pair) == 1]


def _rest(norm: Any) -> Any:
    """Give what a normalisation does beside normalising."""
    torch = import_extra("torch")
    parts = [getattr(norm, name) for name in ("drop", "act") if hasattr(norm, name)]
    return torch.nn.Sequential(*parts) if parts else torch.nn.Identity()
