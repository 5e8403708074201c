from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from ptssp_sklearn import ImageEmbedder, SigmoidCurveFitter, load_pretrained
from tests.tiny import curves, fitted, plain_images, unfitted

SETTINGS = {
    "pandas": {"transform_output": "pandas"},
    "polars": {"transform_output": "polars"},
    "routing": {"enable_metadata_routing": True},
    "both": {"transform_output": "pandas", "enable_metadata_routing": True},
}
X, Y = plain_images(), curves()


@pytest.fixture(scope="module")
def usual():
    return unfitted().fit(X, Y)


def asked(model) -> list:
    one = X.iloc[:1]
    return [
        model.predict(X),
        model.predict_curve(X, [10, 100]),
        model.predict_curve(X, [10, 100], quantiles=[0.1, 0.9]),
        model.required_size(X, 0.3),
        model.required_size(X, 0.3, interval=0.9, pilot=Y.iloc[:, :2]).to_numpy(),
        model.reach_probability(X, 0.3),
        model.predict_distribution(X).central_params(),
        model.out_of_domain(X),
        model.neighbours(one)["distance"],
        model.plan(one, 0.3)[0].rounds.to_numpy(),
        model.adapt(Y.iloc[:4]).predict(None),
        [model.score(X, Y)],
    ]


@pytest.mark.parametrize("name", SETTINGS)
def test_every_method_gives_the_same_under_every_setting(name, usual):
    if name == "polars":
        pytest.importorskip("polars")
    expected = asked(usual)
    with config_context(**SETTINGS[name]):
        for model in (usual, unfitted().fit(X, Y), clone(usual).fit(X, Y)):
            for found, right in zip(asked(model), expected, strict=True):
                np.testing.assert_array_equal(found, right)
        assert ImageEmbedder().fit_transform(X).shape == (8, 196)
        assert SigmoidCurveFitter().fit_transform(Y).shape == (8, 4)
        assert load_pretrained("detectors").required_size(None, 0.3).shape == (1,)


def test_groups_reach_the_last_step_under_routing_and_without(usual):
    groups = np.arange(len(X)) // 2
    prefixed = unfitted().fit(X, Y, regress__groups=groups).predict(X)
    assert not np.array_equal(prefixed, usual.predict(X))
    with config_context(enable_metadata_routing=True):
        np.testing.assert_array_equal(unfitted().fit(X, Y, groups=groups).predict(X), prefixed)
        assert np.isfinite(cross_val_score(unfitted(), X, Y, cv=2)).all()


def test_tables_are_joined_by_name(usual):
    np.testing.assert_array_equal(unfitted().fit(X, Y[::-1]).predict(X), usual.predict(X))
    assert usual.score(X, Y[::-1]) == usual.score(X, Y)
    pilot = Y.iloc[:, :2]
    np.testing.assert_array_equal(
        usual.required_size(X, 0.3, pilot=pilot[::-1]), usual.required_size(X, 0.3, pilot=pilot)
    )
    unnamed = Y.reset_index(drop=True)
    np.testing.assert_array_equal(unfitted().fit(X, unnamed).predict(X), usual.predict(X))


def test_other_names_are_refused_and_so_are_double_ones_in_another_order():
    other = Y.set_axis([f"z{i}" for i in range(len(Y))])
    for ask in (unfitted().fit, fitted().score):
        with pytest.raises(ValueError, match="row 'z0', which X does not name"):
            ask(X, other)
    names = ["a", "a", *X.index[2:]]
    with pytest.raises(ValueError, match="different orders, with 'a' in several rows"):
        unfitted().fit(X.set_axis(names), Y.set_axis(names)[::-1])


@pytest.mark.parametrize("name", ["sample_weight", "regress__sample_weight"])
def test_sample_weights_are_refused_in_one_line(name, usual):
    for ask in (unfitted().fit, usual.score):
        with pytest.raises(TypeError, match=f"Got {name}, but curves are not weighted") as error:
            ask(X, Y, **{name: np.ones(len(X))})
        assert "\n" not in str(error.value)


def test_scorers_of_scikit_learn_compare_parameters(usual):
    params = pd.DataFrame(SigmoidCurveFitter().fit_transform(Y), columns=list("ABCD"))
    scores = cross_val_score(unfitted(), X, params, cv=2, scoring="neg_mean_absolute_error")
    assert (scores < 0).all()
    with pytest.raises(ValueError, match="different number of output"):
        cross_val_score(unfitted(), X, Y, cv=2, scoring="r2", error_score="raise")
