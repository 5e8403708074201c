"""The parts of `experiments` that evaluate and train; small banks, real fits."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils import Bunch

from experiments.demo import coin_tiles
from experiments.protocol.draws import Draw, embed_draws, standard_draws
from experiments.protocol.zero_shot_baselines import CANDIDATES, Fold
from ptssp_sklearn import ImageEmbedder
from ptssp_sklearn.curves.sigmoid import sigmoid_curve


@pytest.fixture(scope="module")
def fold() -> Fold:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    sizes = np.geomspace(2, 512, 6)
    params = np.column_stack(
        [np.full(60, 0.02), np.ones(60), np.exp(3 + X[:, 0]), np.full(60, 0.8)]
    )
    return Fold(sizes, X[:50], sigmoid_curve(sizes, params)[:50], X[50:], 0)


@pytest.mark.parametrize("name", CANDIDATES)
def test_every_candidate_predicts_a_curve_a_row(fold, name):
    predicted = CANDIDATES[name](fold)
    assert predicted.shape == (10, 6)
    assert ((predicted >= 0) & (predicted <= 1)).all()


def test_candidates_that_see_the_images_beat_the_mean_curve(fold):
    truth = fold.curves[-1]
    seen = Fold(fold.sizes, fold.X, fold.curves, fold.X[-1:], 0)
    gap = {name: np.abs(CANDIDATES[name](seen)[0] - truth).mean() for name in CANDIDATES}
    for name in ("ridge regression", "extremely randomised trees", "ridge and trees"):
        assert gap[name] < gap["mean curve"]


def test_draws_take_their_images_and_masks(bank):
    X = Draw((2, 5), masks=True).of(bank.X)
    assert X.columns.tolist() == ["image_1", "image_2", "mask_1", "mask_2", "labels"]
    assert set(X["labels"]) == {"masks"}
    assert X.image_2.iloc[3] is bank.X.image_5.iloc[3]
    assert Draw((1, 2, 3, 4), masks=False) in standard_draws()


def test_draws_of_four_are_apart_where_there_are_images_enough():
    for n_images, most in ((8, 2), (16, 1)):
        draws = standard_draws(n_images)
        assert len(draws) == len(set(draws)) == 14
        used = [i for draw in draws if draw.masks and draw.n_images == 4 for i in draw.images]
        assert max(used) == n_images
        assert max(map(used.count, used)) == most


def test_embedded_draws_are_read_back(bank, tmp_path, capsys):
    few = Bunch(X=bank.X.iloc[:3], name="few")
    draw = [Draw((1,), masks=False)]
    first = embed_draws(few, draw, n_jobs=1, folder=tmp_path)
    assert "embedded" in capsys.readouterr().out
    again = embed_draws(few, draw, n_jobs=1, folder=tmp_path)
    assert capsys.readouterr().out == ""
    assert np.array_equal(first[0], again[0], equal_nan=True)


def test_kept_draws_are_what_the_embedder_gives(bank, tmp_path, capsys):
    draw = Draw((1,), masks=False)
    whole = embed_draws(bank, [draw], n_jobs=1, folder=tmp_path)[0]
    if "embedded" in capsys.readouterr().out:
        pytest.skip("this processor rounds the probe otherwise: nothing kept is found")
    few = ImageEmbedder(missing="nan").fit_transform(draw.of(bank.X.iloc[:3]))
    assert whole.shape == (len(bank.y), few.shape[1])
    assert whole[:3] == pytest.approx(few, rel=1e-4, abs=1e-5, nan_ok=True)


def test_demo_tiles_hold_the_coins():
    tiles = coin_tiles()
    assert len(tiles) == 4
    counts = [len(np.unique(ids)) - 1 for _, ids in tiles]
    assert 24 <= sum(counts) <= 40
    assert all(image.shape == ids.shape for image, ids in tiles)
