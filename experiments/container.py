"""The container without its engine: ``python -m experiments.container --folder try``.

The RUN lines of ``docker/Dockerfile`` that install are run in a virtual environment of their own;
then the commands of the services of ``compose.yaml`` are started side by side, and the health
check is asked about each. Folders of the image lie in the folder that is given, ports are free
ones of the loopback, and the line that makes the user is left to the engine.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from experiments.bench.server_process import ROOT, free_port

DOCKERFILE, COMPOSE = ROOT / "docker" / "Dockerfile", ROOT / "compose.yaml"
_PLACES = {"/opt/ptssp": "venv", "/src": "src", "/data": "data"}
_PATIENCE, _END = 300.0, 60.0


def instructions(name: str, text: str | None = None) -> list[str]:
    """List the arguments of every instruction of a name, its lines joined."""
    joined = (DOCKERFILE.read_text() if text is None else text).replace("\\\n", " ")
    return [
        line.split(maxsplit=1)[1] for line in joined.splitlines() if line.startswith(name + " ")
    ]


def services() -> dict[str, dict[str, Any]]:
    """Give the services of ``compose.yaml``."""
    return yaml.safe_load(COMPOSE.read_text())["services"]


def command_of(service: str) -> list[str]:
    """Give the command a service starts."""
    return services()[service].get("command") or json.loads(instructions("CMD")[-1])


def health_check() -> list[str]:
    """Give the command of the health check."""
    (check,) = instructions("HEALTHCHECK")
    return json.loads(check[check.index("CMD ") + 4 :])


@dataclass(frozen=True)
class Trial:
    """A folder that stands for the image, and ports that stand for its ports.

    Parameters
    ----------
    folder : Path
    ports : dict of str to int
        The port of the container to that of this machine.
    """

    folder: Path
    ports: dict[str, int]

    def here(self, text: str) -> str:
        """Say in places and ports of this machine what is said in those of the image."""
        text = text.replace("0.0.0.0", "127.0.0.1").replace("http://mlflow:", "http://127.0.0.1:")
        for port, own in self.ports.items():
            text = re.sub(rf"(?<!\d){port}(?!\d)", str(own), text)
        for place, name in _PLACES.items():
            text = re.sub(rf"{place}(?![\w-])", str(self.folder / name), text)
        return text

    def environment(self, variables: dict[str, str]) -> dict[str, str]:
        """Give the variables of the image, with those of a service, on top of this machine's."""
        pairs = re.findall(r"(\w+)=(\S+)", " ".join(instructions("ENV")))
        own = {key: self.here(value) for key, value in [*pairs, *variables.items()]}
        own["PATH"] = own["PATH"].replace("$PATH", os.environ["PATH"])
        inherited = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        return inherited | own


def install(trial: Trial, python: str, torch_index: str | None) -> None:
    """Copy what is copied and run the lines that install.

    Parameters
    ----------
    trial : Trial
    python : str
        Interpreter in place of the base image's.
    torch_index : str, optional
        In place of the Dockerfile's argument; empty takes pip's own index.
    """
    source = trial.folder / "src"
    source.mkdir(parents=True)
    (trial.folder / "data").mkdir()
    _copy(source)
    default = dict(a.split("=", 1) for a in instructions("ARG"))["TORCH_INDEX"]
    index = {"TORCH_INDEX": default if torch_index is None else torch_index}
    for line in instructions("RUN"):
        if "useradd" in line:
            print(f"left to the engine: RUN {line}", flush=True)
            continue
        print(f"RUN {line}", flush=True)
        begin = time.monotonic()
        shell = trial.here(line).replace("python -m venv", f"{python} -m venv")
        environment = trial.environment({}) | index
        subprocess.run(["sh", "-c", shell], cwd=source, env=environment, check=True)
        print(f"  {time.monotonic() - begin:.0f} s", flush=True)


def _copy(source: Path) -> None:
    for names in (c.split()[:-1] for c in instructions("COPY") if not c.startswith("--from")):
        for path in (ROOT / name for name in names):
            if path.is_dir():
                left = shutil.ignore_patterns("__pycache__")
                shutil.copytree(path, source / path.name, ignore=left)
            else:
                shutil.copy(path, source)


def start(trial: Trial, name: str, stack: ExitStack) -> subprocess.Popen:
    """Start the command of a service; it is ended with the stack."""
    command = [trial.here(part) for part in command_of(name)]
    print(f"{name}: {' '.join(command)}", flush=True)
    log = stack.enter_context((trial.folder / f"{name}.log").open("w"))
    process = subprocess.Popen(
        [str(trial.folder / "venv" / "bin" / command[0]), *command[1:]],
        cwd=trial.folder / "data",
        env=trial.environment(services()[name].get("environment", {})),
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    stack.callback(_end, name, process)
    return process


def _end(name: str, process: subprocess.Popen) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    print(f"{name}: ended with {process.wait(_END)}", flush=True)


def wait_for_health(trial: Trial, name: str, process: subprocess.Popen) -> float:
    """Run the health check until it finds a service sound; give the seconds it took.

    Raises
    ------
    RuntimeError
        If the service ends, or is not sound within five minutes; with the end of its log.
    """
    environment = trial.environment(services()[name].get("environment", {}))
    check = health_check()
    check[0] = str(trial.folder / "venv" / "bin" / check[0])
    begin = time.monotonic()
    while time.monotonic() - begin < _PATIENCE and process.poll() is None:
        if subprocess.run(check, env=environment, capture_output=True, check=False).returncode == 0:
            return time.monotonic() - begin
        time.sleep(1)
    log = (trial.folder / f"{name}.log").read_text()[-2000:]
    raise RuntimeError(f"Got no health of '{name}', expected it in {_PATIENCE:.0f} s: {log}")


def run(
    folder: Annotated[Path, typer.Option(help="Folder to make; removed by hand afterwards.")],
    torch_index: Annotated[
        str | None, typer.Option(envvar="TORCH_INDEX", help="Index of PyTorch; empty: pip's own.")
    ] = None,
    python: Annotated[str, typer.Option(help="Interpreter of the environment.")] = "python3",
) -> None:
    """Install as the Dockerfile does, start what compose.yaml starts, ask for its health."""
    if folder.exists():
        raise typer.BadParameter(f"Got --folder {folder}, which exists. Remove it or name another.")
    containers = [p.split(":")[-1] for s in services().values() for p in s["ports"]]
    trial = Trial(folder.resolve(), {port: free_port() for port in containers})
    install(trial, python, torch_index)
    with ExitStack() as stack:
        started = {name: start(trial, name, stack) for name in services()}
        for name, process in started.items():
            print(f"{name}: sound after {wait_for_health(trial, name, process):.0f} s", flush=True)


if __name__ == "__main__":
    typer.run(run)
