"""The classic networks, written as the documents describe them."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

VOCABULARY = 20_000
"""Entries of the TextCNN's table of words, of which 0 is filling and 1 an unknown word."""


def mlp(n_inputs: int, n_classes: int, width: int = 512) -> nn.Sequential:
    """Give two linear layers with a ReLU between them."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(n_inputs, width), nn.ReLU(), nn.Linear(width, n_classes)
    )


def plain_cnn(n_classes: int, width: int = 32) -> nn.Sequential:
    """Give a network for 28 x 28 grey pixels: convolution, linear, max pooling and ReLU only."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise([1, width, 2 * width]):
        layers += [nn.Conv2d(n_in, n_out, 3, padding=1), nn.ReLU()]
        layers += [nn.Conv2d(n_out, n_out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    inside = 2 * width * 7**2
    head = [nn.Flatten(), nn.Linear(inside, 4 * width), nn.ReLU(), nn.Linear(4 * width, n_classes)]
    return nn.Sequential(*layers, *head)


def six_three_cnn(n_classes: int, width: int = 64) -> nn.Sequential:
    """Give six convolutions and three linear layers, batch norm, max pooling; 32 x 32 pixels."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise([3, width, 2 * width, 4 * width]):
        for n_before in (n_in, n_out):
            layers += [nn.Conv2d(n_before, n_out, 3, padding=1), nn.BatchNorm2d(n_out), nn.ReLU()]
        layers.append(nn.MaxPool2d(2))
    layers.append(nn.Flatten())
    for n_in, n_out in pairwise([4 * width * 4**2, 8 * width, 4 * width]):
        layers += [nn.Linear(n_in, n_out), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(*layers, nn.Linear(4 * width, n_classes))


class Skip(nn.Module):
    """Two convolutions with batch norm, and their input added to their output [1]_.

    References
    ----------
    .. [1] He, K., Zhang, X., Ren, S., Sun, J. (2016). Deep residual learning for image
       recognition. CVPR.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        self.beside = nn.Identity() if n_in == n_out else nn.Conv2d(n_in, n_out, 1, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, n_in, height, width) to (batch, n_out, height, width)."""
        return functional.relu(self.body(images) + self.beside(images))


def skip_cnn(n_classes: int, width: int = 32, dropout: float = 0.3) -> nn.Sequential:
    """Give three skip blocks with batch norm, ReLU, max pooling and dropout; 32 x 32 pixels."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise([3, width, 2 * width, 4 * width]):
        layers += [Skip(n_in, n_out), nn.MaxPool2d(2), nn.Dropout2d(dropout / 3)]
    inside = 4 * width * 4**2
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(dropout), nn.Linear(inside, n_classes))


class TextCNN(nn.Module):
    """Convolutions of three, four and five words, the largest of each over the text [1]_.

    Parameters
    ----------
    n_classes : int
    width : int
        Numbers a word is embedded in.
    n_filters : int
        Of each length.
    dropout : float

    References
    ----------
    .. [1] Kim, Y. (2014). Convolutional neural networks for sentence classification. EMNLP.
    """

    lengths = (3, 4, 5)

    def __init__(
        self, n_classes: int, *, width: int = 128, n_filters: int = 100, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, width, padding_idx=0)
        self.filters = nn.ModuleList(nn.Conv1d(width, n_filters, n) for n in self.lengths)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(n_filters * len(self.lengths), n_classes)

    def forward(self, words: Tensor) -> Tensor:
        """Map word numbers (batch, length), length at least 5, to (batch, n_classes)."""
        embedded = self.words(words).transpose(1, 2)
        found = [functional.relu(layer(embedded)).amax(dim=2) for layer in self.filters]
        return self.head(self.dropout(torch.cat(found, dim=1)))


class Autoencoder(nn.Module):
    """Convolutions down to an embedding and up again, for 28 x 28 grey pixels in [-1, 1].

    Parameters
    ----------
    n_embedded : int
        Numbers of the embedding; the documents allow 128.
    width : int
    """

    def __init__(self, n_embedded: int = 64, width: int = 16) -> None:
        super().__init__()
        inside = (2 * width, 7, 7)
        n_inside = 2 * width * 7**2
        self.encoder = nn.Sequential(
            nn.Conv2d(1, width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(n_inside, n_embedded),
        )
        self.decoder = nn.Sequential(
            nn.Linear(n_embedded, n_inside),
            nn.ReLU(),
            nn.Unflatten(1, inside),
            nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Give the images back from their embedding."""
        return self.decoder(self.encoder(images))
