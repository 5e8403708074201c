"""What features of images tell of a level: as much as they told on data sets left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from ptssp_sklearn.pipeline import load_model, save_model
from ptssp_sklearn.pipeline.training_size import TrainingSizePipeline
from ptssp_sklearn.regression import LearnerCurveRegressor
from ptssp_sklearn.regression.hierarchical.image_level import ImageLevel
from tests.published import drawn_points

N_SETS, N_FEATURES = 30, 12
COUNTS = np.tile([1.0, 2.0, 4.0, 8.0], N_SETS)
DATASET = np.repeat(np.arange(N_SETS), 4)
COLUMNS = np.arange(N_FEATURES)


def drawn(signal: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw features of which the first tells the level, the more images the better."""
    rng = np.random.default_rng(seed)
    levels = rng.normal(-1, 0.8, N_SETS)
    X = rng.normal(size=(len(DATASET), N_FEATURES))
    X[:, 0] = signal * levels[DATASET] + rng.normal(size=len(DATASET)) / np.sqrt(COUNTS)
    return X, expit(levels[DATASET])


def fitted(signal: float) -> ImageLevel | None:
    X, levels = drawn(signal)
    return ImageLevel.fit(X, levels, DATASET, COUNTS, COLUMNS)


def test_features_that_tell_the_level_are_heard_and_more_images_are_heard_more():
    level = fitted(3.0)
    X, levels = drawn(3.0, seed=1)
    hint = level.hint(X, COUNTS, 16.0, 0)
    assert np.corrcoef(hint.centre, logit(levels))[0, 1] > 0.8
    few, many = (hint.spread[n == COUNTS].mean() for n in (1, 8))
    assert many <= few < np.inf
    gaps = (hint.centre - logit(levels)) / hint.spread
    assert 0.4 < gaps.std() < 1.6


def test_features_that_tell_nothing_are_not_heard():
    level = fitted(0.0)
    if level is not None:
        X, _ = drawn(0.0, seed=1)
        assert level.hint(X, COUNTS, 16.0, 0).spread.min() > 2.0


def test_few_data_sets_are_no_ground():
    X, levels = drawn(3.0)
    few = DATASET < 9
    assert ImageLevel.fit(X[few], levels[few], DATASET[few], COUNTS[few], COLUMNS) is None


def test_a_row_without_labels_is_told_nothing():
    level = fitted(3.0)
    X, _ = drawn(3.0, seed=1)
    X[0] = np.nan
    hint = level.hint(X[:2], COUNTS[:2], 16.0, 0)
    assert np.isinf(hint.spread[0])
    assert np.isfinite(hint.centre).all()
    assert np.isfinite(hint.spread[1])


def features_of(points: pd.DataFrame) -> pd.DataFrame:
    """Give four draws of every group, of which a mask feature tells the level at 32 images."""
    rng = np.random.default_rng(2)
    asked = points[(points["learner"] == "a") & (points["size"] == 32)].set_index("group")["score"]
    names = asked.index.repeat(4)
    X = rng.normal(size=(len(names), 8))
    X[:, 0] += 4 * logit(asked[names].clip(0.02, 0.98)).to_numpy()
    X[:, -2] = np.tile(np.log([1, 2, 4, 8]), len(asked))
    columns = ["mean_mask_told", *[f"mean_mask_{k}" for k in range(5)], "log_images", "mask_share"]
    return pd.DataFrame(X, index=names, columns=columns)


@pytest.fixture(scope="module")
def regressor() -> LearnerCurveRegressor:
    points = drawn_points()
    settings = {"n_sweeps": 120, "n_burn": 40, "n_draws": 10, "random_state": 0}
    # the drawn learner "a" is no registered name, so its points stand under one that is
    points["learner"] = points["learner"].replace("a", "YOLOv5n")
    X = features_of(points.replace("YOLOv5n", "a"))
    return LearnerCurveRegressor(**settings, image_size=32).fit(X, points)


def test_images_move_the_answer_and_narrow_it(regressor):
    X = features_of(drawn_points())
    scores = drawn_points().query("learner == 'a' and size == 32").set_index("group")["score"]
    rows = X[np.isclose(X["log_images"], np.log(8))]
    curves = regressor.predict_distribution(rows.to_numpy(), learner="yolov5n")
    predicted = curves.curves([32.0]).mean(axis=1)[:, 0]
    assert np.corrcoef(predicted, scores[rows.index])[0, 1] > 0.7
    blind = regressor.predict_distribution(None, learner="yolov5n").curves([32.0]).std()
    assert curves.curves([32.0]).std(axis=1).mean() < 0.95 * blind


def test_images_of_one_learner_speak_for_another_and_a_point_outweighs_them(regressor):
    X = features_of(drawn_points()).to_numpy()
    order = np.argsort(X[:, 0])
    low, high = X[order[[5]]], X[order[[-5]]]

    def level(row, **asked):
        return regressor.predict_distribution(row, **asked).curves([32.0]).mean()

    assert level(low, learner="yolov8n") < level(high, learner="yolov8n")
    assert level(low) < level(high)
    apart = level(high, learner="yolov5n") - level(low, learner="yolov5n")
    pilot = [(32, 0.4)]
    near = level(high, learner="yolov5n", pilot=pilot) - level(low, learner="yolov5n", pilot=pilot)
    assert near < 0.3 * apart


def test_neighbours_and_novelty_are_of_the_images(regressor):
    X = features_of(drawn_points())
    found = regressor.neighbours(X.iloc[[0]].to_numpy(), 3)
    assert found["dataset"].iloc[0] == f"{X.index[0]} | YOLOv5n"
    usual, odd = regressor.out_of_domain(np.vstack([X.iloc[0], X.iloc[0] + 50]))
    assert odd > 0.95 > usual


def test_what_images_tell_is_stored(regressor, tmp_path):
    from ptssp_sklearn import ImageEmbedder

    embedder = ImageEmbedder("quick_statistics", missing="nan")
    embedder.fit(np.zeros((1, 4, 8, 8, 3), np.uint8))
    pipeline = TrainingSizePipeline([("embed", embedder), ("regress", regressor)])
    save_model(pipeline, tmp_path / "model.safetensors")
    restored = load_model(tmp_path / "model.safetensors")["regress"]
    X = features_of(drawn_points()).to_numpy()[:3]
    asked = {"learner": "yolov5n", "pilot": None}
    expected = regressor.predict_distribution(X, **asked).params
    np.testing.assert_allclose(restored.predict_distribution(X, **asked).params, expected)
    np.testing.assert_allclose(restored.out_of_domain(X), regressor.out_of_domain(X), atol=0.05)


def test_rows_named_after_no_group_are_refused(regressor):
    X = features_of(drawn_points()).rename(index={"d0": "unknown"})
    points = drawn_points().replace({"learner": {"a": "YOLOv5n"}})
    with pytest.raises(ValueError, match="Got features of 'unknown', expected only of groups"):
        regressor.learn_images(X, points)
