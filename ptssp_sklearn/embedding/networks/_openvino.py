"""Networks compiled for the processor by OpenVINO."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptssp_sklearn.embedding.networks._weights import import_extra
from ptssp_sklearn.exceptions import need

ENGINES = ("torch", "openvino")

_NUMBERS = {"float32": "f32", "bfloat16": "bf16"}


class CompiledNetwork:
    """A network on the CPU, in OpenVINO's own plan of fused operations.

    Parameters
    ----------
    network : torch.nn.Module
        In evaluation mode, on the CPU.
    example : Tensor of shape (n, channels, height, width), float32
        A finished input; the number of images may change later.
    dtype : torch.dtype
        Numbers it is to run in; answers are float32 all the same.
    scaling : ndarray of shape (2, channels), or None
        Means and standard deviations of the channels. Where they stand, inputs are uint8 of
        shape (n, height, width, channels), and OpenVINO scales them: threads of torch, which
        wait at work for some time, would slow it.

    Raises
    ------
    ImportError
        If OpenVINO is missing.
    """

    def __init__(
        self,
        network: Any,
        example: Any,
        dtype: Any,
        scaling: NDArray[np.float32] | None,
    ) -> None:
        openvino = need("openvino", "engine='openvino'", "openvino")
        torch = import_extra("torch")
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of OpenVINO, which traces by torch.jit
            model = openvino.convert_model(network, example_input=example.contiguous())
        model.reshape([-1, *example.shape[1:]])
        if scaling is not None:
            model = _scaled(openvino, model, *scaling.tolist())
        settings = {
            "INFERENCE_PRECISION_HINT": _NUMBERS[str(dtype).removeprefix("torch.")],
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,
        }
        self._plan = openvino.Core().compile_model(model, "CPU", settings)

    def __call__(self, batch: NDArray) -> NDArray[np.float32]:
        """Give the network's answer to a batch; threads may ask at the same time."""
        answer = self._plan.create_infer_request().infer([np.ascontiguousarray(batch)])
        return np.array(answer[0])


def _scaled(openvino: Any, model: Any, mean: list[float], std: list[float]) -> Any:
    steps = openvino.preprocess.PrePostProcessor(model)
    part = steps.input()
    part.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    part.preprocess().convert_element_type(openvino.Type.f32).mean(mean).scale(std)
    part.model().set_layout(openvino.Layout("NCHW"))
    return steps.build()
