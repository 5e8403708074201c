"""Write the bank of published detectors: points with their sources, and what to mind."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from experiments.fine_tuned.points import ordinary, read_published
from ptssp_sklearn.banks import write_bank

_DESCRIPTION = """Published scores of detectors against the number of training images.

{n_points} scores of {n_learners} learners on {n_groups} groups of data sets, of which
{n_ordinary} are of ordinary fine-tuning (or training from scratch); the others are left out
unless asked for, and the column "excluded" says why. Numbers only: no image and no text of the
sources is here. A group must not be split between training and testing.

Sources, and what to mind:
- GLIP (arXiv:2112.03857): 9 data sets of ODinW x 7 detectors, 1, 3, 5, 10 shots and all images,
  mean of 3 draws at a few shots. A size in shots is k x classes: every class has at least k, so it
  is approximate. The bottom backbone layers were frozen. Some test sets are tiny.
- LibreYOLO's campaign on RF100-VL: 6 detectors x 84 data sets, mAP50-95 and mAP50 at full size,
  one run; numbers of training images estimated to 2 %.
- Roboflow-100: YOLOv5s, YOLOv7 and YOLOv8s, mAP50 at full size, one run. Runs that look failed
  are left out.
- MM-Grounding-DINO's model zoo: scores before any image (size 0) and after fine-tuning; baselines
  quoted there do not say what they were trained on before: taken for ImageNet.
- COCO at parts of its images: YOLOv12 from scratch (15 sizes), baselines of PaddleDetection,
  DE-DETRs, SoftTeacher and Unbiased Teacher (the semi-supervised rows are left out).
- A durian study across farms, few-shot tables (base classes fully labelled), and single reports:
  mostly another question than fine-tuning, and left out where so.
"""


def write_detectors(data: Path, out: Path) -> pd.DataFrame:
    """Write the bank ``detectors``.

    Parameters
    ----------
    data : Path
        The published points; see `read_published`.
    out : Path
        The archive.

    Returns
    -------
    points : DataFrame
    """
    points = read_published(data)
    kept = ordinary(points)
    records = points.groupby("dataset", sort=True)["group"].first().reset_index()
    write_bank(
        out,
        name="detectors",
        learner="published detectors",
        description=_DESCRIPTION.format(
            n_points=f"{len(points):,}",
            n_learners=points["learner"].nunique(),
            n_groups=points["group"].nunique(),
            n_ordinary=f"{len(kept):,}",
        ),
        points=points,
        records=records,
    )
    return points
