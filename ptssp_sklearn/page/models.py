"""The models a user of the page may choose: shipped, registered, or uploaded."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from ptssp_sklearn.bayes.learners import learner_names
from ptssp_sklearn.bayes.metric_relation import METRIC_LABELS
from ptssp_sklearn.exceptions import InputError
from ptssp_sklearn.page.export import ModelChoice
from ptssp_sklearn.page.select import select
from ptssp_sklearn.page.session import beside, remember
from ptssp_sklearn.page.text import Words
from ptssp_sklearn.page.uploads import Upload
from ptssp_sklearn.pipeline.persistence import load_model
from ptssp_sklearn.pipeline.pretrained import load_pretrained, pretrained_names
from ptssp_sklearn.pipeline.training_size import TrainingSizePipeline
from ptssp_sklearn.pipeline.validation import knows_learners
from ptssp_sklearn.serving.limits import DEFAULT_LIMITS
from ptssp_sklearn.serving.mlflow_model import load_model as load_registered

DEFAULT = "detectors"
"""The model that the page starts with: it looks at images."""

_MEGABYTE = 1_000_000
_REGISTERED, _FILE = "models:/", ".safetensors"
_URI = re.compile(r"models:/[\w .-]+(@[\w.-]+|/\d+)")


@dataclass(frozen=True)
class Chosen:
    """A loaded model; `key` names it among the models of a session."""

    key: tuple[str, str]
    choice: ModelChoice
    model: TrainingSizePipeline


def choose_model(words: Words) -> Callable[[], Chosen]:
    """Show the choice of a model; give what loads it."""
    names = {_REGISTERED: words("registered"), _FILE: words("file")}
    options = [*sorted(pretrained_names(), key=lambda name: name != DEFAULT), *names]
    kind = select(words("model"), options, lambda name: names.get(name, name), key="model")
    uri, file = "", None
    if kind == _REGISTERED:
        uri = st.text_input(words("uri"), placeholder="models:/ptssp@champion", key="uri").strip()
    elif kind == _FILE:
        limit = DEFAULT_LIMITS.request_bytes // _MEGABYTE
        file = st.file_uploader(
            words("model_file"), type="safetensors", max_upload_size=limit, key="model_file"
        )

    def load() -> Chosen:
        with beside(words, "bad_model"):
            if kind == _REGISTERED:
                if not uri:
                    raise ValueError(words("uri_wanted"))
                return Chosen((kind, uri), ModelChoice(uri), _registered(uri))
            if kind != _FILE:
                return Chosen((kind, ""), ModelChoice(kind), _shipped(kind))
            if file is None:
                raise ValueError(words("file_wanted"))
            upload = Upload(file.name, file.getvalue())
            model = remember("model", file.file_id, lambda: _private(read_model(upload)))
            return Chosen((kind, file.file_id), ModelChoice(file.name), model)

    return load


def choose_score(words: Words, chosen: Chosen) -> Chosen:
    """Ask whose score is meant, of a model that knows several learners, and which."""
    learner = None
    if knows_learners(chosen.model.steps[-1][1]):
        learner = select(
            words("learner"), [None, *learner_names()],
            lambda name: name or words("any_learner"), key="learner",
        )  # fmt: skip
    metric = select(
        words("measure"), [None, *METRIC_LABELS],
        lambda name: METRIC_LABELS.get(name, words("own_measure")), key="metric",
    )  # fmt: skip
    return replace(chosen, choice=replace(chosen.choice, learner=learner, metric=metric))


@st.cache_resource(show_spinner=False)
def _shipped(name: str) -> TrainingSizePipeline:
    return _private(load_pretrained(name))


@st.cache_resource(show_spinner=False, ttl=60, max_entries=4)
def _registered(uri: str) -> TrainingSizePipeline:
    return _private(find_registered(uri))


def _private(model: TrainingSizePipeline) -> TrainingSizePipeline:
    """Keep a model from remembering images: its cache would outlive the session."""
    for _, step in model.steps:
        if hasattr(step, "cache_dir"):
            step.cache_dir = False
    return model


def read_model(upload: Upload) -> TrainingSizePipeline:
    """Load an uploaded file of `save_model`; nothing in it is run, nothing of it stays on disk."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.safetensors")
        file.write_bytes(upload.data)
        try:
            return load_model(file)
        except InputError as error:
            raise error.renamed(str(file), upload.name) from None


def find_registered(uri: str) -> TrainingSizePipeline:
    """Load a registered model; the name of a place is refused.

    Raises
    ------
    ValueError
        If it is not of the form ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``, or there
        is no such model.
    """
    if not _URI.fullmatch(uri):
        raise InputError(
            f"Got the model {uri!r:.80}, expected models:/NAME@ALIAS or models:/NAME/VERSION.",
            "no_uri",
            uri=f"{uri!r:.80}",
        )
    return load_registered(uri)
