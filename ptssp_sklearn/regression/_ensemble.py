"""The networks behind `CurveParamRegressor`: small ones, many side by side, and their losses."""

from __future__ import annotations

import torch
from torch import Tensor, nn

MAX_LOG_SLOPE = 3.0
MAX_LOG_HALF = 23.0


class NetworkEnsemble(nn.Module):
    """Independent networks of one hidden layer, held as stacked weights.

    Parameters
    ----------
    relevance : Tensor of shape (n_networks, n_features)
        Weights of the inputs, each network's own.
    n_outputs, n_hidden : int
    dropout : float
        Share of hidden units dropped in training.
    input_dropout : float
        Share of inputs dropped in training.
    """

    relevance: Tensor

    def __init__(
        self,
        relevance: Tensor,
        n_outputs: int,
        n_hidden: int,
        dropout: float,
        input_dropout: float,
    ) -> None:
        super().__init__()
        self.register_buffer("relevance", relevance)
        n_networks, n_features = relevance.shape
        first = torch.randn(n_networks, n_features, n_hidden) / n_features**0.5
        second = 0.1 * torch.randn(n_networks, n_hidden, n_outputs) / n_hidden**0.5
        self.first = nn.Parameter(first)
        self.first_bias = nn.Parameter(torch.zeros(n_networks, 1, n_hidden))
        self.second = nn.Parameter(second)
        self.second_bias = nn.Parameter(torch.zeros(n_networks, 1, n_outputs))
        self.dropout = nn.Dropout(dropout)
        self.input_dropout = nn.Dropout(input_dropout)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs (n, n_features) to outputs (n, n_networks, n_outputs)."""
        weighted = self.input_dropout(inputs * self.relevance[:, None])
        hidden = nn.functional.silu(weighted @ self.first + self.first_bias)
        outputs = self.dropout(hidden) @ self.second + self.second_bias
        return outputs.transpose(0, 1)


class TargetLoss(nn.Module):
    """Huber loss of standardised targets, each network with its own weights of the rows.

    The target of a row holds its standardised coordinates, then a weight a network.
    """

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        goal, weights = self.split(outputs, target)
        loss = nn.functional.smooth_l1_loss(outputs, goal.expand_as(outputs), reduction="none")
        return (loss.mean(dim=-1) * weights).mean()

    @staticmethod
    def split(outputs: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        n_outputs = outputs.shape[-1]
        return target[:, None, :n_outputs], target[:, n_outputs:]


class CurveLoss(TargetLoss):
    """Squared distance of whole curves, with a little of the distance of their coordinates.

    Parameters
    ----------
    mean, scale : Tensor of shape (4,)
        Undo the standardisation of the unbounded coordinates.
    sizes : Tensor of shape (n_sizes,), images
        Where curves are compared.
    pull : float
        Weight of the coordinates' distance.
    """

    mean: Tensor
    scale: Tensor
    log_sizes: Tensor

    def __init__(self, mean: Tensor, scale: Tensor, sizes: Tensor, pull: float = 0.005) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.register_buffer("log_sizes", sizes.log())
        self.pull = pull

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        goal, weights = self.split(outputs, target)
        gap = self.curves(outputs) - self.curves(goal)
        coordinates = nn.functional.smooth_l1_loss(
            outputs, goal.expand_as(outputs), reduction="none"
        )
        loss = gap.square().mean(dim=-1) + self.pull * coordinates.mean(dim=-1)
        return (loss * weights).mean()

    def curves(self, coordinates: Tensor) -> Tensor:
        """Evaluate the curves of standardised coordinates, shape (..., n_sizes)."""
        values = coordinates * self.scale + self.mean
        start = torch.sigmoid(values[..., 0, None])
        plateau = start + (1 - start) * torch.sigmoid(values[..., 3, None])
        slope = values[..., 1, None].clamp(-MAX_LOG_SLOPE, MAX_LOG_SLOPE).exp()
        half = values[..., 2, None].clamp(-MAX_LOG_HALF, MAX_LOG_HALF)
        below = torch.sigmoid(slope * (half - self.log_sizes))
        return start * below + plateau * (1 - below)
