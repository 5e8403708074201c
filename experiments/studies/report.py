"""The page of the studies: what the documents state beside what was measured, never mixed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from experiments.bench.page import table
from experiments.studies import figures
from experiments.studies.catalogue import CATALOGUE
from experiments.studies.groups import Group, read_groups
from experiments.studies.study import Examples, Study
from experiments.studies.study_c import REGIME_TITLES

PAGE = Path("docs/studies.md")

_NONE = "–"
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


def write_report(results: Path, page: Path = PAGE) -> None:
    """Write the page and its figures, into the folder ``images`` beside it."""
    groups = read_groups(CATALOGUE.values(), results)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(page_text(groups), encoding="utf-8")
    folder = page.parent / "images"
    folder.mkdir(exist_ok=True)
    for name, (_, draw) in _figures(groups).items():
        draw().savefig(folder / f"{name}.png", dpi=80)


def page_text(groups: Sequence[Group]) -> str:
    """Give the page of what was measured."""
    parts = [
        _INTRO,
        f"## Study A: {_title('A')}\n\n{study_a(groups)}",
        f"## Study B: {_title('B')}\n\n{_NEEDS}\n\n{study_b(groups)}",
        f"## Study C: {_title('C')}\n\n{study_c(groups)}",
        f"## Learning curves measured here\n\n{curves(groups)}",
    ]
    parts += [f"![{text}](images/{name}.png)" for name, (text, _) in _figures(groups).items()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _title(document: str) -> str:
    return {
        "A": "CIFAR-10, a pretrained feature extractor and from scratch",
        "B": "ten classic architectures",
        "C": "transfer learning on Garbage Classification",
    }[document]


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
        "precision, recall and F1 are macro means. On a small part, the validation tenth is so "
        "small that early stopping can end a training from scratch before it has learnt."
    )
    return "\n\n".join([text, table(head, rows or [[_NONE] * len(head)]), *sorted(where)])


def study_b(groups: Sequence[Group]) -> str:
    """Give the table of Study B: what is stated, and what was measured on which data."""
    head = ["study", "metric", "required", "published", "measured here", "measured on (network)",
            "examples for the requirement"]  # fmt: skip
    rows = []
    for study in CATALOGUE.values():
        if study.document == "B":
            stated = [study.title, study.metric, percent(study.required, "> "),
                      percent(study.published)]  # fmt: skip
            own = [group for group in groups if group.study is study]
            rows += [[*stated, *measured(group)] for group in own]
            rows += [] if own else [[*stated, "not measured", _NONE, _NONE]]
    notes = [f"- {s.title}: {s.note}" for s in CATALOGUE.values() if s.document == "B" and s.note]
    return "\n\n".join([table(head, rows), "From the documents:", "\n".join(notes)])


def study_c(groups: Sequence[Group]) -> str:
    """Give the table of Study C: macro F1 at the largest part measured."""
    rows = []
    for study in CATALOGUE.values():
        if study.document == "C":
            own = [group for group in groups if group.study is study]
            stated = [study.title, percent(study.published)]
            rows += [[*stated, *measured(group)[:2]] for group in own]
            rows += [] if own else [[*stated, "not measured", _NONE]]
    text = (
        "The metric is macro F1 on the test split. The documents state no figures. A row that "
        "says random weights has none of ImageNet to transfer, as those of torchvision come from "
        "a hub: it shows that the study runs, not what transfer gains. EfficientNet-Lite0, whose "
        "trained weights come with a package, is not in the documents."
    )
    return f"{text}\n\n{table(['study', 'published', 'measured here', 'measured on'], rows)}"


def measured(group: Group) -> list[str]:
    """Give the cells of what was measured: the score, on what, the size for the requirement."""
    size, score = group.largest()
    needed = _NONE
    if group.study.required is not None and group.curve.params is not None:
        found = group.curve.required_size(group.study.required)
        needed = f"{found:,.0f}" if found < float("inf") else "out of reach"
    return [f"{score:.3f}", f"{size:,} of {group.data} ({group.learner})", needed]


def curves(groups: Sequence[Group]) -> str:
    """Give the table of all learning curves with their parameters."""
    rows = []
    for group in groups:
        curve = group.curve
        points = ", ".join(
            f"{n:g}: {s:.3f}" for n, s in zip(curve.sizes, curve.scores, strict=True)
        )
        fitted = [_NONE] * 4 if curve.params is None else [f"{p:.3g}" for p in curve.params]
        seeds = len({result.seed for result in group.results})
        rows.append([group.study.name, group.data, points, str(seeds), *fitted])
    head = ["study", "data", "examples: score", "seeds", "A", "B", "C", "D"]
    return table(head, rows or [[_NONE] * len(head)])


def percent(value: float | None, before: str = "") -> str:
    """Give a stated figure as the documents do, in percent."""
    return _NONE if value is None else f"{before}{100 * value:.4g} %"


def _figures(groups: Sequence[Group]) -> dict[str, tuple[str, Callable[[], Figure]]]:
    """Give the figures there are results for: name, text, and what draws it."""
    found: dict[str, tuple[str, Callable[[], Figure]]] = {}
    if groups:
        named = {f"{g.study.name}\n{g.data[:34]}": g.curve for g in groups}
        text = "The learning curves measured here and their fits"
        found["studies_curves"] = text, partial(figures.curves_figure, named)
    first = {g.study.title: g.of_largest() for g in groups if g.study.document == "A"}
    if first:
        text = "Study A: confusion matrices measured here"
        found["studies_confusion"] = text, partial(figures.confusion_figure, first)
    for group in groups:
        data = _data_of(group) if group.study.name == "cifar10-pretrained" else None
        if data is not None:
            text = "Study A: example predictions of the pretrained extractor"
            draw = partial(figures.examples_figure, group.of_largest(), data)
            found["studies_examples"] = text, draw
    third = [group for group in groups if group.study.document == "C"]
    if third:
        text = "Study C: macro F1 measured here"
        found["studies_comparison"] = text, partial(figures.comparison_figure, _compared(third))
    trained = {g.study.title: g.of_largest() for g in third if "lite0" in g.study.name}
    if trained:
        text = "Study C: training with trained weights, measured here"
        found["studies_training"] = text, partial(figures.training_figure, trained)
    return found


def _compared(groups: Sequence[Group]) -> list[dict]:
    rows = []
    for group in groups:
        regime = REGIME_TITLES[group.study.name.rsplit("-", 1)[1]]
        weights = "random" if "random weights" in group.learner else "ImageNet"
        network = f"{group.study.title.split(',')[0]},\n{weights} weights"
        rows += [
            {"network": network, "regime": regime, "size": size, "f1": mean["f1"]}
            for size, mean in group.means()
        ]
    return rows


def _data_of(group: Group) -> Examples | None:
    """Give the data that stand in, if they are what a group was measured on."""
    study: Study = group.study
    data = study.stand_in.load()
    return data if data.name == group.data else None
