"""Pipelines logged and loaded as MLflow models: what the wing serving has of them."""

from __future__ import annotations

from ptssp_sklearn.serving.mlflow_model import load_model as load_model
from ptssp_sklearn.serving.mlflow_model import log_model as log_model
