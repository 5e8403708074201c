"""``ptssp serve``: MLflow's scoring server behind a guard, the model loaded without its code."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ptssp_sklearn.exceptions import need_mlflow
from ptssp_sklearn.pipeline.persistence import load_model as read_pipeline
from ptssp_sklearn.pipeline.pretrained import load_pretrained, pretrained_names
from ptssp_sklearn.pipeline.training_size import TrainingSizePipeline
from ptssp_sklearn.serving.handler import (
    Answerer,
    check_column_names,
    check_param_names,
    input_columns,
)
from ptssp_sklearn.serving.limits import DEFAULT_LIMITS, Limits, RequestError, check_row_count
from ptssp_sklearn.serving.mlflow_model import load_model, signature

_FORMS = ("dataframe_split", "dataframe_records")
_INVOCATIONS = "/invocations"
_PATIENCE = 4


def serve(model: str, *, host: str = "127.0.0.1", port: int = 5001, timeout: int = 300) -> None:
    """Serve a model over HTTP until the process is ended.

    Parameters
    ----------
    model : str
        A shipped model, a ``.safetensors`` file, or an MLflow model such as
        ``models:/ptssp@champion``.
    host : str, default="127.0.0.1"
    port : int, default=5001
        Port 5000 is taken by AirPlay on macOS.
    timeout : int, default=300
        Seconds after which a request is given up.
    """
    need_mlflow()
    import uvicorn

    os.environ["MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT"] = str(timeout)
    uvicorn.run(make_app(find_model(model)), host=host, port=port, log_level="warning")


def find_model(name: str) -> TrainingSizePipeline:
    """Load a shipped model, a file of `save_model` or an MLflow model, by what it is called."""
    if name in pretrained_names():
        return load_pretrained(name)
    if name.endswith(".safetensors"):
        return read_pipeline(name)
    if ":" not in name and not os.path.isdir(name):
        raise ValueError(
            f"Got the model {name!r}, expected {', '.join(pretrained_names())}, a .safetensors "
            "file, or an MLflow model such as models:/ptssp@champion."
        )
    return load_model(name)


def make_app(pipeline: TrainingSizePipeline, limits: Limits = DEFAULT_LIMITS) -> RequestGuard:
    """Build the ASGI application that serves a pipeline.

    Parameters
    ----------
    pipeline : TrainingSizePipeline
        Fitted.
    limits : Limits
    """
    need_mlflow()
    from mlflow.models import Model
    from mlflow.pyfunc import PyFuncModel, scoring_server

    meta = Model(signature=signature(pipeline))
    model = PyFuncModel(model_meta=meta, model_impl=_Implementation(Answerer(pipeline, limits)))
    app = scoring_server.init(model)
    return RequestGuard(app, limits, input_columns(pipeline, limits))


class _Implementation:
    """What MLflow's server calls."""

    def __init__(self, answerer: Answerer) -> None:
        self.answerer = answerer

    def predict(self, data: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        from ptssp_sklearn.serving.pyfunc import answer_or_refuse

        return answer_or_refuse(self.answerer, data, params)


class RequestGuard:
    """Refuses what MLflow's server would read whole, or drop, before the model sees it.

    A request that is too long is answered with 413 while it comes in; one that is no JSON of
    the known form, or has unknown keys, params or columns, with 400.

    Parameters
    ----------
    app : ASGI application
    limits : Limits
    columns : sequence of str
        That a table may have.
    """

    def __init__(self, app: Any, limits: Limits, columns: Sequence[str]) -> None:
        self.app = app
        self.limits = limits
        self.columns = columns

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        asked = scope["type"] == "http" and scope["path"].rstrip("/") == _INVOCATIONS
        if not asked or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        body = await self._body(receive)
        if body is None:
            most = f"{self.limits.request_bytes:,}"
            await _refuse(send, 413, f"Got a request of more than {most} bytes. Split it.")
            return
        try:
            headers = dict(scope["headers"])
            checked = await asyncio.to_thread(self._check, headers, body)
        except RequestError as error:
            await _refuse(send, 400, str(error))
            return
        headers[b"content-length"] = str(len(checked)).encode()
        await self.app(scope | {"headers": list(headers.items())}, _replay(checked, receive), send)

    async def _body(self, receive: Any) -> bytes | None:
        """Read the body, None where it is too long: what is too much is read and dropped.

        A client that still sends would not read an answer; one that never ends is cut off.
        """
        parts, length, more = [], 0, True
        while more and length <= _PATIENCE * self.limits.request_bytes:
            message = await receive()
            parts.append(message.get("body", b""))
            length += len(parts[-1])
            if length > self.limits.request_bytes:
                parts.clear()
            more = message["type"] == "http.request" and message.get("more_body", False)
        return b"".join(parts) if length <= self.limits.request_bytes else None

    def _check(self, headers: Mapping[bytes, bytes], body: bytes) -> bytes:
        """Refuse what is no request; give the body as MLflow's server takes it."""
        kind = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip()
        if kind.lower() != "application/json":
            raise RequestError(f"Got the content type {kind!r:.80}, expected application/json.")
        request = _read_json(body)
        unknown = sorted(set(request) - {*_FORMS, "params"})
        forms = [form for form in _FORMS if form in request]
        if unknown or len(forms) != 1:
            keys = ", ".join(sorted(request))
            raise RequestError(
                f"Got a request with the keys {keys:.200}, expected one of {', '.join(_FORMS)}, "
                "and params."
            )
        params = request.get("params") or {}
        if not isinstance(params, dict):
            raise RequestError(f"Got params of type {type(params).__name__}, expected an object.")
        check_param_names(params)
        names, count = _shape(forms[0], request[forms[0]])
        check_row_count(count, self.limits)
        check_column_names(names, self.columns)
        written = _write_pilots(forms[0], request[forms[0]])
        return json.dumps(request).encode() if written else body


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"Got no JSON ({type(error).__name__}), expected an object.") from None
    if not isinstance(request, dict):
        raise RequestError(f"Got JSON of type {type(request).__name__}, expected an object.")
    return request


def _shape(form: str, table: Any) -> tuple[set[str], int]:
    """Give the columns and the number of rows of a table in JSON."""
    if form == "dataframe_records":
        if not isinstance(table, list) or not all(isinstance(row, dict) for row in table):
            raise RequestError("Got dataframe_records of another form, expected a list of objects.")
        return {name for row in table for name in row}, len(table)
    parts = table if isinstance(table, dict) else {}
    columns, data = parts.get("columns"), parts.get("data")
    if not isinstance(columns, list) or not isinstance(data, list):
        raise RequestError("Got dataframe_split of another form, expected columns and data.")
    names = {str(name) for name in columns}
    if len(names) != len(columns):
        raise RequestError("Got a column twice in dataframe_split, expected every column once.")
    return names, len(data)


def _write_pilots(form: str, table: Any) -> bool:
    """Write pilots that are lists as JSON, which the signature asks for; tell if there are any."""
    if form == "dataframe_records":
        places: list[tuple[Any, Any]] = [(row, "pilot") for row in table if "pilot" in row]
    else:
        columns = list(table["columns"])
        at = columns.index("pilot") if "pilot" in columns else len(columns)
        places = [(row, at) for row in table["data"] if isinstance(row, list) and at < len(row)]
    cells = [(row, place) for row, place in places if isinstance(row[place], list)]
    for row, place in cells:
        row[place] = json.dumps(row[place])
    return bool(cells)


def _replay(body: bytes, receive: Any) -> Any:
    """Give the application the body that was read already, then what else comes."""
    parts = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def again() -> Any:
        first = next(parts, None)
        return await receive() if first is None else first

    return again


async def _refuse(send: Any, status: int, message: str) -> None:
    body = json.dumps({"error_code": "INVALID_PARAMETER_VALUE", "message": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
