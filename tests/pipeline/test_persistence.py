from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from ptssp_sklearn import SigmoidCurveFitter, TrainingSizePipeline, make_training_size_pipeline
from ptssp_sklearn.pipeline.persistence import load_model, save_model
from tests.scenes import table

QUICK = {"n_networks": 2, "n_steps": 20}


@pytest.fixture(scope="module")
def fitted():
    X = table(8, 2)
    X.loc[4:, ["mask_1", "mask_2"]] = None
    params = np.column_stack(
        [np.full(8, 0.1), np.ones(8), np.geomspace(5, 500, 8), np.full(8, 0.9)]
    )
    return make_training_size_pipeline(**QUICK).fit(X, params), X


@pytest.fixture
def stored(fitted, tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(fitted[0], path, about={"name": "test"})
    return path


def test_a_fresh_process_gives_identical_answers(fitted, stored):
    pipe, X = fitted
    code = (
        "import json, sys; from ptssp_sklearn.pipeline.persistence import load_model; "
        "from tests.scenes import table; X = table(8, 2); "
        "X.loc[4:, ['mask_1', 'mask_2']] = None; "
        "print(json.dumps(load_model(sys.argv[1]).predict(X).tolist()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(stored)], capture_output=True, text=True, check=True
    )
    assert np.allclose(json.loads(done.stdout), pipe.predict(X), rtol=1e-6)


def test_what_a_model_remembers_is_stored(fitted, stored):
    pipe, X = fitted
    again = load_model(stored)
    assert again.training_curves.equals(pipe.training_curves)
    assert np.allclose(again.out_of_domain(X), pipe.out_of_domain(X))
    assert again.neighbours(X, 2)["dataset"].equals(pipe.neighbours(X, 2)["dataset"])
    moved = pipe.adapt(pipe.training_curves.iloc[:3])
    save_model(moved, stored)
    assert np.allclose(load_model(stored).predict(X), moved.predict(X), rtol=1e-6)


def test_a_loaded_model_can_be_fitted_again(fitted, stored):
    pipe, X = fitted
    again = load_model(stored)
    assert again.about_ == {"name": "test"}
    params = pipe.predict(X)
    assert again.fit(X, params).predict(X).shape == (8, 4)


def test_damaged_files_are_refused(stored, tmp_path):
    whole = stored.read_bytes()
    for name, data in {"cut": whole[: len(whole) // 2], "empty": b"", "text": b"hello"}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ValueError, match="expected a model written by ptssp_sklearn"):
            load_model(tmp_path / name)
    with pytest.raises(ValueError, match=r"nowhere\.safetensors"):
        load_model(tmp_path / "nowhere.safetensors")


def test_other_safetensors_and_newer_formats_are_refused(stored, tmp_path):
    other = tmp_path / "other.safetensors"
    save_file({"a": np.zeros(3)}, other)
    with pytest.raises(ValueError, match="expected a model"):
        load_model(other)
    newer = json.dumps({"format": 99, "version": "9.0"})
    save_file(load_file(stored), other, metadata={"ptssp_sklearn": newer})
    with pytest.raises(ValueError, match=r"written by ptssp_sklearn 9\.0"):
        load_model(other)


def test_a_failed_save_leaves_the_old_file(stored, fitted, tmp_path):
    before = stored.read_bytes()
    with pytest.raises(TypeError):
        save_model(fitted[0], stored, about={"name": object()})
    assert stored.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [stored.name]


def test_other_pipelines_are_refused(tmp_path):
    with pytest.raises(ValueError, match="expected"):
        save_model(TrainingSizePipeline([("fit", SigmoidCurveFitter())]), tmp_path / "x")
