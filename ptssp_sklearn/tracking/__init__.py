"""MLflow for pipelines: runs, comparisons, models (``pip install "ptssp_sklearn[mlflow]"``).

The default store is MLflow's: ``sqlite:///mlflow.db`` in the working directory. Any tracking
URI works, by ``tracking_uri=…``, `mlflow.set_tracking_uri` or ``MLFLOW_TRACKING_URI``.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
