"""An autoencoder, and a random forest on few of its embeddings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from skorch import NeuralNetRegressor
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

from experiments.studies.data.arrays import Mapped
from experiments.studies.models.classic import Autoencoder
from experiments.studies.study import Examples, Outcome, Recipe
from experiments.studies.training.classify import classification_scores, confusions
from experiments.studies.training.fitting import fit_net, seeded

N_EMBEDDED = 1000
_AT_ONCE = 256


@dataclass(frozen=True)
class EmbeddedForest:
    """Train an autoencoder without labels, a forest on 1000 labelled embeddings.

    Both see the chosen training examples only, the forest the first 1000 of them.

    Attributes
    ----------
    name : str
    build : callable
        -> autoencoder.
    n_trees : int
    """

    name: str
    build: Callable[[], Autoencoder] = Autoencoder
    n_trees: int = 300

    def describe(self) -> str:
        return self.name

    def train(
        self, data: Examples, chosen: NDArray[np.int64], recipe: Recipe, *, seed: int, device: str
    ) -> Outcome:
        """Train both; score the forest on the embeddings of the test set."""
        images = Mapped(Subset(data.train, chosen.tolist()), lambda pair: (pair[0], pair[0]))
        with seeded(seed):
            fitted = fit_net(
                NeuralNetRegressor,
                self.build(),
                images,
                data.strata[chosen],
                recipe,
                criterion=nn.MSELoss,
                device=device,
                seed=seed,
            )
            encoder = fitted.net.module_.encoder
            known = embed(encoder, Subset(data.train, chosen[:N_EMBEDDED].tolist()), device)
            vectors, truth = embed(encoder, data.test, device)
        forest = RandomForestClassifier(self.n_trees, random_state=seed).fit(*known)
        shares = np.zeros((len(truth), len(data.classes)))
        shares[:, forest.classes_] = forest.predict_proba(vectors)
        scores = classification_scores(truth, shares.argmax(axis=1))
        details = confusions(truth, shares, data.classes)
        return Outcome(scores, fitted.epochs, fitted.seconds, fitted.history, details)


def embed(
    encoder: nn.Module, dataset: Dataset, device: str
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Give the embeddings and labels of a dataset."""
    vectors, labels = [], []
    encoder.eval()
    with torch.inference_mode():
        for images, answers in DataLoader(dataset, batch_size=_AT_ONCE):
            vectors.append(encoder(images.to(device)).cpu())
            labels.append(answers)
    return torch.cat(vectors).numpy(), torch.cat(labels).numpy()
