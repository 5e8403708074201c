"""The Dockerfile and compose.yaml: linted, read, and their commands tried, all but the engine."""

from __future__ import annotations

import http.server
import re
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import click
import pytest
import typer
import yaml

from experiments.container import (
    ROOT,
    Trial,
    command_of,
    health_check,
    instructions,
    services,
)
from ptssp_sklearn.cli import app

SERVICES = services()


def beside_python(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))


def test_the_linter_finds_nothing():
    linter = beside_python("hadolint")
    if linter is None:
        pytest.skip("needs hadolint, of the extra dev")
    done = subprocess.run(
        [linter, ROOT / "docker" / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def compose_command() -> list[str] | None:
    plugin = ["docker", "compose"]
    if shutil.which("docker"):
        done = subprocess.run([*plugin, "version"], capture_output=True, check=False)
        if done.returncode == 0:
            return plugin
    return ["docker-compose"] if shutil.which("docker-compose") else None


def test_compose_understands_its_file():
    command = compose_command()
    if command is None:
        pytest.skip("needs docker compose, or Debian's docker-compose")
    done = subprocess.run(
        [*command, "-f", ROOT / "compose.yaml", "config"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    found = yaml.safe_load(done.stdout)
    assert set(found["services"]) == {"page", "mlflow", "service"}
    assert set(found["volumes"]) == {"mlflow"}


def test_what_is_copied_is_there_and_not_ignored():
    kept = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    ]
    sources = [c.split()[:-1] for c in instructions("COPY") if not c.startswith("--from")]
    for source in (name for names in sources for name in names):
        assert (ROOT / source).exists()
        assert source in kept


def test_the_installed_extras_exist_and_torch_is_chosen_first():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    installs = [run for run in instructions("RUN") if "pip install" in run]
    assert "torch" in installs[0]
    (extras,) = re.findall(r'"\.\[(.*)\]"', installs[1])
    assert set(extras.split(",")) <= set(project["optional-dependencies"])


@pytest.mark.parametrize(
    ("index", "expected"), [("", []), ("https://i", ["--index-url", "https://i"])]
)
def test_the_index_of_torch_can_be_emptied(index, expected):
    (run,) = [run for run in instructions("RUN") if "torch" in run]
    install = run.split("&&")[1].strip().replace("/opt/ptssp/bin/python -m pip", "printf '%s\\n'")
    done = subprocess.run(
        ["sh", "-c", f"TORCH_INDEX={index}; {install}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["install", "--no-cache-dir", "torch>=2.4", *expected]


@pytest.mark.parametrize("service", ["page", "service"])
def test_ptssp_understands_the_start_commands(service):
    name, command, *arguments = command_of(service)
    assert name == "ptssp"
    group = typer.main.get_command(app)
    parsed = group.commands[command].make_context(command, arguments).params
    assert parsed["host"] == "0.0.0.0"
    assert SERVICES[service]["ports"] == [f"127.0.0.1:{parsed['port']}:{parsed['port']}"]


def test_mlflow_understands_its_start_command():
    pytest.importorskip("mlflow", reason="needs the extra mlflow")
    from mlflow.cli import cli

    name, command, *arguments = command_of("mlflow")
    assert name == "mlflow"
    parsed = cli.commands[command].make_context(command, list(arguments)).params
    assert parsed["port"] == 5000
    assert parsed["backend_store_uri"].startswith("sqlite:////data/")
    assert SERVICES["mlflow"]["volumes"] == ["mlflow:/data"]
    assert "mlflow:5000" in parsed["allowed_hosts"]
    with pytest.raises(click.exceptions.NoSuchOption):
        cli.commands[command].make_context(command, ["--no-such-option"])


class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_the_health_check_tells_sick_from_sound():
    _, *command = health_check()
    server = http.server.HTTPServer(("127.0.0.1", 0), Healthy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        for path, sound in (("/health", True), ("/else", False)):
            done = subprocess.run(
                [sys.executable, *command], env={"PTSSP_HEALTH": address + path},
                capture_output=True, check=False,
            )  # fmt: skip
            assert (done.returncode == 0) is sound
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_image_runs_without_rights_and_open_to_this_machine_only():
    assert instructions("USER") == ["1000:1000"]
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert shlex.split(instructions("EXPOSE")[0]) == ["8501"]


def test_a_trial_speaks_of_its_own_folder_and_ports(tmp_path):
    ports = {"8501": 1111, "5000": 2222, "5001": 3333}
    trial = Trial(tmp_path, ports)
    said = {name: " ".join(map(trial.here, command_of(name))) for name in SERVICES}
    assert said["page"] == "ptssp app --host 127.0.0.1 --port 1111"
    assert f"--backend-store-uri=sqlite:///{tmp_path}/data/mlflow.db" in said["mlflow"]
    assert "localhost:2222,127.0.0.1:2222" in said["mlflow"]
    assert said["service"].endswith("--port 3333 --model detectors")
    for name, service in SERVICES.items():
        there = trial.environment(service["environment"])
        health = there["PTSSP_HEALTH"]
        assert health.startswith(f"http://127.0.0.1:{ports[SERVICES[name]['ports'][0][-4:]]}/")
        assert there["PATH"].startswith(f"{tmp_path}/venv/bin:")
        assert "PYTHONPATH" not in there
    assert trial.environment(SERVICES["page"]["environment"])["MLFLOW_TRACKING_URI"].endswith(
        ":2222"
    )


def test_a_trial_runs_what_the_dockerfile_installs(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_INDEX", "https://none")
    lines = [" ".join(Trial(tmp_path, {}).here(line).split()) for line in instructions("RUN")]
    assert lines[0].startswith(f"python -m venv {tmp_path}/venv && {tmp_path}/venv/bin/python")
    assert sum("useradd" in line for line in lines) == 1
