"""What a labelled data set holds, in words."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ptssp_sklearn.exceptions import counted

_SHOWN = 20
"""Classes that are listed at most."""


def summary_text(dataset: Any) -> str:
    """Tell what a `LabelledDataset` holds, a line a fact."""
    counts = dataset.object_counts
    images = f"{counted(len(dataset), 'image')} ({dataset.form})"
    splits = Counter(name for names in dataset.splits for name in names)
    if splits:
        images += ": " + ", ".join(f"{n:,} {name}" for name, n in splits.items())
    lines = [f"{dataset.root}", images]
    if dataset.groups is not None:
        lines.append(counted(len(set(dataset.groups)), "group"))
    total = int(counts.sum())
    kind = {"boxes": "boxes", "masks": "masks", "mixed": "boxes and masks"}.get(dataset.kind)
    lines.append(counted(total, "object") + (f", outlined by {kind}" if kind else ""))
    if total:
        lines += _object_lines(dataset)
    return "\n".join([*lines, *(f"Note: {line}" for line in dataset.remarks())])


def _object_lines(dataset: Any) -> list[str]:
    counts = dataset.object_counts
    low, middle, high = np.quantile(counts, [0.05, 0.5, 0.95])
    empty = int((counts == 0).sum())
    lines = [
        f"objects an image: {middle:g} (90%: {low:g} to {high:g}), "
        f"{counted(empty, 'image')} without any"
    ]
    low, middle, high = np.quantile(dataset.relative_areas, [0.05, 0.5, 0.95])
    lines.append(f"area of an object: {middle:.2%} of its image (90%: {low:.2%} to {high:.2%})")
    each = dataset.class_counts
    order = np.argsort(-each, kind="stable")[:_SHOWN]
    named = ", ".join(f"{dataset.class_names[k]} {each[k]:,}" for k in order)
    more = len(each) - len(order)
    lines.append(f"{counted(len(each), 'class')}: {named}" + (f" and {more} more" * (more > 0)))
    return lines
