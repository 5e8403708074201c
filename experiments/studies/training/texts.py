"""Texts made into what a classifier takes: word numbers, or vectors of a trained encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from torch import Tensor
from torch.utils.data import Dataset

from experiments.studies.data.arrays import Pairs
from experiments.studies.models.classic import VOCABULARY
from experiments.studies.models.encoders import encoder
from experiments.studies.study import Examples
from experiments.studies.training.classify import Prepare

_RESERVED = 2
_WORD = r"(?u)\b\w+\b"
_LEAST_WORDS = 5


def word_numbers(longest: int = 400) -> Prepare:
    """Prepare texts for `TextCNN`: the words of the chosen training texts are the known ones.

    Parameters
    ----------
    longest : int
        Words of a text that are read.
    """

    def prepare(data: Examples, chosen: NDArray[np.int64], device: str) -> tuple[Dataset, Dataset]:
        texts, labels = _texts(data.train, chosen)
        counter = CountVectorizer(token_pattern=_WORD, max_features=VOCABULARY - _RESERVED)
        counter.fit(texts)
        known = {word: n + _RESERVED for word, n in counter.vocabulary_.items()}
        split = counter.build_analyzer()

        def numbers(part: Sequence[str]) -> Tensor:
            rows = torch.zeros(len(part), max(longest, _LEAST_WORDS), dtype=torch.int64)
            for row, text in zip(rows, part, strict=True):
                found = [known.get(word, 1) for word in split(text)[:longest]]
                row[: len(found)] = torch.tensor(found, dtype=torch.int64)
            return rows

        tested, answers = _texts(data.test, None)
        return Pairs(numbers(texts), labels), Pairs(numbers(tested), answers)

    return prepare


def vectors(name: str) -> Prepare:
    """Prepare texts as vectors of a trained encoder, see `Encoder`."""

    def prepare(data: Examples, chosen: NDArray[np.int64], device: str) -> tuple[Dataset, Dataset]:
        texts, labels = _texts(data.train, chosen)
        tested, answers = _texts(data.test, None)
        model = encoder(name)
        found = [torch.from_numpy(model.encode(part, device)) for part in (texts, tested)]
        return Pairs(found[0], labels), Pairs(found[1], answers)

    return prepare


def _texts(dataset: Dataset, chosen: NDArray[np.int64] | None) -> tuple[list[str], Tensor]:
    assert isinstance(dataset, Pairs)
    places = range(len(dataset)) if chosen is None else chosen.tolist()
    pairs = [dataset[i] for i in places]
    return [text for text, _ in pairs], torch.tensor([label for _, label in pairs])
