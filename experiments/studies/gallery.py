"""Which figures the page of the studies has, and what draws each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from matplotlib.figure import Figure

from experiments.studies import figures
from experiments.studies.groups import EARLIER, Group
from experiments.studies.results import Result
from experiments.studies.study import Examples
from experiments.studies.study_c import REGIME_TITLES

Drawn = tuple[str, Callable[[], Figure]]
"""Text of a figure, and what draws it."""

_SHOWN = {"A": "cifar10-pretrained", "C": "garbage-lite0-some"}
"""Study whose example predictions are shown."""


def chosen_figures(groups: Sequence[Group]) -> dict[str, Drawn]:
    """Give the figures there are results for, by the name of their file."""
    found: dict[str, Drawn] = {}
    if groups:
        named = {f"{g.study.name}\n{g.data[:34]}": g.curve for g in groups}
        text = "The learning curves measured here and their fits"
        found["studies_curves"] = text, partial(figures.curves_figure, named)
    for document, wanted in (("A", "cifar10"), ("C", "lite0")):
        own = [g for g in groups if g.study.document == document]
        trained = {g.study.title: g.of_largest() for g in own if wanted in g.study.name}
        if trained:
            found |= _of_trainings(document, trained)
        for group in own:
            data = _data_of(group) if group.study.name == _SHOWN[document] else None
            if data is not None:
                text = f"Study {document}: example predictions, {group.study.title}"
                draw = partial(figures.examples_figure, group.of_largest(), data)
                found[f"studies_{document.lower()}_examples"] = text, draw
        if own:
            text = f"Study {document}: {own[0].study.metric} by training images, measured here"
            draw = partial(figures.comparison_figure, _compared(own), own[0].study.metric)
            found[f"studies_{document.lower()}_comparison"] = text, draw
    return found


def _of_trainings(document: str, trained: dict[str, Result]) -> dict[str, Drawn]:
    """Give the figures of the largest training of each study of a document."""
    name = f"studies_{document.lower()}"
    confusion = partial(figures.confusion_figure, trained)
    training = partial(figures.training_figure, trained)
    return {
        f"{name}_confusion": (f"Study {document}: confusion matrices measured here", confusion),
        f"{name}_training": (f"Study {document}: training, measured here", training),
    }


def _compared(groups: Sequence[Group]) -> list[dict]:
    """Give a row a study and size: panel, colour, size and score."""
    rows = []
    for group in groups:
        title, _, rest = group.study.title.partition(", ")
        regime = REGIME_TITLES.get(group.study.name.rsplit("-", 1)[1], rest)
        regime += f", {EARLIER}" if group.earlier else ""
        random = "random weights" in group.learner or "from scratch" in group.learner
        panel = title if group.study.document == "A" else _panel(title, random)
        rows += [
            {"network": panel, "regime": regime, "size": size, "score": mean[group.study.metric]}
            for size, mean in group.means()
        ]
    return rows


def _panel(network: str, random: bool) -> str:
    return f"{network},\n{'random' if random else 'ImageNet'} weights"


def _data_of(group: Group) -> Examples | None:
    """Give the data that stand in, if they are what a group was measured on."""
    data = group.study.stand_in.load()
    return data if data.name == group.data else None
