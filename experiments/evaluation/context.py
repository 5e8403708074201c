"""What all tables share: banks, folds fitted once, answers asked once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from experiments.protocol.cross_validation import Study, run_study
from experiments.protocol.forecast import Forecast
from experiments.protocol.questions import N_FOLDS, Bank, Truth

PROCEDURAL, CUTPASTE, SECOND, REAL = "procedural", "cutpaste", "procedural-2", "yolov8m-seg"
WITH_IMAGES = (PROCEDURAL, CUTPASTE, SECOND)

SOURCES = "all banks, sources left out"
DOMAINS = "all banks, domains left out"


@dataclass
class Context:
    """The banks and the studies of one seed.

    Parameters
    ----------
    load : callable
        Gives the bank of a name.
    seed : int
        Of the folds and of the models.
    n_folds : int, default=5
    jobs : int, default=1
        Processes that fit folds.
    regressor : dict
        Parameters of `CurveParamRegressor`, where not the default ones.
    """

    load: Callable[[str], Bank]
    seed: int = 0
    n_folds: int = N_FOLDS
    jobs: int = 1
    regressor: dict[str, Any] = field(default_factory=dict)
    _kept: dict[tuple, Any] = field(default_factory=dict, repr=False)

    def study(self, kind: str, condition: str | None = None) -> Study:
        """Give the fitted folds of a bank, or of all banks with images together.

        Parameters
        ----------
        kind : str
            Name of a bank, `SOURCES` or `DOMAINS`.
        condition : str, optional
            Train on the draw of this condition only; by default on all draws.
        """

        def make() -> Study:
            names: Iterable[str] = WITH_IMAGES if kind in (SOURCES, DOMAINS) else (kind,)
            banks = {name: self.load(name) for name in names}
            if kind == DOMAINS:
                banks = {name: bank.one_group_a_row() for name, bank in banks.items()}
            if condition is not None:
                banks = {name: bank.only(condition) for name, bank in banks.items()}
            return self.run(banks)

        return self._once(("study", kind, condition), make)

    def run(self, banks: dict[str, Bank]) -> Study:
        """Fit the folds of banks."""
        return run_study(
            banks, n_folds=self.n_folds, seed=self.seed, jobs=self.jobs, **self.regressor
        )

    def truth(self, kind: str, name: str) -> Truth:
        """Give the measured curves of a bank."""
        return self._once(("truth", kind, name), lambda: self.study(kind).truth(name))

    def ask(self, kind: str, name: str, condition: str | None, limit: float = 0.0) -> Forecast:
        """Ask the models of a study about a bank; an answer is kept."""
        study, truth = self.study(kind), self.truth(kind, name)
        key = ("ask", kind, name, condition, limit)
        return self._once(key, lambda: study.ask(name, condition, limit, truth))

    def _once(self, key: tuple, make: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]
