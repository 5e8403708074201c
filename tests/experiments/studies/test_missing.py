"""What a study lacks is said in one line: what, where to get it, where to put it."""

from __future__ import annotations

import pytest

from experiments.studies.__main__ import main
from experiments.studies.catalogue import CATALOGUE
from experiments.studies.models.encoders import Encoder
from experiments.studies.packages import MissingDataError, need

SOURCES = {
    "cifar10": "cs.toronto.edu", "mnist": "ossci-datasets", "text": "ai.stanford.edu",
    "imdb": "ai.stanford.edu", "pet": "robots.ox.ac.uk/~vgg", "voc": "robots.ox.ac.uk/pascal",
    "garbage": "kaggle.com",
}  # fmt: skip
FROM_TORCHVISION = [
    name for name in CATALOGUE
    if name.startswith("voc-") or (name.endswith("-last") and "lite0" not in name)
]  # fmt: skip


@pytest.mark.parametrize("there", [True, False], ids=["empty folder", "no folder"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_a_missing_data_set_is_said_by_every_study(name, there, tmp_path, capsys):
    root = tmp_path if there else tmp_path / "nowhere"
    run = ["run", name, "--data", str(root), "--results", str(tmp_path / "r"), "--no-track"]
    assert main(run) == 1
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert text.startswith("Got no ")
    assert f": there is no {root}" in text
    assert "Get it from http" in text
    assert SOURCES[name.split("-")[0]] in text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FROM_TORCHVISION)
def test_missing_weights_are_said_before_a_network_is_built(name, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(MissingDataError, match=r"Get https://download\.pytorch\.org") as caught:
        CATALOGUE[name].full.learner.build(6)
    assert "\n" not in str(caught.value)
    assert f"put it in {tmp_path}" in str(caught.value)


def test_missing_weights_of_an_encoder_are_said(tmp_path, monkeypatch):
    hub = need("huggingface_hub.constants")
    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        MissingDataError, match=r"Get https://huggingface\.co/roberta-base"
    ) as caught:
        Encoder("roberta-base")
    assert "\n" not in str(caught.value)


def test_a_missing_package_names_its_install_line():
    with pytest.raises(ImportError, match=r'pip install -e "\.\[experiments,vision\]"'):
        need("no_such_package_of_ours")
