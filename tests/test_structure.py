"""What holds for the source tree: one-way imports, light import, short files, one map of it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ptssp_sklearn

PACKAGE = Path(ptssp_sklearn.__file__).parent
ROOT = PACKAGE.parent

ORDER = [
    "_version","exceptions","sigmoid", "curves", "linear_part", "screening", "descent", "projection", "robust",
    "uncertainty", "fitting", "polygons", "images", "tables", "entries", "cache", "sources",
    "banks", "saliency", "object_statistics", "statistics", "matching", "ceilings", "landmarks",
    "parting", "unet", "rehearsal", "extractors", "weights", "preprocessing", "precision",
    "folding", "compiled", "loaded_network", "inference", "networks", "backbones", "pooling",
    "batches", "features", "progress", "embedding", "scaling", "patterns", "network", "noise",
    "mixture", "domain", "levels", "distribution", "tilting", "posterior", "pilot", "population",
    "metrics", "calibration", "targets", "losses", "training", "held_out", "expert", "prediction",
    "regression", "adaptation", "simulation", "planning", "questions", "forecasting", "advice",
    "pipeline", "persistence", "pretrained", "plotting", "outlook", "answer", "request", "serving",
    "served_pipeline", "served_model", "assessment", "figures", "provenance", "registry",
    "loss_log", "runs", "comparison", "tracking", "server", "page_text", "page_errors",
    "page_inputs", "page_pilot", "page_masks", "page_plot", "page_export", "page_session",
    "page_models", "page_widgets", "app", "page_server", "cli",
]  # fmt: skip


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def test_every_module_has_its_place():
    assert sorted(ORDER) == sorted(p.stem for p in PACKAGE.glob("*.py") if p.stem != "__init__")


@pytest.mark.parametrize("module", ORDER)
def test_modules_import_only_from_those_above(module):
    inside = {
        name.removeprefix("ptssp_sklearn.")
        for name in imports(PACKAGE / f"{module}.py")
        if name.startswith("ptssp_sklearn.")
    }
    assert inside <= set(ORDER[: ORDER.index(module)])


def test_the_package_never_imports_experiments_or_tests():
    for path in PACKAGE.glob("*.py"):
        assert not {n for n in imports(path) if n.split(".")[0] in ("experiments", "tests")}


def test_importing_the_package_imports_neither_torch_nor_mlflow():
    code = (
        "import sys, ptssp_sklearn; "
        "print([m for m in ('torch', 'mlflow', 'skorch', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_load_and_unknown_ones_do_not():
    for name in ptssp_sklearn.__all__:
        assert getattr(ptssp_sklearn, name).__doc__
        assert name in dir(ptssp_sklearn)
    with pytest.raises(AttributeError, match="No ptssp_sklearn attribute Embedder"):
        _ = ptssp_sklearn.Embedder


@pytest.mark.parametrize(
    "path", [*PACKAGE.glob("*.py"), *ROOT.glob("experiments/**/*.py")], ids=lambda p: p.name
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
    code = (
        "import sys, experiments.collect, experiments.datasets.procedural, "
        "experiments.datasets.cutpaste, experiments.learners.unet; "
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    beyond = "typer rich skorch safetensors matplotlib timm ultralytics dask mlflow skimage yaml"
    assert not set(done.stdout.split()) & set(beyond.split())


def test_the_architecture_page_names_every_module_once_in_the_order_of_imports():
    page = (ROOT / "docs" / "architecture.md").read_text()
    named: dict[str, list[str]] = {}
    for table in page.split("\n| in `")[1:]:
        named.setdefault(table.partition("/`")[0], []).extend(
            re.findall(r"^\| `([\w/]+)` \| \S", table, re.MULTILINE)
        )
    assert named["ptssp_sklearn"] == ORDER
    places = (ROOT / "experiments").iterdir()
    there = [p.stem for p in places if p.suffix == ".py" and p.stem != "__init__"]
    there += [f"{p.parent.name}/" for p in (ROOT / "experiments").glob("*/__init__.py")]
    assert sorted(named["experiments"]) == sorted(there)
