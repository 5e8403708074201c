"""U-Nets of one shape side by side as one grouped convolution network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


class StackedUNet(nn.Module):
    """Independent U-Nets in one module: network ``m`` owns the channels of group ``m``.

    Every level has two 3 x 3 convolutions with batch normalisation; `levels` levels down by
    max pooling, as many up by nearest-neighbour interpolation, with skip connections [1]_.
    Inside, blocks of `fold` x `fold` pixels are channels: sub-pixel convolution [2]_ gives
    the outputs their full resolution back at a fraction of the cost.

    Parameters
    ----------
    n_outputs : int
        Output maps of a network.
    width : int
        Channels of a network at the first level; doubled at every level down.
    n_networks : int
    levels : int
    fold : int

    References
    ----------
    .. [1] Ronneberger, O., Fischer, P., Brox, T. (2015). U-Net: convolutional networks for
       biomedical image segmentation. MICCAI.
    .. [2] Shi, W. et al. (2016). Real-time single image and video super-resolution using an
       efficient sub-pixel convolutional neural network. CVPR.
    """

    def __init__(
        self, n_outputs: int, width: int, n_networks: int = 1, *, levels: int = 2, fold: int = 2
    ) -> None:
        super().__init__()
        self.n_networks = n_networks
        self.fold = fold
        widths = [width * 2**level for level in range(levels + 1)]
        steps = pairwise([3 * fold**2, *widths])
        self.down = nn.ModuleList(_block(i, o, n_networks) for i, o in steps)
        self.decoder = Decoder(widths, n_outputs, n_networks, fold=fold)

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 3 n_networks, height, width) to (batch, n_outputs n_networks, …)."""
        features = [self.down[0](functional.pixel_unshuffle(images, self.fold))]
        for block in self.down[1:]:
            features.append(block(functional.max_pool2d(features[-1], 2)))
        return self.decoder(features)


class Decoder(nn.Module):
    """The way up of a U-Net.

    Parameters
    ----------
    widths : sequence of int
        Channels of the encoder's levels, the finest first.
    n_outputs, n_networks : int
    fold : int
        Pixels of the outputs across one pixel of the finest level.
    """

    def __init__(
        self, widths: Sequence[int], n_outputs: int, n_networks: int = 1, *, fold: int = 2
    ) -> None:
        super().__init__()
        self.n_networks = n_networks
        self.fold = fold
        self.up = nn.ModuleList(
            _block(below + beside, beside, n_networks) for beside, below in pairwise(widths)
        )
        n_inside, n_maps = widths[0] * n_networks, n_outputs * fold**2 * n_networks
        self.head = nn.Conv2d(n_inside, n_maps, 1, groups=n_networks)

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        """Map features of all levels, the finest first, to output maps."""
        features = levels[-1]
        for block, skip in zip(reversed(self.up), reversed(levels[:-1]), strict=True):
            features = functional.interpolate(features, scale_factor=2.0, mode="nearest")
            features = block(self._beside(features, skip))
        return functional.pixel_shuffle(self.head(features), self.fold)

    def _beside(self, first: Tensor, second: Tensor) -> Tensor:
        """Concatenate the channels of each network."""
        if self.n_networks == 1:
            return torch.cat([first, second], dim=1)
        parts = [t.unflatten(1, (self.n_networks, -1)) for t in (first, second)]
        return torch.cat(parts, dim=2).flatten(1, 2)


def _block(n_in: int, n_out: int, n_networks: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    wide = n_out * n_networks
    for channels in (n_in * n_networks, wide):
        layers += [
            nn.Conv2d(channels, wide, 3, padding=1, bias=False, groups=n_networks),
            nn.BatchNorm2d(wide),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


def seeded(build: Callable[[], StackedUNet], seed: int) -> StackedUNet:
    """Build a network with the weights that `torch.manual_seed(seed)` would give it.

    torch's own random state, which a process has once, is not touched.
    """
    with torch.device("meta"):
        network = build()
    network = network.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_uniform_(module.weight, a=5**0.5, generator=generator)
            if module.bias is not None:
                bound = (module.weight[0].numel()) ** -0.5
                nn.init.uniform_(module.bias, -bound, bound, generator=generator)
    return network


def turned(values: Tensor, turn: int) -> Tensor:
    """Apply one of the eight symmetries of the square to the last two axes."""
    if turn & 1:
        values = values.flip(-1)
    if turn & 2:
        values = values.flip(-2)
    return values.transpose(-1, -2) if turn & 4 else values
