"""The command line: ``python -m experiments.studies run|list|report``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments.studies.catalogue import CATALOGUE, find_study
from experiments.studies.curve import learning_curve
from experiments.studies.report import PAGE, write_report
from experiments.studies.results import FOLDER, Result
from experiments.studies.runner import FRACTIONS, run_study
from experiments.studies.study import Study
from experiments.studies.tracking import study_run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; what cannot be done is said in one line, with exit code 1."""
    options = _options(arguments)
    try:
        options.command(options)
    except (ValueError, OSError, ImportError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.studies",
        description="The experiments of the founding documents as learning curves.",
    )
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="train at each fraction; goes on where it ended")
    run.add_argument("name", metavar="NAME", help="of the study, see list")
    run.add_argument("--data", type=Path, metavar="ROOT",
                     help="folder of the data set (default: data that stand in)")  # fmt: skip
    run.add_argument("--fractions", type=float, nargs="+", default=FRACTIONS, metavar="F",
                     help="parts of the training examples")  # fmt: skip
    run.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="S")
    run.add_argument("--device", default="auto", help="auto, cpu or cuda")
    run.add_argument("--target", type=float, metavar="SCORE",
                     help="score to give the size for (default: the required one, else "
                     "nine tenths of where the curve ends)")  # fmt: skip
    run.add_argument("--results", type=Path, default=FOLDER, metavar="DIR")
    run.add_argument("--track", nargs="?", const="", metavar="URI",
                     help="store of the MLflow run (default: MLflow's own setting)")  # fmt: skip
    run.add_argument("--no-track", action="store_true", help="log no MLflow run")
    run.set_defaults(command=_run)
    commands.add_parser("list", help="all studies").set_defaults(command=_list)
    report = commands.add_parser("report", help="write the page of what was measured")
    report.add_argument("--results", type=Path, default=FOLDER, metavar="DIR")
    report.add_argument("--out", type=Path, default=PAGE, metavar="FILE")
    report.set_defaults(command=lambda o: write_report(o.results, o.out))
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace) -> None:
    study = find_study(options.name)
    if options.target is not None and not 0 < options.target < 1:
        raise ValueError(
            f"Got the target {options.target:g}, expected a score more than 0 and less than 1. "
            "Pass a fraction such as 0.8."
        )
    choice = False if options.no_track else None if options.track is None else True
    with study_run(study, choice, options.track or None) as log:

        def done(result: Result) -> None:
            print(_line(study, result), flush=True)
            log.point(result)

        results = run_study(
            study,
            data_root=options.data,
            fractions=options.fractions,
            seeds=options.seeds,
            device=options.device,
            folder=options.results,
            done=done,
        )
        log.curve(results)
    print(_answer(study, results, options.target))


def _list(_: argparse.Namespace) -> None:
    for study in CATALOGUE.values():
        required = "" if study.required is None else f" > {study.required:.1%}"
        print(f"{study.document}  {study.name:27} {study.title} ({study.metric}{required})")


def _line(study: Study, result: Result) -> str:
    return (
        f"{study.name}: {result.size} examples ({result.fraction:.0%}), seed {result.seed}: "
        f"{study.metric} {result.scores[study.metric]:.3f}, {result.epochs} epochs, "
        f"{result.seconds:.1f} s"
    )


def _answer(study: Study, results: list[Result], target: float | None) -> str:
    curve = learning_curve(results, study.metric)
    pairs = ", ".join(f"{n:g}: {s:.3f}" for n, s in zip(curve.sizes, curve.scores, strict=True))
    text = f"{study.metric} on {results[0].data}: {pairs}."
    if curve.params is None:
        return f"{text} Three sizes or more give a curve."
    a, b, c, d = curve.params
    text += f" A = {a:.3f}, B = {b:.3g}, C = {c:.3g}, D = {d:.3f}."
    asked = study.required if target is None else target
    score = curve.near_the_end() if asked is None else asked
    size = curve.required_size(score)
    needed = f"about {size:,.0f} examples" if size < float("inf") else "out of reach"
    return f"{text} For {score:.3g}: {needed}."


if __name__ == "__main__":
    sys.exit(main())
