from __future__ import annotations

import pytest
import torch
import torchvision

from ptssp_sklearn.embedding.networks._batch_norm import fold_batch_norms


class Residual(torch.nn.Module):
    """A convolution used twice, and one used once."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = torch.nn.Conv2d(3, 3, 3, padding=1)
        self.norms = torch.nn.ModuleList([torch.nn.BatchNorm2d(3) for _ in range(2)])
        self.last = torch.nn.Conv2d(3, 4, 3, bias=False)
        self.norm = torch.nn.BatchNorm2d(4)

    def forward(self, x):
        for norm in self.norms:
            x = torch.relu(norm(self.twice(x)))
        return self.norm(self.last(x))


def with_statistics(network):
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 2)
            torch.nn.init.normal_(module.bias)
    return network.eval().requires_grad_(False)


def n_norms(network) -> int:
    return sum(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())


@pytest.mark.parametrize("make", [torchvision.models.resnet18, torchvision.models.mobilenet_v2])
def test_a_folded_network_answers_the_same(make):
    network = with_statistics(make(weights=None))
    before = n_norms(network)
    x = torch.rand(2, 3, 64, 64)
    folded = fold_batch_norms(network, x)
    assert n_norms(folded) == 0
    assert n_norms(network) == before
    for size in (64, 96):
        x = torch.rand(2, 3, size, size)
        assert torch.allclose(folded(x), network(x), rtol=1e-3, atol=1e-3 * network(x).std())


def test_a_convolution_used_twice_keeps_its_normalisations():
    network = with_statistics(Residual())
    x = torch.rand(1, 3, 8, 8)
    folded = fold_batch_norms(network, x)
    assert n_norms(folded) == 2
    assert torch.allclose(folded(x), network(x), atol=1e-5)


def test_there_may_be_nothing_to_fold():
    assert fold_batch_norms(torch.nn.Conv2d(3, 4, 3), torch.rand(1, 3, 8, 8)) is None
