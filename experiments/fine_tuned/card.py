"""The card of the shipped model: ``docs/model_card.md``."""

from __future__ import annotations

from pathlib import Path

from experiments.fine_tuned.data import Known

_TEXT = """# Model card: `load_pretrained()`

Written by `python -m experiments.detectors train`. Model: detectors.

**What it does.** It predicts the learning curve of a fine-tuned detector, mAP50-95 (or mAP50) of
boxes against the number of training images, as a distribution over the four parameters of a
logistic: for a learner that is named or not, from one to eight labelled images, from measured
points of that learner or another, or from both.

**What it was trained on.**

- The bank `detectors`: {n_published:,} published scores of {n_learners} learners on {n_groups}
  groups of data sets, ordinary fine-tuning (and some training from scratch), without images.
- The bank `photographs`: {n_photographed:,} scores of YOLOv5n, trained on COCO, fine-tuned on
  {n_datasets} data sets of photographs, and features of their labelled images.

**How it works.** The coordinates of a curve are the sum of what the data set, the learner, and
the learner on the data set add: a hierarchy whose spreads are learned by Markov chain Monte
Carlo. Features of the labelled objects tell the score of YOLOv5n at 16 images by a strongly
shrunk ridge regression; they weigh as much as they were worth on data sets left out. Measured
points enter by tempered sequential Monte Carlo. Quantiles are calibrated on data sets left out, by
the number of measured points. See [theory](theory.md).

**How well it does** on data sets left out, with all their learners: [results](results.md).

**What it is not good for.**

- Photographs unlike those of the {n_datasets} data sets: `pipeline.out_of_domain(X)` above 0.95
  says so. Images without labels tell nothing; measure a point.
- Scores of masks: it knows those of YOLOv5n-seg alone; ask for it by name.
- Protocols other than fine-tuning until it is done, such as a few epochs on new images only.
- Data sets of which the test images come from elsewhere than the training images.

**How it is stored.** One safetensors file: tensors and JSON, no pickle, no code.
"""


def write_card(known: Known, path: Path) -> None:
    """Write the card of a model of these points and features."""
    datasets = known.features.index.unique()
    photographed = known.points["group"].isin(datasets)
    path.write_text(
        _TEXT.format(
            n_published=(~photographed).sum(),
            n_learners=known.points["learner"].nunique(),
            n_groups=known.points.loc[~photographed, "group"].nunique(),
            n_photographed=photographed.sum(),
            n_datasets=len(datasets),
        )
    )
