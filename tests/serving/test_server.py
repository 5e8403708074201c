"""The whole way through real processes: a tracking server, two scoring servers, many clients."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest

from experiments.bench.server_process import MLFLOW, PTSSP, ask, free_port, running
from ptssp_sklearn.serving.handler import OUTPUT_COLUMNS, encode_images
from ptssp_sklearn.tracking import compare, load_model, log_assessment, log_model, track
from ptssp_sklearn.tracking.evaluation import assess
from tests.hostile import bomb, encode, file_of
from tests.scenes import scene
from tests.tiny import curves, images, plain_images, unfitted

CLIENTS = 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def tracking_uri(folder, new_store):
    """Run a tracking server on a database and a folder of its own."""
    port = free_port()
    place = ["--backend-store-uri", new_store(folder / "runs.db"), "--workers", "1"]
    place += ["--artifacts-destination", str(folder / "artifacts")]
    with running([*MLFLOW, "server", *place], port, folder):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def winner(tracking_uri):
    """Train two pipelines, compare them, register the better one as champion."""
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(tracking_uri)
    X, y = images(), curves()
    candidates = {"short": unfitted(n_steps=1), "long": unfitted(n_steps=30)}
    with track("choose", experiment="quads") as run:
        table = compare(candidates, plain_images().iloc[:, :1], y, cv=2)
        best = candidates[table.index[0]].fit(X, y)
        log_assessment(assess(best, plain_images(), y))
        log_model(best, registered_model_name="ptssp", alias="champion", input_example=X.iloc[:1])
    yield best, run.info.run_id
    mlflow.set_tracking_uri(before)


@pytest.fixture(scope="module")
def ptssp_port(winner, tracking_uri, folder):
    command = [*PTSSP, "serve", "--model", "models:/ptssp@champion"]
    with running(command, free_port(), folder, MLFLOW_TRACKING_URI=tracking_uri) as port:
        yield port


@pytest.fixture(scope="module")
def mlflow_port(winner, tracking_uri, folder):
    command = [*MLFLOW, "models", "serve", "-m", "models:/ptssp@champion"]
    command += ["--env-manager", "local"]
    with running(command, free_port(), folder, MLFLOW_TRACKING_URI=tracking_uri) as port:
        yield port


@pytest.fixture(params=["ptssp serve", "mlflow models serve"])
def port(request, ptssp_port, mlflow_port):
    return ptssp_port if request.param.startswith("ptssp") else mlflow_port


def request_of(table: pd.DataFrame, **params) -> dict:
    """Write a request as JSON knows it: None for a missing cell."""
    split = json.loads(table.to_json(orient="split", index=False))
    return {"dataframe_split": split, "params": {"target_map": 0.5} | params}


def good_request(row: int = 4, **params) -> dict:
    return request_of(encode_images(plain_images().iloc[[row]]), **params)


def expected(pipeline, X, target: float = 0.5) -> pd.DataFrame:
    sizes = pipeline.required_size(X, target, interval=0.9).reset_index(drop=True)
    return pd.concat([sizes, pd.DataFrame(pipeline.predict(X), columns=list("ABCD"))], axis=1)


def same(answer: str, truth: pd.DataFrame) -> bool:
    found = pd.DataFrame(json.loads(answer)["predictions"])
    assert tuple(found.columns) == OUTPUT_COLUMNS
    sizes = found[["size", "low", "high"]].astype(float).fillna(math.inf).to_numpy()
    curve = found[list("ABCD")].to_numpy(float)
    return bool(np.array_equal(sizes, truth[["size", "low", "high"]])) and np.allclose(
        curve, truth[list("ABCD")], rtol=1e-9
    )


def test_the_tracking_server_holds_the_run_and_gives_the_model_back(winner):
    pipeline, run_id = winner
    assert mlflow.get_run(run_id).data.tags["status"] == "completed"
    again = load_model("models:/ptssp@champion")
    assert np.array_equal(again.predict(images()), pipeline.predict(images()))


def test_served_answers_are_those_in_process(winner, port):
    X = images().iloc[[0, 5]]
    status, answer = ask(port, request_of(encode_images(X)))
    assert status == 200, answer
    assert same(answer, expected(winner[0], X))
    records = encode_images(X).to_dict(orient="records")
    body = {
        "dataframe_records": [{k: v for k, v in r.items() if isinstance(v, str)} for r in records]
    }
    assert ask(port, body | {"params": {"target_map": 0.5}}) == (200, answer)


def test_a_pilot_and_what_is_out_of_reach_go_through_http(winner, port):
    X = plain_images().iloc[[2]]
    table = encode_images(X).assign(pilot="[[8, 0.2], [32, 0.4]]")
    answer = json.loads(ask(port, request_of(table))[1])["predictions"][0]
    found = winner[0].required_size(X, 0.5, pilot=[(8, 0.2), (32, 0.4)], interval=0.9)
    assert answer["size"] == found["size"].iloc[0]
    status, lost = ask(port, good_request(target_map=0.999))
    assert json.loads(lost, parse_constant=pytest.fail)["predictions"][0]["high"] is None
    status, refused = ask(port, good_request(target_map=0.999, unreachable="raise"))
    assert (status, "row 0 reaches it" in refused) == (400, True)


def hostile_cells() -> dict[str, Any]:
    """Give cells that are no image one may send."""
    png = file_of(scene(0)[0])
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    return {
        "a path": "/etc/passwd",
        "a file address": "file:///etc/passwd",
        "an address": "http://127.0.0.1:1/a.png",
        "a data address": "data:image/png;base64," + encode(png),
        "a bomb": encode(bomb(20_000, 20_000)),
        "too many pixels": encode(bomb(3000, 3000)),
        "too many bytes": encode(png + bytes(21_000_000)),
        "a truncated image": encode(png[: len(png) // 2]),
        "text": encode(b"hello"),
        "an SVG": encode(svg),
        "wrong base64": "@@@@",
        "a number": 5,
    }


def hostile() -> dict[str, tuple[dict | bytes, str]]:
    """Give hostile requests and what the answer must say of them."""
    good = encode(file_of(scene(0)[0]))

    def columns(**cells: list) -> dict:
        return request_of(pd.DataFrame(cells, dtype=object))

    return {
        name: (columns(image_1=[good, cell]), "image_1 of row 1")
        for name, cell in hostile_cells().items()
    } | {
        "no image": (columns(image_1=[None]), "image_1 of row"),
        "a wrong mask": (columns(image_1=[good], mask_1=["x"]), "mask_1 of row 0"),
        "a wrong pilot": (columns(image_1=[good], pilot=["[[16, 31]]"]), "pilot of row 0"),
        "NaN as target": (good_request(target_map=math.nan), "target_map=nan"),
        "NaN as interval": (good_request(interval=math.nan), "interval nan"),
        "no target": (good_request(target_map=None), "no target_map"),
        "text as target": (good_request(target_map="half"), "target_map"),
        "an unknown param": (good_request(taget=0.5), "unknown params"),
        "an unknown image column": (columns(image_1=[good], image_99=[good]), "image_99"),
        "10,000 rows": (columns(image_1=["x"] * 10_000), "10,000 rows, expected 1 to 16"),
        "no rows": (columns(image_1=[]), "0 rows"),
        "no JSON": (b"{]", "JSON"),
        "a list": (b"[1, 2]", "list"),
    }


def test_hostile_requests_are_refused_and_the_server_stays_up(port, winner):
    for name, (body, words) in hostile().items():
        status, said = ask(port, body)
        assert status == 400, (name, said)
        assert words in json.loads(said)["message"], (name, said)
    truth = expected(winner[0], plain_images().iloc[[4]])
    status, answer = ask(port, good_request())
    assert (status, same(answer, truth)) == (200, True)


def test_the_guard_refuses_what_mlflow_reads_whole_or_drops(ptssp_port):
    unknown = request_of(pd.DataFrame({"path": ["x"]}))
    for status, words, body, kind in (
        (413, "more than 64,000,000 bytes", b" " * 64_000_001, "application/json"),
        (400, "expected an object", b"[" * 200_000, "application/json"),
        (400, "dataframe_split, params, parms", good_request() | {"parms": {}}, "application/json"),
        (400, "expected one of dataframe_split", {"inputs": [1]}, "application/json"),
        (400, "params of type list", good_request() | {"params": [1]}, "application/json"),
        (400, "content type 'text/csv'", b"image_1\nx\n", "text/csv"),
        (400, "unknown columns path", unknown, "application/json"),
    ):
        found, said = ask(ptssp_port, body, kind=kind)
        assert (found, words in json.loads(said)["message"]) == (status, True), said
    assert ask(ptssp_port, good_request())[0] == 200


def test_eight_clients_at_once_get_their_own_answers(winner, ptssp_port, mlflow_port):
    rows = [0, 2, 3, 4, 5, 6, 7] * 2
    tables = {row: images().iloc[[row]] for row in set(rows)}
    truths = {row: expected(winner[0], X) for row, X in tables.items()}
    bodies = {row: request_of(encode_images(X)) for row, X in tables.items()}
    bad = request_of(pd.DataFrame({"image_1": ["/etc/passwd"]}))

    def client(place: int) -> list[tuple[int, bool]]:
        port = (ptssp_port, mlflow_port)[place % 2]
        found = []
        for row in rows[place:] + rows[:place]:
            status, answer = ask(port, bodies[row])
            found.append((status, status == 200 and same(answer, truths[row])))
            assert ask(port, bad)[0] == 400
        return found

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = [one for found in pool.map(client, range(CLIENTS)) for one in found]
    assert answers == [(200, True)] * CLIENTS * len(rows)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--model", "nobody"], "Got the model 'nobody', expected detectors"),
        (["--model", "gone.safetensors"], "expected a model written by"),
        (["--model", "models:/nobody@champion"], "which cannot be had"),
    ],
)
def test_serve_refuses_models_it_does_not_find(options, words, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from ptssp_sklearn.cli import app

    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["serve", *options])
    assert done.exit_code == 2
    assert words in done.output
    assert done.output.count("\n") == 1
