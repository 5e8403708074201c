"""Downloads from a server on loopback that speaks the endpoints the roboflow package asks."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec

import pytest

from experiments.datasets.roboflow import KEY, download

SECRET = "s3cret-Key/with+signs"
PROJECT = {
    "annotation": "test", "classes": {}, "colors": {}, "created": 0, "id": "arm/feet", "images": 1,
    "name": "feet", "public": True, "splits": {}, "type": "instance-segmentation",
    "unannotated": 0, "updated": 0,
}  # fmt: skip
VERSION = {
    "id": "arm/feet/2", "augmentation": {}, "created": 0, "images": 1, "preprocessing": {},
    "splits": {}, "exports": ["yolov11"], "generating": False, "progress": 1,
}  # fmt: skip

RUN = """
import logging, sys
logging.basicConfig(level=logging.DEBUG)
from experiments.datasets.roboflow import download
try:
    print("got", download(sys.argv[1], sys.argv[2]))
except ValueError as error:
    print("refused", error, "| behind it:", error.__cause__, error.__context__)
"""


def archive(names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name in names:
            packed.writestr(name, "names: [foot]\n" if name == "data.yaml" else "x")
    return buffer.getvalue()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.reply({"workspace": "me"})

    def do_GET(self):
        path = self.path.partition("?")[0]
        answers = {
            "/arm": {"workspace": {"name": "arm", "url": "arm", "projects": []}},
            "/arm/feet": {"project": PROJECT, "versions": [VERSION]},
            "/arm/feet/2": {"version": VERSION},
            "/arm/feet/2/yolov11": {"export": {"link": self.server.base + "/data.zip"}},
        }
        self.server.asked.append(path)
        if path == "/data.zip":
            self.reply(archive(self.server.names))
        elif path in answers:
            self.reply(answers[path])
        else:
            self.reply({"error": f"no such thing for {self.path}, key {SECRET}"}, 404)

    def reply(self, content, status=200):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    if find_spec("roboflow") is None:
        pytest.skip("needs roboflow")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.base = f"http://127.0.0.1:{server.server_port}"
        server.asked, server.names = [], ["data.yaml", "train/images/a.png"]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(server, spec, folder):
    env = {**os.environ, KEY: SECRET, "API_URL": server.base, "HOME": str(folder.parent)}
    command = [sys.executable, "-c", RUN, spec, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert SECRET not in done.stdout + done.stderr
    assert "s3cret" not in done.stdout + done.stderr
    return done.stdout.strip()


def test_dataset_is_downloaded_once(server, tmp_path):
    folder = tmp_path / "data"
    assert run(server, "arm/feet/2", folder) == f"got {folder / 'arm-feet-2'}"
    assert [p.name for p in folder.iterdir()] == ["arm-feet-2"]
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert sorted(p.name for p in files) == ["a.png", "data.yaml"]
    assert not any(SECRET.encode() in p.read_bytes() for p in files)
    assert "/data.zip" in server.asked
    server.asked.clear()
    assert download("arm/feet/2", folder) == folder / "arm-feet-2"
    assert server.asked == []


@pytest.mark.parametrize("spec", ["arm/hands/2", "arm/feet/3", "leg/feet/2"])
def test_refusal_of_the_server_leaves_no_key_and_no_files(server, tmp_path, spec):
    said = run(server, spec, tmp_path / "data")
    assert said.startswith(f"refused Downloading {spec} failed: ")
    assert said.endswith("behind it: None None")
    assert list((tmp_path / "data").iterdir()) == []


def test_archive_without_data_yaml_is_refused(server, tmp_path):
    server.names = ["train/images/a.png"]
    said = run(server, "arm/feet/2", tmp_path / "data")
    assert "failed" in said or "gave no data.yaml" in said
    assert list((tmp_path / "data").iterdir()) == []


@pytest.mark.parametrize("spec", ["feet", "arm/feet", "arm/feet/x", "arm/../2", "a/b/0", "a/b/1/2"])
def test_malformed_spec_is_refused(tmp_path, spec):
    with pytest.raises(ValueError, match="expected workspace/project/version"):
        download(spec, tmp_path)


def test_missing_key_names_the_variable(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    with pytest.raises(ValueError, match=f"Set the environment variable {KEY}"):
        download("arm/feet/2", tmp_path)


def test_missing_package_names_its_install_line(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY, SECRET)
    monkeypatch.setitem(sys.modules, "roboflow", None)
    with pytest.raises(ValueError, match="pip install roboflow"):
        download("arm/feet/2", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_half_a_folder_is_not_taken_for_a_dataset(tmp_path):
    (tmp_path / "arm-feet-2").mkdir()
    with pytest.raises(ValueError, match=r"without a data\.yaml"):
        download("arm/feet/2", tmp_path)
