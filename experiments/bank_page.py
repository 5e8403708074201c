"""The page that shows the banks: ``python -m experiments.bank_page --out docs/banks.md``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from experiments.banks.contact_sheet import contact_sheet
from experiments.banks.figures import (
    curves_figure,
    metric_name,
    misfits_figure,
    parameters_figure,
)
from experiments.banks.misfits import FALL, STEP, misfits
from experiments.held_out import (
    LEAST_FITTED,
    N_BETWEEN,
    TIE,
    WHOLE_CURVES,
    add_banks,
    compare,
    open_bank,
    table,
    verdict,
)
from experiments.protocol.draws import count_images
from experiments.protocol.families import FAMILIES
from ptssp_sklearn.curves.variable_projection import fit_curves

N_WORST = 6
BAD = 0.05


class Page:
    """Markdown with its figures in the folder ``images`` beside it."""

    def __init__(self, out: Path, command: str) -> None:
        self.out, self.command = out, command

    def write(self, measured: list[list[Bunch]]) -> None:
        """Write the page and every figure; of each bank, one Bunch a learner, the main first."""
        banks = [learners[0] for learners in measured]
        params = {
            bank.name: fit_curves(bank.y.columns.to_numpy(float), bank.y.to_numpy())
            for bank in banks
        }
        blocks = [*self._opening(measured)]
        parameters_figure(params, self._image("bank_parameters"))
        for bank in banks:
            blocks += self._section(bank, params[bank.name])
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self.out.write_text("\n\n".join(blocks) + "\n")

    def _opening(self, measured: list[list[Bunch]]) -> Iterator[str]:
        yield "# Banks"
        yield (
            "A bank holds measured learning curves: the score of a learner on a fixed test "
            "set after training on more and more images. This page and its figures are made "
            f"by\n\n`{self.command}`"
        )
        yield summary([bank for learners in measured for bank in learners])
        yield (
            "Groups are what a test must not split: a dataset, a domain, or the source that "
            "the objects of several domains come from. Where a bank holds material of others, "
            "the file `NOTICE` names each work and its licence."
        )
        yield "## How the parameters are spread"
        yield "![Share of curves below a value of A, B, C and D](images/bank_parameters.png)"
        yield (
            "Each line is the share of a bank's curves whose fitted parameter is below a value. "
            "B and C of a flat curve mean nothing and are set to 1 and the middle of its sizes."
        )
        yield "## Families that are compared"
        yield families_text()

    def _section(self, bank: Bunch, params: np.ndarray) -> Iterator[str]:
        stem = f"bank_{bank.name}"
        yield f"## {bank.name}"
        yield describe(bank)
        if bank.X is not None:
            shown = contact_sheet(bank, self._image(stem))
            yield f"![Example images of {bank.name}](images/{stem}.png)"
            yield (
                f"One image of each of {shown} domains, its objects outlined; below it the "
                "score at the largest measured size."
            )
        curves_figure(bank, self._image(f"{stem}_curves"))
        yield f"![All curves of {bank.name}](images/{stem}_curves.png)"
        yield f"### Which family fits {bank.name}?"
        errors = compare(bank)
        if errors.empty:
            yield f"Its curves have fewer than {LEAST_FITTED} sizes: too few to compare."
        else:
            yield f"`python -m experiments.held_out --banks {bank.name}`"
            yield verdict(errors)
            yield table(errors).strip()
        yield f"### What the sigmoid fits badly in {bank.name}"
        yield from self._misfits(bank, params)

    def _misfits(self, bank: Bunch, params: np.ndarray) -> Iterator[str]:
        found = misfits(bank, params)
        worst = found.sort_values("rmse", ascending=False, kind="stable").head(N_WORST)
        falling, stepping = (int((found.kind == kind).sum()) for kind in ("falls", "steps"))
        yield (
            f"Residual of the 4PL (RMSE over the sizes of a curve): median "
            f"{found.rmse.median():.3f}, 90th percentile {found.rmse.quantile(0.9):.3f}; "
            f"above {BAD} in {(found.rmse > BAD).sum()} of {len(found)} curves. "
            f"Curves that fall by more than {FALL} below a score they had reached: {falling}. "
            f"Others of which more than {STEP:.0%} of the rise comes between two neighbouring "
            f"sizes: {stepping}. The worst:"
        )
        yield "\n".join(_worst_rows(worst))
        name = f"bank_{bank.name}_misfits"
        rows = bank.y.index.get_indexer(worst.index).tolist()
        misfits_figure(bank, params, rows, self._image(name))
        yield f"![The curves of {bank.name} that the 4PL fits worst](images/{name}.png)"

    def _image(self, stem: str) -> Path:
        return self.out.parent / "images" / f"{stem}.png"


def summary(banks: list[Bunch]) -> str:
    """Write one row a bank and learner."""
    lines = ["| bank | learner | curves | groups | sizes | score | images each |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for bank in banks:
        sizes = bank.y.columns
        lines.append(
            f"| {bank.name} | {bank.learner} | {len(bank.y)} | {len(np.unique(bank.groups))} "
            f"| {sizes.min():g} to {sizes.max():g} ({_count(bank.y)}) | {metric_name(bank)} "
            f"| {count_images(bank) or 'none'} |"
        )
    return "\n".join(lines)


def _count(curves: pd.DataFrame) -> str:
    counts = curves.notna().sum(axis=1)
    low, high = counts.min(), counts.max()
    return f"{low}" if low == high else f"{low} to {high} a curve"


def describe(bank: Bunch) -> str:
    """Give the bank's own description as plain paragraphs."""
    paragraphs = [" ".join(part.split()) for part in bank.DESCR.strip().split("\n\n")]
    return "\n\n".join(part for part in paragraphs if part) or f"Measured with {bank.learner}."


def families_text() -> str:
    """Explain the families and the measures of their tables."""
    rows = "\n".join(f"| {f.name} | `{f.formula}` | {f.n_params} |" for f in FAMILIES)
    return (
        "| family | score at n images | parameters |\n|---|---|---|\n" + rows + "\n\n"
        "The forms are those of LCDB (Mohr et al., 2022; Viering and Loog, 2023). All are fitted "
        "by the same bounded least squares from the same grid of starts; no curve falls, and none "
        "leaves the range from 0 to 1. MMF is the 4PL in other letters (A = a, B = d, "
        "C = b^(1/d), D = c), so their rows agree. The 4PL, Weibull and MMF keep the range from "
        "0 images on; a power law has no value there and keeps it from the first measured size "
        f"on.\n\nErrors are at sizes that the fit has not seen. Of a curve with more than "
        f"{N_BETWEEN + 2} sizes, {N_BETWEEN} in between are left out in turn. *best*: the share of "
        f"curves on which a family has the lowest RMSE or is within {TIE} of it, so the shares add "
        "up to more than 100 %. *RMSE above 4PL*: the mean difference, with its 95 % interval over "
        "groups drawn again. A difference counts as clear if that interval leaves out zero."
    )


def _worst_rows(worst: pd.DataFrame) -> Iterator[str]:
    yield "| curve | group | RMSE | furthest off | what it does |"
    yield "|---|---|---|---|---|"
    for name, row in worst.iterrows():
        off = f"{row.error:+.3f} at {row['size']:g} images"
        yield f"| `{name}` | `{row.group}` | {row.rmse:.3f} | {off} | {row.looks} |"


def open_learners(name: str) -> list[Bunch]:
    """Load a bank once for each of its learners, the main one first."""
    main_learner = open_bank(name)
    return [main_learner, *(open_bank(name, other) for other in main_learner.learners[1:])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page; give the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.bank_page", description="Write the page that shows the banks."
    )
    add_banks(parser)
    parser.add_argument("--out", type=Path, default=Path("docs/banks.md"), metavar="FILE.md")
    options = parser.parse_args(arguments)
    banks = "" if options.banks == WHOLE_CURVES else f" --banks {' '.join(options.banks)}"
    command = f"python -m experiments.bank_page{banks} --out {options.out}"
    try:
        Page(options.out, command).write([open_learners(name) for name in options.banks])
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"wrote {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
