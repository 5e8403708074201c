"""Whole groups left out: each fold is fitted once, then asked under every condition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from experiments.protocol.forecast import Forecast, Question
from experiments.protocol.questions import Bank, Truth, fold_numbers, named_groups
from experiments.protocol.zero_shot_baselines import Fold, predict_points
from ptssp_sklearn import CurveParamRegressor, make_training_size_pipeline
from ptssp_sklearn._typing import Array
from ptssp_sklearn.curves.variable_projection import fit_curves

Asked = tuple[int, NDArray[np.intp], Question]
"""Number of a fold, the rows it leaves out, and what is asked of them."""


@dataclass(frozen=True)
class Study:
    """Banks split into folds together, and a model trained on all but each fold.

    Parameters
    ----------
    banks : dict of Bank
    folds : dict of ndarray of shape (n_rows,)
        Fold of each row of each bank.
    models : list of CurveParamRegressor, one a fold
    seed : int
    """

    banks: dict[str, Bank]
    folds: dict[str, NDArray[np.intp]]
    models: list[CurveParamRegressor]
    seed: int

    def truth(self, name: str) -> Truth:
        return Truth.of(self.banks[name].sizes, self.banks[name].curves)

    def parts(self, name: str, truth: Truth, limit: float = 0.0) -> Iterator[Asked]:
        """Go through the folds that leave out rows of a bank."""
        for number in range(len(self.models)):
            rows = np.flatnonzero(self.folds[name] == number)
            if len(rows):
                yield number, rows, Question.of(truth.take(rows), limit)

    def training(self, number: int) -> list[Bank]:
        """Give what a fold's model was trained on."""
        return training_banks(self.banks, self.folds, number)

    def training_curves(self, number: int, sizes: Array) -> Array:
        return np.concatenate([bank.filled(sizes) for bank in self.training(number)])

    def mean_curves(self, name: str) -> Array:
        """Give each row of a bank the mean curve of its training folds."""
        bank = self.banks[name]
        means = np.empty_like(bank.curves)
        for number in np.unique(self.folds[name]):
            mean = self.training_curves(int(number), bank.sizes).mean(axis=0)
            means[self.folds[name] == number] = mean
        return means

    def ask(
        self, name: str, condition: str | None, limit: float = 0.0, truth: Truth | None = None
    ) -> Forecast:
        """Ask the models about the rows of a bank they were not trained on.

        Parameters
        ----------
        name : str
        condition : str or None
            A key of `CONDITIONS`; None: no images, the population is the prior.
        limit : float, default=0
            Largest size of the pilot, images.
        truth : Truth, optional
        """
        vectors = None if condition is None else self.banks[name].of(condition)

        def answer(number: int, rows: NDArray, question: Question) -> Forecast:
            X = None if vectors is None else vectors[rows]
            return ask_model(self.models[number], X, question)

        return self.collect(name, answer, limit, truth)

    def ask_candidates(
        self, name: str, models: Sequence[str], condition: str
    ) -> dict[str, Forecast]:
        """Train models of curve points on one condition, and ask them in the same."""
        bank, parts, places = self.banks[name], [], []
        for number, rows, question in self.parts(name, self.truth(name)):
            X = np.concatenate([part.of(condition) for part in self.training(number)])
            curves = self.training_curves(number, bank.sizes)
            fold = Fold(bank.sizes, X, curves, bank.of(condition)[rows], self.seed)
            parts.append(answer_points(question, fold, models))
            places.append(rows)
        return {model: Forecast.join([part[model] for part in parts], places) for model in models}

    def ask_constant(self, name: str) -> Forecast:
        """Answer with the median of the training curves."""
        sizes = self.banks[name].sizes

        def answer(number: int, rows: NDArray, question: Question) -> Forecast:
            median = np.median(self.training_curves(number, sizes), axis=0)
            return Forecast.of_points(question, sizes, np.tile(median, (len(rows), 1)))

        return self.collect(name, answer)

    def collect(
        self,
        name: str,
        answer: Callable[[int, NDArray, Question], Forecast],
        limit: float = 0.0,
        truth: Truth | None = None,
    ) -> Forecast:
        """Let every fold answer, and put the rows in the order of the bank."""
        asked = list(self.parts(name, truth or self.truth(name), limit))
        return Forecast.join([answer(*part) for part in asked], [rows for _, rows, _ in asked])


def answer_points(question: Question, fold: Fold, models: Sequence[str]) -> dict[str, Forecast]:
    """Let candidates that predict curve points answer."""
    found = predict_points(fold, models)
    return {m: Forecast.of_points(question, fold.sizes, curves) for m, curves in found.items()}


def ask_model(model: CurveParamRegressor, X: Array | None, question: Question) -> Forecast:
    """Ask a fitted model; without vectors, the population is the prior of every row."""
    pilot = question.pilot()
    return Forecast.of_distribution(model.predict_distribution(X, pilot=pilot), question)


def training_banks(
    banks: dict[str, Bank], folds: dict[str, NDArray[np.intp]], number: int
) -> list[Bank]:
    """Give the rows of all banks that are not in a fold."""
    return [bank.take(np.flatnonzero(folds[name] != number)) for name, bank in banks.items()]


def run_study(
    banks: dict[str, Bank], *, n_folds: int, seed: int, jobs: int = 1, **regressor: Any
) -> Study:
    """Split all banks into folds by group, and fit a model without each fold."""
    n_folds = min(n_folds, max(len(np.unique(bank.groups)) for bank in banks.values()))
    folds = {name: fold_numbers(bank.groups, n_folds, seed) for name, bank in banks.items()}
    models = Parallel(n_jobs=jobs)(
        delayed(fit_model)(training_banks(banks, folds, number), seed, **regressor)
        for number in range(n_folds)
    )
    return Study(banks, folds, list(models), seed)


def fit_model(banks: list[Bank], seed: int, **regressor: Any) -> CurveParamRegressor:
    """Fit the default pipeline's last step on every draw of the banks, as it is shipped."""
    model = make_training_size_pipeline(random_state=seed, **regressor)["regress"]
    sizes = np.unique(np.concatenate([bank.sizes for bank in banks]))

    def every(part: Callable[[Bank], NDArray]) -> NDArray:
        return np.concatenate([np.concatenate([part(b)] * max(1, len(b.draws))) for b in banks])

    X = np.concatenate([v for b in banks for v in b.vectors]) if banks[0].vectors else None
    return model.fit(
        X,
        every(lambda bank: fit_curves(bank.sizes, bank.curves)),
        curves=pd.DataFrame(
            every(lambda bank: bank.at(sizes)), every(lambda bank: bank.names), sizes
        ),
        groups=every(named_groups),
    )
