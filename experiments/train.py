"""Train a model on banks, with its card: ``python -m experiments.train --bank cutpaste …``."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from sklearn.utils import Bunch

from experiments.protocol.cross_validation import fit_model
from experiments.protocol.draws import standard_draws
from experiments.protocol.mlflow_log import log_training, tracking
from experiments.protocol.questions import read_bank
from experiments.transfer import EVERYTHING, embed_banks, transfer
from ptssp_sklearn import TrainingSizePipeline, load_curve_bank, make_training_size_pipeline
from ptssp_sklearn.pipeline.persistence import save_model
from ptssp_sklearn.pipeline.training_size import pipeline_of_vectors
from ptssp_sklearn.tracking.runs import live_losses


def train(banks: list[Bunch], *, seed: int = 0) -> TrainingSizePipeline:
    """Fit the default pipeline on every standard draw of the banks.

    The draws of a bank are embedded once and the last step is trained on all of them, so
    that the model knows rows of one to eight images, with masks and without. Banks
    without images give a model of their curves alone, to be asked with ``X=None``.
    """
    regressor = fit_model([read_bank(bank) for bank in banks], seed)
    if banks[0].X is None:
        return pipeline_of_vectors(regressor)
    pipeline = make_training_size_pipeline(random_state=seed)
    pipeline["embed"].fit(banks[0].X)
    return pipeline.set_params(regress=regressor)


def describe_population(name: str, banks: list[Bunch]) -> dict[str, Any]:
    """Say what a model of curves alone is; the same keys as of `describe`."""
    return {
        "name": f"{name} (population of curves, no images)",
        "banks": _about_banks(banks),
        "metric": banks[0].metric,
        "shape": "masks",
        "left_out": [],
        "warning": f"this model looks at no image: it knows {sum(len(b.y) for b in banks)} curves "
        f"of {banks[0].learner} only, and says what a task like those needs.",
    }


def describe(name: str, banks: list[Bunch], results: pd.DataFrame) -> dict[str, Any]:
    """Say what the model is: stored with it and printed on its card."""
    ours = results[results.trained == EVERYTHING].drop(columns="trained").round(3)
    learner, side = banks[0].learner, banks[0].X.iloc[0, 0].shape[0]
    return {
        "name": f"{name} (statistics, masks, landmarks, rehearsal)",
        "banks": _about_banks(banks),
        "metric": banks[0].metric,
        "shape": "masks",
        "left_out": ours.to_dict(orient="records"),
        "warning": f"this model knows curves of {learner} on images of {side} pixels only; for "
        "another learner add measurements of its own (a pilot).",
    }


def _about_banks(banks: list[Bunch]) -> dict[str, dict[str, Any]]:
    return {bank.name: {"datasets": len(bank.y), "learner": bank.learner} for bank in banks}


def card(about: dict[str, Any]) -> str:
    """Write the model card as Markdown."""
    lines = ["| tested on | asked with | model | R2 | curve MAE | Spearman |"]
    lines += ["|---|---|---|---|---|---|"]
    for row in about["left_out"]:
        rank = "–" if row["spearman"] != row["spearman"] else f"{row['spearman']:.2f}"
        lines.append(
            f"| {row['tested']} ({row['n_test']}) | {row['condition']} | {row['model']} "
            f"| {row['r2']:.3f} | {row['mae']:.3f} | {rank} |"
        )
    banks = "; ".join(
        f"`{name}` ({bank['datasets']} datasets, {bank['learner']})"
        for name, bank in about["banks"].items()
    )
    options = " ".join(f"--bank {name}" for name in about["banks"])
    parts = {"errors": "\n".join(lines), "bank_list": banks, "options": options}
    return _CARD.format(n_draws=len(standard_draws()), **parts, **about)


_CARD = """# Model card: {name}

Written by `python -m experiments.train {options}`.

**What it does.** It predicts the learning curve ({metric} of instance masks against the
number of training images) of a segmentation task from one to eight images, better with
masks, as the four parameters of a logistic.

**What it was trained on.** The banks {bank_list}. Every dataset was shown as {n_draws} draws: eight
images, four times four, two and one, with masks and without.

**How well it does.** Trained on all banks but the group that is tested: a whole source of
cut-outs, or the domain itself. R2 is against the mean curve of the training datasets.

{errors}

**What it is not good for.** {warning}

**How it is stored.** One safetensors file: tensors and JSON, no pickle, no code.
"""


def run(
    bank: Annotated[
        list[str], typer.Option(help="Bank, repeat the option; without images: curves only.")
    ],
    name: Annotated[str, typer.Option(help="Name of the model.")],
    out: Annotated[Path, typer.Option(help="Folder of the model and its card.")] = Path("models"),
    seed: Annotated[int, typer.Option(help="Seed of the networks.")] = 0,
    jobs: Annotated[int, typer.Option(help="Processes that fit.")] = 2,
    track: Annotated[
        bool | None, typer.Option(help="Log an MLflow run; by default where MLflow is installed.")
    ] = None,
    tracking_uri: Annotated[
        str | None, typer.Option(help="MLflow store; by default MLflow's own setting.")
    ] = None,
) -> None:
    """Train, measure with whole groups left out; store the model and its card."""
    with tracking(track, f"train {name}", tracking_uri) as logged:
        data, pipeline = _train_and_store(bank, out / name, seed, jobs, logged)
        if logged:
            log_training(pipeline, data, seed)


def _train_and_store(
    bank: list[str], path: Path, seed: int, jobs: int, logged: bool
) -> tuple[list[Bunch], TrainingSizePipeline]:
    data = [load_curve_bank(one) for one in bank]
    if len({one.X is None for one in data}) > 1:
        raise typer.BadParameter("Got banks with images and without, expected one kind.")
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.with_name(f"{path.name}.safetensors")
    if data[0].X is None:
        about, pipeline = describe_population(path.name, data), train(data, seed=seed)
        save_model(pipeline, file, about=about)
        return data, pipeline
    sizes, embedded = embed_banks(data)
    results = transfer(sizes, embedded, seed=seed, jobs=jobs)
    with live_losses() if logged else nullcontext():
        about, pipeline = describe(path.name, data, results), train(data, seed=seed)
    save_model(pipeline, file, about=about)
    path.with_name(f"{path.name}.md").write_text(card(about))
    print(card(about))
    return data, pipeline


if __name__ == "__main__":
    typer.run(run)
