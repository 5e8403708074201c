"""Labelled data sets: a folder in any common format in, images with objects out."""

from __future__ import annotations

from ptssp_sklearn.datasets.dataset import LabelledDataset
from ptssp_sklearn.datasets.opening import open_dataset

__all__ = ["LabelledDataset", "open_dataset"]
