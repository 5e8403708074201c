"""The page of the studies: what the documents state beside what was measured, never mixed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from experiments.protocol.markdown import markdown_table
from experiments.studies.catalogue import CATALOGUE
from experiments.studies.gallery import chosen_figures
from experiments.studies.groups import Group, read_groups
from experiments.studies.study import Study

PAGE = Path("docs/studies.md")

_NONE = "–"
_NOT_RUN = "`run` of it is still to be done"
_INTRO = """# Reference studies

The experiments of the founding documents, each as a learning curve. "Published" and "required"
are what the documents state, on the data set they name. "Measured here" is what this repository
measured, on the data that the row names: off line, without the data sets and the weights of a
hub, other real data or drawn scenes stand in, and such a figure says nothing of the published
one. Made by `python -m experiments.studies report` from `experiments/studies/results`.

```sh
python -m experiments.studies list
python -m experiments.studies run mnist-cnn --fractions 0.1 0.5 1.0 --device auto
python -m experiments.studies run mnist-cnn --data ROOT --fractions 0.1 0.5 1.0 --seeds 0 1 2
python -m experiments.studies report
```

`--data ROOT` reads the set that the documents name (a missing one is named, with where to get it
and where to put it); without it the data that stand in are read. Parts of the training examples
are stratified and nest, the test set is one, each point is a training of its own; a stored
training is never done again. Every run is logged to MLflow where it is installed (`--no-track`
for none). All scores are fractions, on the test set, one seed unless more were run.
"""
_NEEDS = (
    "The last column of the measured tables is the number of training examples at which the "
    "curve fitted to these measurements reaches the requirement *on these data*; a curve of few "
    "points from few seeds is a rough guide."
)
_ASKED = (
    "How many examples for the score: the required one, or, where the documents require none, "
    "nine tenths of the level D at which the fitted curve ends (`run --target` asks for another)."
)
_STOPPED = (
    "Where a row says earlier settings, patience was still of four epochs, and a small part was "
    "stopped too soon."
)
_DETECTORS = (
    "RetinaNet against Faster R-CNN. The documents state a better mAP of RetinaNet, in 10 epochs "
    "against 15, at longer training. Seconds are wall clock, other work on the machine included."
)

_TITLES = {
    "A": "CIFAR-10, a pretrained feature extractor and from scratch",
    "B": "ten classic architectures",
    "C": "transfer learning on Garbage Classification",
}


def write_report(results: Path, page: Path = PAGE) -> None:
    """Write the page and its figures, into the folder ``images`` beside it."""
    groups = read_groups(CATALOGUE.values(), results)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(page_text(groups), encoding="utf-8")
    folder = page.parent / "images"
    folder.mkdir(exist_ok=True)
    for name, (_, draw) in chosen_figures(groups).items():
        draw().savefig(folder / f"{name}.png", dpi=80)


def page_text(groups: Sequence[Group]) -> str:
    """Give the page of what was measured."""
    parts = [
        _INTRO,
        f"## Study A: {_TITLES['A']}\n\n{study_a(groups)}",
        f"## Study B: {_TITLES['B']}\n\n{_NEEDS}\n\n{study_b(groups)}",
        f"## Study C: {_TITLES['C']}\n\n{study_c(groups)}",
        f"## Learning curves measured here\n\n{curves(groups)}",
    ]
    parts += [f"![{text}](images/{name}.png)" for name, (text, _) in chosen_figures(groups).items()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def study_a(groups: Sequence[Group]) -> str:
    """Give the table of Study A, a row a part of the data."""
    own = [group for group in groups if group.study.document == "A"]
    rows = [
        [group.study.title, f"{group.learner}; {group.data}", f"{mean['fraction']:.0%} ({size:,})",
         f"{mean['epochs']:.0f}", f"{mean['seconds']:.0f}",
         *(f"{mean[key]:.3f}" for key in ("accuracy", "precision", "recall", "f1"))]
        for group in own
        for size, mean in group.means()
    ]  # fmt: skip
    head = ["study", "measured here with", "part (images)", "epochs", "s", "accuracy",
            "precision", "recall", "F1"]  # fmt: skip
    expected = next(s.note for s in CATALOGUE.values() if s.document == "A")
    where = {result.machine for group in own for result in group.results}
    text = (
        f"The documents expect: {expected[0].lower()}{expected[1:]} They state no figures. Epochs "
        "are those to convergence (lowest validation loss); seconds are wall clock of the "
        "training, other work on the machine included; "
        "precision, recall and F1 are macro means. Patience counts optimiser steps, so that a "
        "small part is given as long as the whole; a part whose validation tenth is of fewer than "
        "ten images has none and trains all its steps."
    )
    if any(group.earlier for group in own):
        text += f" {_STOPPED}"
    return "\n\n".join([text, markdown_table(head, rows or [[_NONE] * len(head)]), *sorted(where)])


def study_b(groups: Sequence[Group]) -> str:
    """Give the table of Study B: what is stated, and what was measured on which data."""
    head = ["study", "metric", "required", "published", "measured here", "measured on (network)",
            "examples for the requirement"]  # fmt: skip
    rows = [
        [study.title, study.metric, percent(study.required, "> "), percent(study.published), *cells]
        for study, cells in _measured_of("B", groups)
    ]
    notes = [f"- {s.title}: {s.note}" for s in CATALOGUE.values() if s.document == "B" and s.note]
    return "\n\n".join(
        [markdown_table(head, rows), "From the documents:", "\n".join(notes), detectors(groups)]
    )


def detectors(groups: Sequence[Group]) -> str:
    """Give the table of both detectors: mAP, epochs and seconds at every size."""
    rows = [
        [group.study.title, f"{group.learner}; {group.data}", f"{size:,}",
         f"{mean['map50_95']:.3f}", f"{mean['map50']:.3f}", f"{mean['epochs']:.0f}",
         f"{mean['seconds']:.0f}", f"{mean['seconds'] / mean['epochs']:.1f}"]
        for group in groups if group.study.metric == "map50_95"
        for size, mean in group.means()
    ]  # fmt: skip
    head = ["detector", "measured here with", "images", "mAP50-95", "mAP50", "epochs", "s",
            "s an epoch"]  # fmt: skip
    return f"{_DETECTORS}\n\n{markdown_table(head, rows or [[_NONE] * len(head)])}"


def _measured_of(document: str, groups: Sequence[Group]) -> Iterator[tuple[Study, list[str]]]:
    """Give each study of a document with the cells of each of its groups, or why it has none."""
    for study in CATALOGUE.values():
        if study.document == document:
            own = [group for group in groups if group.study is study]
            yield from ((study, measured(group)) for group in own)
            if not own:
                yield study, ["not measured", _NOT_RUN, _NONE]


def study_c(groups: Sequence[Group]) -> str:
    """Give the table of Study C: macro F1 at the largest part measured."""
    rows = [
        [study.title, percent(study.published), *cells[:2]]
        for study, cells in _measured_of("C", groups)
    ]
    text = (
        "The metric is macro F1 on the test split. The documents state no figures. A row that "
        "says random weights has none of ImageNet to transfer, as those of torchvision come from "
        "a hub: it shows that the study runs, not what transfer gains. EfficientNet-Lite0, whose "
        "trained weights come with a package, is not in the documents."
    )
    if any(g.earlier for g in groups if g.study.document == "C"):
        text += f" {_STOPPED}"
    return (
        f"{text}\n\n{markdown_table(['study', 'published', 'measured here', 'measured on'], rows)}"
    )


def measured(group: Group) -> list[str]:
    """Give the cells of what was measured: the score, on what, the size for the requirement."""
    size, score = group.largest()
    required = group.study.required
    cell = _NONE
    if required is not None and group.curve.params is not None:
        cell = needed(group, required)
    return [f"{score:.3f}", f"{size:,} of {group.data} ({group.learner})", cell]


def curves(groups: Sequence[Group]) -> str:
    """Give the table of all learning curves, their parameters and the sizes asked for."""
    rows = []
    for group in groups:
        curve = group.curve
        points = ", ".join(
            f"{n:g}: {s:.3f}" for n, s in zip(curve.sizes, curve.scores, strict=True)
        )
        fitted = [_NONE] * 4 if curve.params is None else [f"{p:.3g}" for p in curve.params]
        seeds = len({result.seed for result in group.results})
        rows.append([group.study.name, group.data, points, str(seeds), *fitted, *asked(group)])
    head = ["study", "data", "examples: score", "seeds", "A", "B", "C", "D", "score asked",
            "examples it needs"]  # fmt: skip
    return f"{_ASKED}\n\n{markdown_table(head, rows or [[_NONE] * len(head)])}"


def asked(group: Group) -> list[str]:
    """Give the cells of the score that is asked for and the size it needs."""
    if group.curve.params is None:
        return [_NONE, _NONE]
    required = group.study.required
    score = group.curve.near_the_end() if required is None else required
    return [f"{score:.3f}{'' if required is None else ' (required)'}", needed(group, score)]


def needed(group: Group, score: float) -> str:
    """Give the size a score needs as a cell."""
    size = group.curve.required_size(score)
    return f"{size:,.0f}" if size < float("inf") else "out of reach"


def percent(value: float | None, before: str = "") -> str:
    """Give a stated figure as the documents do, in percent."""
    return _NONE if value is None else f"{before}{100 * value:.4g} %"
