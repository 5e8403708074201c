"""Which features predict curves on sources never seen: ``python -m experiments.features``.

Groups of features of four images and their masks, each alone and together, beside the
features of a trained network and beside monotone trees on what physics gives a sign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch

from experiments.protocol.draws import FOUR_WITH_MASKS, embed_draws
from experiments.protocol.markdown import Column, table
from experiments.protocol.measures import table_scores
from experiments.protocol.questions import fold_numbers
from ptssp_sklearn import CurveParamRegressor, ImageEmbedder, load_curve_bank
from ptssp_sklearn._typing import Array
from ptssp_sklearn.embedding.statistics.mask_perturbation import CEILING_NAMES
from ptssp_sklearn.images.table import image_table

Predict = Callable[["Split"], Array]

PAGE = Path("docs/features.md")
BANKS = ("procedural", "cutpaste", "procedural-2")
SIZES = 2.0 ** np.arange(1, 9)
N_FOLDS, N_COMPONENTS = 5, 16

CONTRASTS = ("background_distance", "channel_distance", "ring_distance", "boundary_ratio")


@dataclass(frozen=True)
class Split:
    """What one fold shows a candidate.

    Parameters
    ----------
    X, X_test : ndarray of shape (n_rows, n_features) and (n_test, n_features)
    curves : ndarray of shape (n_rows, n_sizes), fractions
    groups : ndarray of shape (n_rows,)
    names : ndarray of shape (n_features,)
        Of the features.
    seed : int
    """

    X: Array
    curves: Array
    groups: NDArray
    X_test: Array
    names: NDArray
    seed: int

    def only(self, keep: Callable[[str], bool]) -> Split:
        """Keep some features, by their names."""
        kept = np.array([keep(name) for name in self.names])
        return Split(
            self.X[:, kept],
            self.curves,
            self.groups,
            self.X_test[:, kept],
            self.names[kept],
            self.seed,
        )


def is_trained(name: str) -> bool:
    """Tell features of the trained network."""
    return name.startswith("lite0_")


def is_landmark(name: str) -> bool:
    """Tell features of the quick pixel classifier."""
    return name.startswith("landmark_") and "rehearsal" not in name


def is_ceiling(name: str) -> bool:
    """Tell whether a feature says what small, typical errors would cost (`mask_perturbation`)."""
    return name.endswith(CEILING_NAMES)


def is_mask(name: str) -> bool:
    """Tell statistics of object, boundary and background."""
    return "_mask_" in name and not is_ceiling(name)


def sign(name: str) -> int:
    """Give the direction in which a feature can only move a score, 0 where none is known."""
    if name.startswith("std_") or "_std_" in name or is_trained(name):
        return 0
    if name.endswith("loss") or name == "mean_mask_colour_overlap":
        return -1
    rises = name.startswith("landmark_") or is_ceiling(name)
    return int(rises or name in {f"mean_mask_{contrast}" for contrast in CONTRASTS})


def networks(split: Split) -> Array:
    """Predict the points of the curve by the default regressor's networks."""
    model = CurveParamRegressor(random_state=split.seed)
    return model.fit(split.X, split.curves, groups=split.groups).predict(split.X_test)


def reduced(split: Split) -> Array:
    """Predict by networks, the trained features reduced to a few principal components."""
    reducer = make_pipeline(StandardScaler(), PCA(N_COMPONENTS, random_state=split.seed))
    trained, others = split.only(is_trained), split.only(lambda name: not is_trained(name))
    names = np.concatenate([others.names, [f"lite0_{i}" for i in range(N_COMPONENTS)]])
    X = np.hstack([others.X, reducer.fit_transform(trained.X)])
    X_test = np.hstack([others.X_test, reducer.transform(trained.X_test)])
    return networks(Split(X, split.curves, split.groups, X_test, names, split.seed))


def boosted(split: Split, *, monotone: bool) -> Array:
    """Predict by boosted trees on the features with a sign, with or without heeding it."""
    part = split.only(lambda name: sign(name) != 0)
    signs = [sign(name) for name in part.names]
    trees = HistGradientBoostingRegressor(
        max_iter=80,
        learning_rate=0.08,
        max_leaf_nodes=6,
        min_samples_leaf=8,
        l2_regularization=5.0,
        max_features=0.3,
        monotonic_cst=signs if monotone else None,
        random_state=split.seed,
    )
    return MultiOutputRegressor(trees).fit(part.X, part.curves).predict(part.X_test)


def of(keep: Callable[[str], bool], predict: Predict = networks) -> Predict:
    """Give a candidate that sees some of the features."""
    return lambda split: predict(split.only(keep))


CANDIDATES: dict[str, Predict] = {
    "image statistics": of(lambda n: "_image_" in n),
    "mask statistics": of(is_mask),
    "ceilings": of(is_ceiling),
    "landmarks (pixel classifier)": of(is_landmark),
    "rehearsal (small U-Nets)": of(lambda n: "rehearsal" in n),
    "contrasts, landmarks, ceilings, rehearsal": of(lambda n: sign(n) != 0),
    "the same, boosted trees": lambda split: boosted(split, monotone=False),
    "the same, boosted trees, monotone": lambda split: boosted(split, monotone=True),
    "all (the default)": of(lambda n: not is_trained(n)),
    "EfficientNet-Lite0 alone, reduced": of(is_trained, reduced),
    "all + EfficientNet-Lite0, reduced": reduced,
    "all + EfficientNet-Lite0, raw": networks,
}


def embed(bank: Bunch) -> tuple[Array, NDArray]:
    """Embed four images with masks of every row by hand-made and by trained features."""
    pixels = np.zeros((1, 8, 8, 3), np.uint8)
    tiny = image_table([(pixels, np.zeros((1, 8, 8), np.int32))])
    names = ImageEmbedder(missing="nan").fit(tiny).get_feature_names_out()
    hand_made = embed_draws(bank, [FOUR_WITH_MASKS])[0]
    trained = embed_draws(bank, [FOUR_WITH_MASKS], backbone="efficientnet_lite0")[0]
    titles = [*names, *[f"lite0_{i}" for i in range(trained.shape[1])]]
    return np.hstack([hand_made, np.nan_to_num(trained)]), np.array(titles)


def measure(banks: list[Bunch], *, seed: int, tested: tuple[str, ...] = BANKS) -> pd.DataFrame:
    """Train on all banks but the groups that are tested; one row a tested bank and candidate."""
    embedded = [embed(bank) for bank in banks]
    X, names = np.concatenate([vectors for vectors, _ in embedded]), embedded[0][1]
    curves = np.concatenate([bank.y[SIZES].to_numpy() for bank in banks])
    home = np.repeat([bank.name for bank in banks], [len(bank.y) for bank in banks])
    groups = np.concatenate([[f"{bank.name}:{g}" for g in bank.groups] for bank in banks])
    rows: list[dict] = []
    for name in tested:
        folds = fold_numbers(groups, N_FOLDS, seed)
        splits = list(_splits(X, curves, groups, names, folds, home == name, seed))
        truth = np.concatenate([truth for _, truth in splits])
        mean = np.concatenate([np.tile(s.curves.mean(0), (len(t), 1)) for s, t in splits])
        for candidate, predict in CANDIDATES.items():
            found = np.clip(np.concatenate([predict(split) for split, _ in splits]), 0.0, 1.0)
            labels = {"tested": name, "features": candidate}
            rows.append({**labels, **table_scores(truth, found, mean, ranks=True)})
    return pd.DataFrame(rows)


def _splits(
    X: Array,
    curves: Array,
    groups: NDArray,
    names: NDArray,
    folds: NDArray,
    mine: NDArray[np.bool_],
    seed: int,
) -> Iterator[tuple[Split, Array]]:
    for number in range(N_FOLDS):
        train, test = folds != number, (folds == number) & mine
        if test.any():
            yield Split(X[train], curves[train], groups[train], X[test], names, seed), curves[test]


def page(results: pd.DataFrame, seed: int) -> str:
    """Write the page."""
    columns = {
        "r2": Column("R2", ".3f"),
        "mae": Column("MAE", ".3f"),
        "spearman": Column("Spearman", ".2f"),
    }
    parts = [
        "# Which features predict curves\n",
        f"Made by `python -m experiments.features --seed {seed}`. Four images and their masks; "
        f"trained on {', '.join(f'`{name}`' for name in BANKS)} together but the groups that are "
        f"tested ({N_FOLDS} folds; a source of cut-outs is a group, elsewhere each domain). R2 is "
        "against the mean curve of the training domains. Every row but the boosted trees is an "
        f"ensemble of the default regressor on the points of the curve; reduced means "
        f"{N_COMPONENTS} principal components. Signs: a landmark, a ceiling, a contrast or the "
        "result of the rehearsal may only raise the score, its loss and the overlap of colours "
        "only lower it.",
    ]
    for name, rows in results.groupby("tested", sort=False):
        parts.append(f"\n**{name}** ({rows.n_test.iloc[0]:.0f} domains)\n")
        parts.append(table(rows, ["features"], columns))
    return "\n".join(parts) + "\n"


def run(
    seed: Annotated[int, typer.Option(help="Seed of folds and models.")] = 0,
) -> None:
    """Measure, print and write the page."""
    text = page(measure([load_curve_bank(name) for name in BANKS], seed=seed), seed)
    PAGE.write_text(text)
    print(text)


if __name__ == "__main__":
    typer.run(run)
