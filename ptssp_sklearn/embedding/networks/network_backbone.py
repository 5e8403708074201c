"""Networks as feature extractors: loaded once a process, batches, precision."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections import OrderedDict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.embedding.backbone import Array, Backbone, Images, Masks
from ptssp_sklearn.embedding.networks._preprocessing import Preprocess, Preprocessing
from ptssp_sklearn.embedding.networks._weights import import_extra
from ptssp_sklearn.embedding.networks.loaded_network import LoadedNetwork

PRECISIONS = ("auto", "float32", "bfloat16")

_KEPT = 2
_version = cache(version)
_loaded: OrderedDict[tuple, LoadedNetwork] = OrderedDict()
_lock = threading.RLock()


class NetworkBackbone(Backbone):
    """A network's features of the image, of its objects alone and of its background alone.

    Objects and background are seen by the same network, with the rest of the image
    painted in its mean colour. The last two networks stay loaded, for all extractors of
    the process that ask for the same.

    Parameters
    ----------
    model : str, optional
        Architecture, where the backbone has a choice.
    weights : str or Path, optional
        A local file of weights (a state dict), or a name the backbone's package knows.
    device : str
        ``"auto"`` takes a GPU where there is one.
    batch_size : int
        Most images a forward pass; on a CPU at most `cpu_batch_size`.
    precision : {"auto", "float32", "bfloat16"}
        ``"auto"`` takes bfloat16 where the processor has instructions for it and the
        features agree with float32 (cosine at least 0.999 on test images).
    engine : {"torch", "openvino"}
        What runs the network; OpenVINO on the CPU only.

    Attributes
    ----------
    cpu_batch_size : int or None
        For networks of convolutions: what their layers hand on stays in the processor's
        cache where images are few, and their threads wait for each other often, which is
        slow while others decode.
    """

    package: str = "torch"
    cpu_batch_size: int | None = None
    default_model: str | None = None
    n_outputs: int

    def __init__(
        self,
        *,
        model: str | None = None,
        weights: str | Path | None = None,
        device: str = "auto",
        batch_size: int = 32,
        precision: str = "auto",
        engine: str = "torch",
    ) -> None:
        self.model = model or self.default_model
        self.weights = weights
        self.device = device
        self.precision = precision
        self.engine = engine
        self._loaded = self._load()
        most = self.cpu_batch_size if self._loaded.place.type == "cpu" else None
        self.batch_size = min(batch_size, most or batch_size)
        self.in_turn = most is not None
        self.n_outputs = self._loaded.n_outputs
        self.image_names = tuple(f"{i}" for i in range(self.n_outputs))
        self.mask_names = tuple(
            f"{part}_{i}" for part in ("object", "background") for i in range(self.n_outputs)
        )

    @abstractmethod
    def build(self, *, pretrained: bool) -> tuple[Any, Preprocess]:
        """Give the network on the CPU, and what turns a PIL image into its input tensor."""

    @property
    def loaded(self) -> LoadedNetwork:
        """The network as it runs; loaded again after unpickling."""
        if self._loaded is None:
            self._loaded = self._load(vars(self).pop("_state", None))
        return self._loaded

    def prepare(self, image: Any, mask: Any | None) -> tuple[Any, Any | None]:
        prepare = self.loaded.preprocessing.prepare
        if mask is None:
            return prepare(image), None
        parts = [prepare(_paint_out(image, hidden)) for hidden in (mask == 0, mask > 0)]
        return prepare(image), np.stack(parts)

    def image_features(self, images: Images) -> Array:
        return self.loaded.features(images, self.batch_size)

    def mask_features(self, images: Images, masks: Masks) -> Array:
        parts = self.loaded.features([part for mask in masks for part in mask], self.batch_size)
        return parts.reshape(len(masks), -1)

    def settings(self) -> str:
        loaded = self.loaded
        names = dict.fromkeys(("torch", "pillow", self.engine))
        packages = [f"{name} {_version(name)}" for name in names]
        about = (self.model, loaded.dtype, loaded.place.type, loaded.digest, packages)
        return f"{about} {loaded.preprocessing}"

    def _load(self, state: dict[str, Any] | None = None) -> LoadedNetwork:
        import_extra(self.package)
        if state is not None:
            return self._build(state)
        how = (self.device, self.precision, self.engine)
        key = (type(self), self.model, _file(self.weights), *how)
        with _lock:
            if key not in _loaded:
                _loaded[key] = self._build(None)
            _loaded.move_to_end(key)
            while len(_loaded) > _KEPT:
                _loaded.popitem(last=False)
            return _loaded[key]

    def _build(self, state: dict[str, Any] | None) -> LoadedNetwork:
        torch = import_extra("torch")
        place = self._place(torch)
        network, whole = self.build(pretrained=state is None)
        network = network.eval().requires_grad_(False).to(place)
        network = network.to(memory_format=torch.channels_last)
        exact = LoadedNetwork(network, Preprocessing.of(whole), place, torch.float32)
        exact = exact.folded() if state is None else exact.restored(state)
        chosen = self._in_precision(exact)
        return chosen if self.engine == "torch" else exact.compile(chosen.dtype)

    def _place(self, torch: Any) -> Any:
        auto = "cuda" if torch.cuda.is_available() and self.engine == "torch" else "cpu"
        place = torch.device(auto if self.device == "auto" else self.device)
        if self.engine == "openvino" and place.type != "cpu":
            raise ValueError(
                f"Got engine='openvino' on the device {place}, expected the CPU. Pass "
                "device='cpu' or engine='torch'."
            )
        return place

    def _in_precision(self, exact: LoadedNetwork) -> LoadedNetwork:
        auto = self.precision == "auto"
        if self.precision == "float32" or (auto and not fast_bfloat16(exact.place)):
            return exact
        reduced = exact.reduced()
        if auto and not reduced.agrees(exact):
            return exact
        return reduced

    def __getstate__(self) -> dict[str, Any]:
        state = {**vars(self), "_loaded": None}
        if self.keep_weights:
            tensors = self.loaded.network.state_dict()
            floats = {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}
            state["_state"] = {k: v.cpu().numpy() for k, v in floats.items()}
        return state


def _file(weights: str | Path | None) -> tuple[str, int, int]:
    """Name weights, and a file of weights by its size and time too."""
    path = Path(str(weights))
    found = path.stat() if weights is not None and path.is_file() else None
    return (str(weights), found.st_size, found.st_mtime_ns) if found else (str(weights), 0, 0)


def _paint_out(image: NDArray[np.uint8], hidden: NDArray[np.bool_]) -> NDArray[np.uint8]:
    painted = image.copy()
    painted[hidden] = image.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    return painted


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
