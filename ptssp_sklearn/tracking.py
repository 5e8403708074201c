"""MLflow for pipelines: runs, comparisons, models (``pip install "ptssp_sklearn[mlflow]"``).

The default store is MLflow's: ``sqlite:///mlflow.db`` in the working directory. Any tracking
URI works, by ``tracking_uri=…``, `mlflow.set_tracking_uri` or ``MLFLOW_TRACKING_URI``.
"""

from __future__ import annotations

from ptssp_sklearn.comparison import compare, log_search
from ptssp_sklearn.runs import (
    log_assessment,
    log_bank,
    log_losses,
    log_pipeline,
    track,
)
from ptssp_sklearn.serving.mlflow_model import load_model, log_model

__all__ = [
    "compare",
    "load_model",
    "log_assessment",
    "log_bank",
    "log_losses",
    "log_model",
    "log_pipeline",
    "log_search",
    "track",
]
