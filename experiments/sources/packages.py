"""Pinned packages: fetch with the ordinary client, unpack into the cache."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """One version of one package of the registry 'debian', 'npm' or 'pypi'."""

    registry: str
    name: str
    version: str

    @property
    def key(self) -> str:
        """Give the folder name of this package in the cache."""
        return f"{self.registry}-{self.name.replace('/', '-').lstrip('@')}-{self.version}"


def fetch_command(package: Package) -> list[str]:
    """Give the client's command that leaves the package's archive in the current folder.

    Raises
    ------
    ValueError
        If the registry is unknown.
    """
    if package.registry == "debian":
        return ["apt-get", "download", f"{package.name}={package.version}"]
    if package.registry == "npm":
        return ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    if package.registry == "pypi":
        pinned = f"{package.name}=={package.version}"
        return [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", pinned]
    raise ValueError(
        f"Got registry={package.registry!r} for {package.name}, expected debian, npm or pypi."
    )


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a .deb, .tgz, .tar.gz, .whl or .zip into `folder`.

    Raises
    ------
    ValueError
        If it is of another kind.
    """
    if archive.suffix == ".deb":
        subprocess.run(["dpkg-deb", "-x", str(archive), str(folder)], check=True)
    elif archive.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
    elif archive.name.endswith((".tgz", ".tar.gz")):
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    else:
        raise ValueError(f"Got {archive.name}, expected a .deb, .tgz, .tar.gz, .whl or .zip.")


def fetched(package: Package, cache: Path) -> Path:
    """Give the folder of the unpacked package, fetched first where the cache lacks it."""
    folder = cache / package.key
    if (folder / ".complete").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    download = folder / "download"
    download.mkdir(parents=True)
    subprocess.run(fetch_command(package), cwd=download, check=True, capture_output=True)
    for archive in sorted(download.iterdir()):
        unpack(archive, folder)
    shutil.rmtree(download)
    (folder / ".complete").write_text(json.dumps(package.__dict__) + "\n", encoding="utf-8")
    return folder
