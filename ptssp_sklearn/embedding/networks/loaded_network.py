"""A network in its place and precision, with its preprocessing: images -> features."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import paired_cosine_distances

from ptssp_sklearn.embedding.backbone import Array
from ptssp_sklearn.embedding.networks._batch_norm import fold_batch_norms
from ptssp_sklearn.embedding.networks._openvino import CompiledNetwork
from ptssp_sklearn.embedding.networks._preprocessing import Preprocessing
from ptssp_sklearn.embedding.networks._weights import import_extra, weights_digest

LEAST_COSINE = 0.999
"""Features computed in another way are taken only where they agree this well with float32."""


@dataclass(frozen=True)
class LoadedNetwork:
    """A network in its place and precision, with its preprocessing."""

    network: Any
    preprocessing: Preprocessing
    place: Any
    dtype: Any
    compiled: CompiledNetwork | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the weights."""
        return weights_digest(self.network)

    @cached_property
    def n_outputs(self) -> int:
        return self.features([self._blank()], 1).shape[1]

    def features(self, prepared: Sequence[NDArray], batch_size: int) -> Array:
        """Give the network's answer to prepared images, shape (n_images, n_outputs)."""
        torch = import_extra("torch")
        parts = []
        with torch.inference_mode():
            for start in range(0, len(prepared), batch_size):
                parts.append(self.answer(self.batch(prepared[start : start + batch_size])))
        return np.concatenate(parts).astype(np.float64)

    def batch(self, prepared: Sequence[NDArray]) -> Any:
        """Give prepared images as `answer` takes them."""
        if self.compiled is not None:
            return np.stack(prepared)
        batch = self.preprocessing.batch(prepared, self.place)
        return batch.to(self.dtype, memory_format=import_extra("torch").channels_last)

    def answer(self, batch: Any) -> NDArray[np.float32]:
        """Give the network's answer to a batch."""
        if self.compiled is not None:
            return self.compiled(batch)
        return self.network(batch).float().cpu().numpy()

    def compile(self, dtype: Any) -> LoadedNetwork:
        """Give the network compiled, for numbers of a type where features then agree.

        Raises
        ------
        ValueError
            If they do not agree in float32 either.
        """
        example = self.preprocessing.batch([self._blank()], self.place)
        for one in dict.fromkeys((dtype, self.dtype)):
            plan = CompiledNetwork(self.network, example, one, self.preprocessing.scaling)
            found = replace(self, dtype=one, compiled=plan)
            if found.agrees(self):
                return found
        raise ValueError(
            "Got engine='openvino', whose features are not those of PyTorch (cosine under "
            f"{LEAST_COSINE}) for this network. Use engine='torch'."
        )

    def folded(self) -> LoadedNetwork:
        """Give the network without batch normalisations, or itself where that changes it."""
        folded = self._fold()
        return folded if folded is not self and folded.agrees(self) else self

    def restored(self, state: dict[str, Any]) -> LoadedNetwork:
        """Give the network with weights it was stored with, folded or as it was built."""
        torch = import_extra("torch")
        same = state.keys() == self.network.state_dict().keys()
        answer = self if same else self._fold()
        answer.network.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()})
        return answer.folded() if same else answer

    def _blank(self) -> NDArray:
        return self.preprocessing.prepare(np.zeros((32, 32, 3), np.uint8))

    def _fold(self) -> LoadedNetwork:
        torch = import_extra("torch")
        example = self.preprocessing.batch([self._blank()], self.place)
        network = fold_batch_norms(self.network, example)
        if network is None:
            return self
        network = network.to(memory_format=torch.channels_last)
        return replace(self, network=network)

    def reduced(self) -> LoadedNetwork:
        """Give the network in bfloat16."""
        dtype = import_extra("torch").bfloat16
        return replace(self, network=copy.deepcopy(self.network).to(dtype), dtype=dtype)

    def agrees(self, other: LoadedNetwork) -> bool:
        """Tell whether features of a few test images point the same way as the other's."""
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (4, 8, 8, 3), dtype=np.uint8).repeat(8, 1).repeat(8, 2)
        prepared = [self.preprocessing.prepare(image) for image in images]
        features = [network.features(prepared, 4) for network in (self, other)]
        return bool((1.0 - paired_cosine_distances(*features)).min() > LEAST_COSINE)
