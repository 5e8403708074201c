"""A registered model on the page: a real SQLite registry, asked by its address."""

from __future__ import annotations

import mlflow
import pytest

pytest.importorskip("streamlit", reason="the page needs the extra app")
from streamlit.testing.v1 import AppTest

from ptssp_sklearn.images.table import one_row
from ptssp_sklearn.page.server import PAGE
from ptssp_sklearn.page.session import RUSSIAN
from ptssp_sklearn.serving.answer import answer_for
from ptssp_sklearn.tracking import log_model
from tests.page.test_app import answered, files, png, said, settled, upload
from tests.scenes import task
from tests.tiny import fitted, images


@pytest.fixture
def registry(new_store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(new_store(tmp_path / "mlflow.db"))
    mlflow.set_experiment(experiment_id="0")
    example = images().iloc[:1]
    log_model(fitted(), registered_model_name="own", alias="champion", input_example=example)
    yield
    mlflow.set_tracking_uri(before)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def block_of(block, wanted):
    """Find the container an element of the page lies in."""
    for child in block.children.values():
        if child is wanted:
            return block
        found = block_of(child, wanted) if hasattr(child, "children") else None
        if found is not None:
            return found
    return None


def test_a_registered_model_answers_as_it_does_in_process(registry):
    pictures = task(5, 4, side=48)[0]
    page = settled(AppTest.from_file(str(PAGE), default_timeout=120).run())
    upload(page, "images", files(*[(f"{i}.png", png(p)) for i, p in enumerate(pictures)]))
    page.selectbox(key="model").set_value("models:/").run()
    field = settled(page).text_input(key="uri")
    field.set_value("models:/nobody@champion").run()
    error = settled(page).error[0]
    assert "'models:/nobody@champion', which cannot be had" in said([error])[0]
    assert block_of(page.main, error) is block_of(page.main, page.text_input(key="uri"))
    page.radio(key="language").set_value("ru").run()
    unknown = RUSSIAN["unknown_model"].format(uri="models:/nobody@champion")
    assert unknown.split(".")[0] in said(settled(page).error)[0].replace("&#58;", ":")
    page.radio(key="language").set_value("en")
    expected = answer_for(fitted(), one_row(list(pictures)), 0.4).sentence()
    for uri in ("models:/own@champion", "models:/own/1"):
        page.text_input(key="uri").set_value(uri).run()
        assert answered(settled(page)) == expected
        assert any(f"load_model('{uri}')" in code.value for code in page.code)
