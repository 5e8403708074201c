"""All tables of the results page, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from experiments.evaluation import bank_size, calibration, pilots, repeats, rounds, zero_shot
from experiments.evaluation.context import Context
from experiments.protocol.markdown import Frames, Section


@dataclass(frozen=True)
class Table:
    """A section of the page.

    Parameters
    ----------
    title, note : str
    banks : str
        Banks it is made from.
    measure : callable
        One seed's figures.
    show : callable
        Figures of all seeds, with a column ``seed`` -> Markdown.
    """

    title: str
    note: str
    banks: str
    measure: Callable[[Context], Frames]
    show: Callable[[Frames], Section]


_MASKED = "`procedural`, `cutpaste`, `procedural-2`"

TABLES = {
    "zero-shot": Table(
        "Zero-shot, procedural domains never seen",
        "Folds over domains. R2 is against the mean curve of the training folds.",
        "`procedural`",
        zero_shot.measure,
        zero_shot.show,
    ),
    "transfer": Table(
        "Zero-shot, real art and a second renderer",
        "Trained on all banks with images but the groups of the fold. R2 is against the mean "
        "curve of all training domains. What one bank says of another: [transfer](transfer.md).",
        _MASKED,
        zero_shot.measure_across,
        zero_shot.show_across,
    ),
    "pilot": Table(
        "With a pilot",
        "The pilot is every measured size up to a limit; only what lies beyond it counts. "
        '"no answer": the fit failed (or had fewer points than parameters), the last value is '
        "taken.",
        "`procedural`; `cutpaste` trained on all banks",
        pilots.measure,
        pilots.show,
    ),
    "real": Table(
        "Real YOLOv8m-seg curves, without images",
        "Ten datasets, two curves each; a whole dataset is left out.",
        "`yolov8m-seg`",
        pilots.measure_real,
        pilots.show_real,
    ),
    "bank-size": Table(
        "Error against bank size",
        "Four images + masks; the training side of every fold is thinned.",
        "`procedural`",
        bank_size.measure,
        bank_size.show,
    ),
    "calibration": Table(
        "Calibration",
        "Nominal against empirical coverage beyond the pilot.",
        "`procedural`, `cutpaste` (trained on all banks), `yolov8m-seg`",
        calibration.measure,
        calibration.show,
    ),
    "rounds": Table(
        "Collecting in rounds up to a target",
        "The protocol of LOC (Mahmood et al., NeurIPS 2022): from a pilot, a policy says how many "
        "images to have, the score there is read off the measured curve (isotonic regression on "
        "log size) and joins the pilot, up to 1, 3 or 5 times. Targets are shares of a curve's "
        'final score; those reached inside the pilot are left out. "fails": target not reached '
        "after the last round. Cost ratio: collected / needed - 1, mean over the curves that "
        "reached it. No policy can collect more than the largest measured size, which reaches "
        'every target; "took all" is the share that did so, whose cost the cap keeps down.',
        "`procedural`, `yolov8m-seg`",
        rounds.measure,
        rounds.show,
    ),
    "repeats": Table(
        "The floor set by noise",
        "Curves here are measured once a size, so no answer can be nearer than a second "
        "training would be. Measured by trainings that differ in the images drawn and in the "
        "seed; no model, no folds.",
        "`procedural-2`, from `experiments/measurements`",
        repeats.measure,
        repeats.show,
    ),
}

SECTIONS = ["detectors", "photographs", *TABLES]
"""All sections of the page in their order; the first two are made by ``experiments.detectors``."""
