"""What MLflow costs a fit, for ``docs/benchmarks.md``: ``python -m experiments.bench.tracking``.

The same model is fitted without a run and inside one that logs every epoch's losses, to a
fresh SQLite store.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from experiments.bench.page import machine, medians, write_section
from experiments.protocol.markdown import markdown_table
from experiments.protocol.questions import read_bank
from ptssp_sklearn import CurveParamRegressor, SigmoidCurveFitter, load_curve_bank
from ptssp_sklearn.tracking.runs import track

HEAD = ["fit without a run", "in a run that logs losses", "ratio", "losses logged"]
CONDITION = "four images + masks"


def measure(bank: str = "procedural", *, runs: int = 3) -> dict[str, float]:
    """Time fits of the regressor on the vectors of a bank, in turn.

    Parameters
    ----------
    bank : str, default="procedural"
    runs : int, default=3
        Fits of each kind.

    Returns
    -------
    results : dict of str to float
        ``without`` and ``tracked``: median seconds of a fit; ``losses``: logged by one run.
    """
    data = load_curve_bank(bank)
    X, params = read_bank(data).of(CONDITION), SigmoidCurveFitter().fit_transform(data.y)

    def fit() -> Any:
        return CurveParamRegressor(random_state=0).fit(X, params, curves=data.y)

    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{Path(folder) / 'mlflow.db'}"
        _tracked(fit, store)
        seconds = medians({"without": fit, "tracked": lambda: _tracked(fit, store)}, runs)
        return {**seconds, "losses": _count_losses(store)}


def _tracked(fit: Callable[[], Any], store: str) -> None:
    with track("bench", tracking_uri=store):
        fit()


def _count_losses(store: str) -> int:
    """Count the losses of the last run of a store."""
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=store)
    (run,) = client.search_runs(["0"], order_by=["attributes.start_time DESC"], max_results=1)
    histories = [client.get_metric_history(run.info.run_id, name) for name in run.data.metrics]
    return sum(map(len, histories))


def report(results: dict[str, float], bank: str, runs: int) -> str:
    """Write what was measured as Markdown."""
    without, tracked = results["without"], results["tracked"]
    row = [f"{without:.1f} s", f"{tracked:.1f} s", f"{tracked / without:.2f}"]
    return (
        f"{markdown_table(HEAD, [[*row, format(int(results['losses']), ',')]])}\n\n"
        f"`CurveParamRegressor` on the bank `{bank}`, {CONDITION}; median of {runs} in turn, "
        "the store is SQLite on the same disk. Losses are written by a thread of their own, so "
        "that a slow store delays no epoch.\n\n"
        f"{machine('mlflow', 'torch', 'skorch')}"
    )


def run(
    bank: Annotated[str, typer.Option(help="Bank whose vectors are kept.")] = "procedural",
    runs: Annotated[int, typer.Option(min=1, help="Fits of each kind.")] = 3,
) -> None:
    """Measure, print the table and put it into the page."""
    text = report(measure(bank, runs=runs), bank, runs)
    write_section("tracking", text)
    print(text)


if __name__ == "__main__":
    typer.run(run)
