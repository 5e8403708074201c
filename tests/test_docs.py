"""The site is built once, with its notebooks executed; every snippet of the pages is run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer
from click import Command
from typer.testing import CliRunner

import mkdocs_hooks
from ptssp_sklearn.cli import app
from tests.shared import once

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "CONTRIBUTING.md", ROOT / "README.ru.md"]
NOTEBOOKS = sorted(DOCS.glob("notebooks/*.ipynb"))


def blocks(language: str) -> list[tuple[str, str]]:
    pattern = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return [(page.stem, text) for page in PAGES for text in pattern.findall(page.read_text())]


def commands(first: str) -> list[list[str]]:
    shell = "\n".join(text for _, text in blocks("sh")).replace("\\\n", " ")
    return [found.split("#")[0].split() for found in re.findall(rf"^{first}(.*)", shell, re.M)]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, once for all workers; notebooks run as they are built."""
    return once(tmp_path_factory, "site", build)


def build(out: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


class Loaded(HTMLParser):
    """Collects what a page loads by itself, and the anchors it has."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.anchors.add(given.get("id", ""))
        loads = given.get("rel") in {"stylesheet", "preload", "icon", "modulepreload"}
        if tag in {"script", "img", "iframe"} or (tag == "link" and loads):
            self.addresses.append(given.get("src") or given.get("href", ""))


def parsed(page: Path) -> Loaded:
    loaded = Loaded()
    loaded.feed(page.read_text())
    return loaded


def test_no_page_loads_anything_from_outside(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        assert "cdnjs" not in page.read_text(), page
        outside = [a for a in parsed(page).addresses if re.match(r"(https?:)?//", a)]
        assert not outside, f"{page.relative_to(site)}: {outside}"


@pytest.mark.parametrize(("page", "kind"), [("", "package"), ("tracking", "tracking")])
def test_every_export_is_in_the_reference(site, page, kind):
    anchors = parsed(site / "reference" / page / "index.html").anchors
    names = mkdocs_hooks.exports()[kind]
    assert len(names) >= 7
    assert not set(names) - anchors


def test_methods_that_a_pipeline_inherits_are_in_the_reference(site):
    anchors = parsed(site / "reference" / "index.html").anchors
    for method in ("required_size", "plan", "adapt", "out_of_domain", "predict_curve"):
        assert f"ptssp_sklearn.pipeline.TrainingSizePipeline.{method}" in anchors


def test_the_front_page_shows_the_numbers_of_the_results_page(site):
    shown = (site / "index.html").read_text()
    summary = mkdocs_hooks.block(DOCS / "results.md", "summary")
    numbers = re.findall(r"\d+\.\d{3}|\d+%", summary)
    assert numbers
    assert all(f">{number}</td>" in shown for number in numbers)
    assert not re.search(r"0\.\d{3}", (DOCS / "index.md").read_text())


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_ran_and_show_figures(site, notebook):
    assert '"outputs": []' in notebook.read_text(), "store notebooks without outputs"
    page = (site / "notebooks" / notebook.stem / "index.html").read_text()
    assert "data:image/png;base64," in page
    assert "Traceback" not in page


def test_a_missing_block_is_named():
    with pytest.raises(ValueError, match=r"no block 'nothing' in .*results.md"):
        mkdocs_hooks.block(DOCS / "results.md", "nothing")


@pytest.mark.parametrize(("page", "text"), blocks("python"))
def test_python_on_the_pages_runs(page, text, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "tests" / "data" / "datasets" / "cvat_yolo", tmp_path / "my_dataset")
    monkeypatch.chdir(tmp_path)
    exec(compile(text, page, "exec"), {"__name__": page})


def ptssp() -> Command:
    return typer.main.get_command(app)


@pytest.mark.parametrize("words", commands("ptssp "), ids=" ".join)
def test_ptssp_commands_on_the_pages_are_understood(words):
    if "detectors" in words:
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
    else:
        name, *rest = words
        command = ptssp().commands[name]
        assert command.make_context(name, rest).params


@pytest.mark.parametrize("words", commands(r"python -m experiments\."), ids=" ".join)
def test_experiments_on_the_pages_exist(words):
    from experiments.collection.options import read_options

    name, *rest = words
    place = ROOT / "experiments" / name.replace(".", "/")
    assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()
    if name == "collect" and "--help" not in rest:
        read_options(rest)


def test_make_targets_on_the_pages_exist():
    makefile = (ROOT / "Makefile").read_text()
    for words in commands("make "):
        assert re.search(rf"^{words[0]}:", makefile, re.MULTILINE), words
