from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge

from ptssp_sklearn import ImageEmbedder, TrainingSizePipeline, load_pretrained
from ptssp_sklearn.curves.metrics import curve_mae
from ptssp_sklearn.tracking._figures import assessment_figures
from ptssp_sklearn.tracking.evaluation import INTERVALS, Assessment, assess
from tests.tiny import curves, fitted, plain_images


class Oracle(BaseEstimator):
    """Knows the curves."""

    def fit(self, X, y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        sizes = np.geomspace(4, 60, 8)
        return np.column_stack([np.full(8, 0.05), np.ones(8), sizes, np.full(8, 0.8)])


def test_a_pipeline_that_knows_the_curves_has_no_error():
    pipeline = TrainingSizePipeline([("oracle", Oracle())])
    found = assess(pipeline, plain_images(), curves(noise=0.0))
    assert found.scores["curve_mae"] == pytest.approx(0, abs=1e-9)
    assert found.scores["curve_r2"] == pytest.approx(1)
    assert found.scores["size_within_2x"] == 1
    assert found.scores["size_log10_error"] < 0.02
    assert not any("coverage" in name for name in found.scores)
    assert set(assessment_figures(found)) == {"curves", "sizes"}


def test_scores_are_those_of_the_pipeline():
    pipeline, X, y = fitted(), plain_images(), curves()
    found = assess(pipeline, X, y)
    predicted = pipeline.predict_curve(X, y.columns)
    assert found.scores["curve_mae"] == pytest.approx(curve_mae(y, predicted))
    assert found.predicted.index.equals(y.index)
    row = found.sizes.iloc[0]
    first = X.loc[[row["dataset"]]]
    exact = pipeline.predict_distribution(first).required_sizes(row["target"])[0, 0]
    assert row["predicted"] == pytest.approx(exact)
    low, high = np.moveaxis(pipeline.predict_curve(X, y.columns, quantiles=[0.05, 0.95]), -1, 0)
    held = ((y >= low) & (y <= high)).to_numpy().mean()
    assert found.scores["curve_coverage"] == pytest.approx(held)
    assert found.calibration["nominal"].tolist() == list(INTERVALS)
    assert found.calibration["curve"].is_monotonic_increasing


def test_what_was_not_measured_does_not_count():
    y = curves()
    y.iloc[0, 4:] = np.nan
    found = assess(fitted(), plain_images(), y)
    errors = (found.predicted - y).abs().mean(axis=1)
    assert found.scores["curve_mae"] == pytest.approx(errors.mean())


def test_r2_is_against_the_mean_curve_that_is_given():
    y = curves()
    good, bad = (
        assess(fitted(), plain_images(), y, mean_curve=m) for m in (y.mean(), y.mean() + 0.3)
    )
    assert bad.scores["curve_r2"] > good.scores["curve_r2"]


def test_models_of_curves_alone_and_point_models_are_assessed():
    model = load_pretrained()
    found = assess(model, None, model.training_curves)
    assert 0.8 < found.scores["curve_coverage"] <= 1
    assert found.params.nunique().max() == 1
    point = TrainingSizePipeline([("embed", ImageEmbedder()), ("ridge", Ridge())])
    X = plain_images().iloc[:, :1]
    found = assess(point.fit(X, curves()), X, curves())
    assert len(found.calibration) == 0
    assert found.scores["curve_mae"] < 0.2


def test_folds_are_joined():
    X, y = plain_images(), curves()
    parts = [assess(fitted(), X.iloc[rows], y.iloc[rows]) for rows in (slice(0, 5), slice(5, 8))]
    joined = Assessment.join(parts)
    assert joined.measured.equals(y)
    assert len(joined.sizes) == sum(len(part.sizes) for part in parts)
    means = np.mean([part.scores["curve_mae"] for part in parts])
    assert joined.scores["curve_mae"] == pytest.approx(means)
    figures = assessment_figures(joined)
    assert set(figures) == {"curves", "sizes", "calibration"}
    assert len(figures["curves"].axes) == 8
