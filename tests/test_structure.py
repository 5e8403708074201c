"""What holds for the source tree: wings one way, private files, light faces, short files, a map."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import ptssp_sklearn

PACKAGE = Path(ptssp_sklearn.__file__).parent
ROOT = PACKAGE.parent

WINGS = [
    "curves", "images", "datasets", "embedding", "bayes", "regression", "pipeline", "measuring",
    "serving", "tracking", "page",
]  # fmt: skip
"""Folders of the package in the order in which data go through them."""

GROUND = {
    "_typing": 0,
    "_version": 0,
    "exceptions": 0,
    "banks": 2.5,
    "cli_output": 97,
    "cli_measure": 98,
    "cli": 99,
}
"""Files beside the wings, and the place among them at which they stand."""

EXPERIMENTS = [
    "datasets", "learners", "protocol", "evaluation", "bench", "banks", "studies",
]  # fmt: skip

HEAVY = ("torch", "mlflow", "skorch", "matplotlib")


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    of_types = [
        n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n)
    ]
    unseen = {id(below) for node in of_types for below in ast.walk(node)}
    names = set()
    for node in (node for node in ast.walk(tree) if id(node) not in unseen):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def inside(path: Path, root: str) -> set[tuple[str, ...]]:
    """Name the modules below a package that a file imports, by their parts."""
    found = {tuple(name.split(".")[1:]) for name in imports(path) if name.startswith(f"{root}.")}
    return {parts for parts in found if is_module(PACKAGE.parent / root, parts)}


def is_module(folder: Path, parts: tuple[str, ...]) -> bool:
    place = folder.joinpath(*parts)
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


def wing_of(path: Path, top: Path = PACKAGE) -> str:
    """Name the wing a file belongs to, or the file itself where it stands at the top."""
    return path.relative_to(top).parts[0].removesuffix(".py")


def place_of(name: str) -> float:
    return GROUND[name] if name in GROUND else 1 + WINGS.index(name)


def sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if path.name != "__init__.py")


def private_imports(path: Path, top: Path) -> Iterator[str]:
    """Name the private files of other wings that a file imports."""
    for parts in inside(path, top.name):
        private = any(part.startswith("_") for part in parts[1:])
        if private and wing_of(path, top) != parts[0]:
            yield ".".join(parts)


def test_the_wings_are_those_of_the_plan():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders <= set(WINGS)
    assert {path.stem for path in PACKAGE.glob("*.py")} == {"__init__", *GROUND}


@pytest.mark.parametrize("path", sources(PACKAGE), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_wing_imports_only_from_those_before_it(path):
    own = wing_of(path)
    others = {parts[0] for parts in inside(path, "ptssp_sklearn")} - {own}
    assert all(place_of(other) < place_of(own) for other in others), others


def circle_free(folder: Path, root: str, wing: str) -> None:
    graph = {}
    for path in sources(folder):
        own = (*path.relative_to(folder.parents[0]).with_suffix("").parts,)
        graph[own] = {parts for parts in inside(path, root) if parts[0] == wing} - {(wing,), own}
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("wing", sorted(p.parent.name for p in PACKAGE.glob("*/__init__.py")))
def test_inside_a_wing_imports_have_no_circle(wing):
    circle_free(PACKAGE / wing, "ptssp_sklearn", wing)


def test_a_private_file_is_imported_only_from_its_own_wing():
    found = {path.name: list(private_imports(path, PACKAGE)) for path in sources(PACKAGE)}
    assert not {name: others for name, others in found.items() if others}


def test_the_rule_of_private_files_finds_who_breaks_it(tmp_path):
    stranger = tmp_path / "ptssp_sklearn" / "serving" / "stranger.py"
    stranger.parent.mkdir(parents=True)
    stranger.write_text("from ptssp_sklearn.curves._robust import fit\n")
    assert list(private_imports(stranger, stranger.parents[1])) == ["curves._robust"]
    stranger.write_text("from ptssp_sklearn.curves import _robust\n")
    assert list(private_imports(stranger, stranger.parents[1])) == ["curves._robust"]


def test_a_folder_holds_at_most_fifteen_files():
    for folder in {path.parent for path in sources(PACKAGE)}:
        assert len([p for p in folder.glob("*.py") if p.name != "__init__.py"]) <= 15, folder


def test_the_package_never_imports_experiments_or_tests():
    for path in PACKAGE.rglob("*.py"):
        assert not {n for n in imports(path) if n.split(".")[0] in ("experiments", "tests")}


def test_folders_of_the_experiments_import_only_from_those_before_them():
    top = ROOT / "experiments"
    order = {name: place for place, name in enumerate(EXPERIMENTS)}
    for path in sources(top):
        own = wing_of(path, top)
        if own not in order:
            continue
        others = {parts[0] for parts in inside(path, "experiments")} - {own, "sources"}
        assert all(order.get(other, 99) < order[own] for other in others), (path, others)


def test_a_file_at_the_top_of_the_experiments_is_a_command():
    for path in (ROOT / "experiments").glob("*.py"):
        if path.name != "__init__.py":
            assert 'if __name__ == "__main__":' in path.read_text(), path.name


def test_no_face_loads_what_is_heavy():
    faces = sorted(f"ptssp_sklearn.{path.parent.name}" for path in PACKAGE.glob("*/__init__.py"))
    code = f"import sys, ptssp_sklearn, {', '.join(faces)}; "
    code += f"print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("face", ["ptssp_sklearn", *(f"ptssp_sklearn.{wing}" for wing in WINGS)])
def test_the_names_of_a_face_load_and_unknown_ones_do_not(face):
    if face != "ptssp_sklearn" and not (PACKAGE / face.rpartition(".")[2]).is_dir():
        pytest.skip(f"{face} is not built yet")
    module = import_module(face)
    assert module.__all__ == sorted(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None
        assert name in dir(module)
    with pytest.raises(AttributeError, match=f"No {face} attribute Embedder"):
        _ = module.Embedder


@pytest.mark.parametrize(
    "path", [*PACKAGE.rglob("*.py"), *ROOT.glob("experiments/**/*.py")], ids=lambda p: p.name
)
def test_files_and_functions_stay_short(path):
    source = path.read_text()
    assert source.count("\n") <= 300
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body:
                assert body[-1].end_lineno - body[0].lineno < 45, f"{path.name}: {node.name}"


def test_measuring_needs_only_what_a_bare_gpu_machine_has():
    beyond = "typer rich skorch safetensors matplotlib timm ultralytics dask mlflow skimage yaml"
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({beyond.split()})); "
        "import experiments.collect, experiments.datasets.procedural, "
        "experiments.datasets.cutpaste, experiments.learners.unet"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_the_architecture_page_names_every_file_of_every_wing():
    page = (ROOT / "docs" / "architecture.md").read_text()
    for folder, table in re.findall(r"\n\| in `([\w/]+)/` \|(.*?)(?=\n\n|\Z)", page, re.DOTALL):
        named = re.findall(r"^\| `([\w/]+)` \| \S", table, re.MULTILINE)
        there = [p.stem for p in (ROOT / folder).glob("*.py") if p.stem != "__init__"]
        there += [f"{p.parent.name}/" for p in (ROOT / folder).glob("*/__init__.py")]
        there += ["script/"] if (ROOT / folder / "script").is_dir() else []
        assert sorted(named) == sorted(there), folder
    shown = set(re.findall(r"\n\| in `([\w/]+)/` \|", page))
    folders = {p.parent.relative_to(ROOT).as_posix() for p in PACKAGE.rglob("__init__.py")}
    assert folders | {"experiments"} <= shown
